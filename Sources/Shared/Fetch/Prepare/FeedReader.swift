internal import Base
internal import CLibxml2
internal import FoundationEssentials

/// RSS and Atom through libxml2, whatever their encoding, into one JSON object a line:
/// `title, link, guid, published, summary, source`, and `unreadable` of what could not be read to its end. Texts stay as they came; dates are read in SQL, where they are judged.
package enum FeedReader {
  package enum Failure: Error, Equatable {
    case notWellFormed(line: Int, why: String?)
    /// A name for a text that the document does not have: it is declared elsewhere, or nowhere.
    case unknownEntity(String, line: Int)
    /// Well-formed, but neither RSS nor Atom.
    case notAFeed(root: String)
    /// Its entities unfold to more than a document of its size may.
    case unfoldsTooFar(limit: Int64)
    /// It is in another encoding than it says.
    case misdeclared(String)
    case itemWithinItem(line: Int)
    /// Two that differ where one is due: nothing says which one counts.
    case twoTexts(of: String, String, String, line: Int)

    package var summary: String {
      switch self {
      case .notWellFormed(let line, let why):
        "it is not well-formed XML on line \(line)" + (why.map { ": \($0)" } ?? "")
      case .unknownEntity(let name, let line):
        "line \(line): '&\(name);' stands for a text that is not in the document, and nothing outside of it is read"
      case .unfoldsTooFar(let limit):
        "its entities unfold to more than \(limit.counted("byte")), which no feed of its size does"
      case .misdeclared(let why): why
      case .itemWithinItem(let line): "line \(line): an item within an item"
      case .twoTexts(let name, let first, let second, let line):
        "line \(line): an item has two texts for '\(name)', '\(DelimitedText.Failure.shortened(first))' and '\(DelimitedText.Failure.shortened(second))', and nothing says which one counts"
      case .notAFeed(let root): "it is neither RSS nor Atom, but '\(root)'"
      }
    }
  }

  package struct Item: Codable, Sendable, Equatable {
    package var title: String?
    package var link: String?
    package var guid: String?
    package var published: String?
    package var summary: String?
    package var source: String?
    /// Why the feed could not be read (on), in place of all else.
    package var unreadable: String?

    package init(
      title: String? = nil, link: String? = nil, guid: String? = nil, published: String? = nil, summary: String? = nil,
      source: String? = nil, unreadable: String? = nil
    ) {
      self.title = title
      self.link = link
      self.guid = guid
      self.published = published
      self.summary = summary
      self.source = source
      self.unreadable = unreadable
    }
  }

  /// - Returns: the number of items.
  @discardableResult
  package static func read(_ path: String, _ body: (Item) throws -> Void) throws -> Int {
    guard let reader = XMLText.open(path) else { throw Failure.notWellFormed(line: 0, why: XMLText.lastWords) }
    defer { xmlFreeTextReader(reader) }
    var walk = FeedWalk(reader, mostBytes: ExpansionBudget.limit(ofFile: path))
    var count = 0
    var result = xmlTextReaderRead(reader)
    while result == 1 {
      if let item = try walk.step() {
        try body(item)
        count += 1
      }
      result = xmlTextReaderRead(reader)
    }
    guard result == 0 else {
      throw Failure.notWellFormed(line: Int(xmlTextReaderGetParserLineNumber(reader)), why: XMLText.lastWords)
    }
    return count
  }
}
