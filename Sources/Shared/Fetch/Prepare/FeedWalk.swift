internal import CLibxml2

/// A way through a feed, node by node: which item it is in, and which of its fields.
///
/// A field is an element directly within an item, or within the feed, whatever prefix its vocabulary has there; what stands
/// deeper is its text.
struct FeedWalk {
  private let reader: OpaquePointer
  private let mostBytes: Int64
  private var unfolded: Int64 = 0
  private var item: (fields: FeedFields, depth: Int32, vocabulary: FeedVocabulary)?
  private var field: (name: String, depth: Int32)?
  private var text = ""
  private var feedTitle: String?
  /// How deep the channel, or Atom's feed, stands.
  private var channelDepth: Int32?
  /// What its elements' names belong to.
  private var own: String?
  private var addresses = FeedAddresses()

  /// - Parameter mostBytes: of texts, once entities are unfolded.
  init(_ reader: OpaquePointer, mostBytes: Int64) {
    self.reader = reader
    self.mostBytes = mostBytes
  }

  /// Takes the node that the reader is at.
  ///
  /// - Returns: the item that ends with it.
  mutating func step() throws(FeedReader.Failure) -> FeedReader.Item? {
    switch Int(xmlTextReaderNodeType(reader)) {
    case AKER_XML_ELEMENT: try begin()
    case AKER_XML_TEXT, AKER_XML_CDATA, AKER_XML_SPACE: try addText()
    case AKER_XML_END_ELEMENT: return try end()
    default: break
    }
    return nil
  }

  private var line: Int { Int(xmlGetLineNo(xmlTextReaderCurrentNode(reader))) }

  private mutating func begin() throws(FeedReader.Failure) {
    let depth = xmlTextReaderDepth(reader)
    if depth == 0 || depth == 1 && XMLText.string(xmlTextReaderConstLocalName(reader)) == "channel" {
      own = XMLText.string(xmlTextReaderConstNamespaceUri(reader))
    }
    let (name, vocabulary) = FeedVocabulary.name(reader, own: own)
    addresses.enter(depth: depth, base: XMLText.attribute("xml:base", reader))
    if depth == 0, !["rss", "feed", "RDF"].contains(name) { throw .notAFeed(root: name) }
    if (name == "item" || name == "entry"), vocabulary.isOfFeeds, item == nil || field == nil {
      guard item == nil else { throw .itemWithinItem(line: line) }
      field = nil
      // One that is empty has nothing to say.
      if xmlTextReaderIsEmptyElement(reader) == 0 { item = (FeedFields(), depth, vocabulary) }
    } else if field != nil {
      divide(name)
    } else if item == nil, name == "channel" || depth == 0 && name == "feed" {
      channelDepth = depth
    } else if depth == (item?.depth ?? channelDepth).map({ $0 + 1 }) {
      if name == "link", let address = XMLText.attribute("href", reader) { take(link: address, vocabulary) }
      text = ""
      field = xmlTextReaderIsEmptyElement(reader) == 1 ? nil : (name, depth)
    }
  }

  /// Elements that stand within a line of text: their ends divide no words.
  private static let inline: Set<String> = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd",
    "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var",
    "wbr",
  ]

  private mutating func divide(_ name: String) {
    if !Self.inline.contains(name), let last = text.last, !last.isWhitespace { text += " " }
  }

  /// Of Atom, which has addresses in attributes.
  private mutating func take(link address: String, _ vocabulary: FeedVocabulary) {
    let relation = XMLText.attribute("rel", reader) ?? "alternate"
    if item == nil { addresses.found(address, isSelf: relation == "self") }
    guard relation == "alternate" else { return }
    // An entry may have one for each language and kind: the first is meant.
    let rank = vocabulary == item?.vocabulary ? 0 : FeedFields.borrowed
    item?.fields.add("link", addresses.whole(address), rank: rank, isOneOfMany: true)
  }

  private mutating func addText() throws(FeedReader.Failure) {
    guard field != nil, let more = XMLText.string(xmlTextReaderConstValue(reader)) else { return }
    unfolded += Int64(more.utf8.count)
    guard unfolded <= mostBytes else { throw .unfoldsTooFar(limit: mostBytes) }
    text += FeedText.withoutWindowsControls(more)
  }

  private mutating func end() throws(FeedReader.Failure) -> FeedReader.Item? {
    let depth = xmlTextReaderDepth(reader)
    if let found = item, depth == found.depth {
      item = nil
      field = nil
      return try found.fields.item(source: feedTitle)
    }
    if let field {
      if depth == field.depth {
        endField(field.name, Self.trimmed(text))
        self.field = nil
      } else {
        divide(XMLText.string(xmlTextReaderConstLocalName(reader)) ?? "")
      }
    } else if depth == channelDepth {
      channelDepth = nil
    }
    return nil
  }

  private mutating func endField(_ name: String, _ value: String?) {
    let vocabulary = FeedVocabulary.name(reader, own: own).vocabulary
    guard vocabulary != .other, let value else { return }
    if let item {
      let rank = vocabulary == item.vocabulary ? 0 : FeedFields.borrowed
      let whole = name == "link" ? addresses.whole(value) : value
      let line = line
      self.item?.fields.add(name, whole, rank: rank, line: line)
    } else {
      if name == "title", feedTitle == nil { feedTitle = value }
      if name == "link" { addresses.found(value) }
    }
  }

  private static func trimmed(_ text: String) -> String? {
    let start = text.drop { $0.isWhitespace }
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return nil }
    return String(start[...last])
  }
}
