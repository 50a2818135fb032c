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

    package var summary: String {
      switch self {
      case .notWellFormed(let line, let why):
        "it is not well-formed XML on line \(line)" + (why.map { ": \($0)" } ?? "")
      case .unknownEntity(let name, let line):
        "line \(line): '&\(name);' stands for a text that is not in the document, and nothing outside of it is read"
      case .unfoldsTooFar(let limit):
        "its entities unfold to more than \(limit.counted("byte")), which no feed of its size does"
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

  /// Prefixes of RSS, Atom and what they borrow from Dublin Core. `media:title` is a picture's, `itunes:summary` a player's.
  private static let prefixes: Set<String> = ["", "atom", "a10", "content", "dc", "dcterms"]

  /// - Returns: the number of items.
  @discardableResult
  package static func read(_ path: String, _ body: (Item) throws -> Void) throws -> Int {
    guard let reader = XMLText.open(path) else { throw Failure.notWellFormed(line: 0, why: XMLText.lastWords) }
    defer { xmlFreeTextReader(reader) }
    let limit = ExpansionBudget.limit(ofFile: path)
    var unfolded: Int64 = 0
    var item: Item?
    var field: String?
    var text = ""
    var feedTitle: String?
    var addresses = FeedAddresses()
    var count = 0
    var result = xmlTextReaderRead(reader)
    while result == 1 {
      let name = XMLText.string(xmlTextReaderConstLocalName(reader)) ?? ""
      let depth = xmlTextReaderDepth(reader)
      switch Int(xmlTextReaderNodeType(reader)) {
      case AKER_XML_ELEMENT:
        addresses.enter(depth: depth, base: XMLText.attribute("xml:base", reader))
        if depth == 0, !["rss", "feed", "RDF"].contains(name) { throw Failure.notAFeed(root: name) }
        if name == "item" || name == "entry" {
          item = Item(source: feedTitle)
        } else if field == nil {
          field = name
          text = ""
          if name == "link", let address = XMLText.attribute("href", reader) {
            let relation = XMLText.attribute("rel", reader) ?? "alternate"
            if item == nil { addresses.found(address, isSelf: relation == "self") }
            if relation == "alternate" { item?.link = addresses.whole(address) }
          }
        }
        if xmlTextReaderIsEmptyElement(reader) == 1, field == name { field = nil }
      case AKER_XML_TEXT, AKER_XML_CDATA, AKER_XML_SPACE:
        guard field != nil, let more = XMLText.string(xmlTextReaderConstValue(reader)) else { break }
        unfolded += Int64(more.utf8.count)
        guard unfolded <= limit else { throw Failure.unfoldsTooFar(limit: limit) }
        text += more
      case AKER_XML_END_ELEMENT:
        if name == "item" || name == "entry", let finished = item {
          try body(finished)
          count += 1
          item = nil
          field = nil
        } else if field == name {
          let value = trimmed(text)
          if !prefixes.contains(XMLText.string(xmlTextReaderConstPrefix(reader)) ?? "") {
            // Not the feed's own.
          } else if item == nil {
            if name == "title", feedTitle == nil { feedTitle = value }
            if name == "link", let value { addresses.found(value) }
          } else {
            set(name, name == "link" ? value.map(addresses.whole) : value, &item)
          }
          field = nil
        } else if name == "channel" {
          field = nil
        }
      default: break
      }
      // What holds other elements is no field.
      if field == "channel" || field == "feed" || field == "rss" || field == "RDF" || field == "image" { field = nil }
      result = xmlTextReaderRead(reader)
    }
    guard result == 0 else {
      throw Failure.notWellFormed(line: Int(xmlTextReaderGetParserLineNumber(reader)), why: XMLText.lastWords)
    }
    return count
  }

  private static func set(_ name: String, _ value: String?, _ item: inout Item?) {
    guard var changed = item else { return }
    switch name {
    case "title": changed.title = value
    case "link": changed.link = value ?? changed.link
    case "guid", "id": changed.guid = value
    case "pubDate", "published", "date": changed.published = value
    case "updated": changed.published = changed.published ?? value
    case "description", "summary": changed.summary = value
    case "content", "encoded": changed.summary = changed.summary ?? value
    default: break
    }
    item = changed
  }

  private static func trimmed(_ text: String) -> String? {
    let start = text.drop { $0.isWhitespace }
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return nil }
    return String(start[...last])
  }
}
