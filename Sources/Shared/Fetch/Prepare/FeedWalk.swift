internal import CLibxml2

/// A way through a feed, node by node: which item it is in, and which of its fields.
struct FeedWalk {
  /// Prefixes of RSS, Atom and what they borrow from Dublin Core. `media:title` is a picture's, `itunes:summary` a player's.
  private static let prefixes: Set<String> = ["", "atom", "a10", "content", "dc", "dcterms"]
  /// What holds other elements is no field.
  private static let holders: Set<String> = ["channel", "feed", "rss", "RDF", "image"]

  private let reader: OpaquePointer
  private let mostBytes: Int64
  private var unfolded: Int64 = 0
  private var item: FeedReader.Item?
  private var field: String?
  private var text = ""
  private var feedTitle: String?
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
    let name = XMLText.string(xmlTextReaderConstLocalName(reader)) ?? ""
    var finished: FeedReader.Item?
    switch Int(xmlTextReaderNodeType(reader)) {
    case AKER_XML_ELEMENT: try begin(name)
    case AKER_XML_TEXT, AKER_XML_CDATA, AKER_XML_SPACE: try addText()
    case AKER_XML_END_ELEMENT: finished = end(name)
    default: break
    }
    if let field, Self.holders.contains(field) { self.field = nil }
    return finished
  }

  private mutating func begin(_ name: String) throws(FeedReader.Failure) {
    let depth = xmlTextReaderDepth(reader)
    addresses.enter(depth: depth, base: XMLText.attribute("xml:base", reader))
    if depth == 0, !["rss", "feed", "RDF"].contains(name) { throw .notAFeed(root: name) }
    if name == "item" || name == "entry" {
      item = FeedReader.Item(source: feedTitle)
    } else if field == nil {
      field = name
      text = ""
      if name == "link", let address = XMLText.attribute("href", reader) { take(link: address) }
    }
    if xmlTextReaderIsEmptyElement(reader) == 1, field == name { field = nil }
  }

  /// Of Atom, which has addresses in attributes.
  private mutating func take(link address: String) {
    let relation = XMLText.attribute("rel", reader) ?? "alternate"
    if item == nil { addresses.found(address, isSelf: relation == "self") }
    if relation == "alternate" { item?.link = addresses.whole(address) }
  }

  private mutating func addText() throws(FeedReader.Failure) {
    guard field != nil, let more = XMLText.string(xmlTextReaderConstValue(reader)) else { return }
    unfolded += Int64(more.utf8.count)
    guard unfolded <= mostBytes else { throw .unfoldsTooFar(limit: mostBytes) }
    text += more
  }

  private mutating func end(_ name: String) -> FeedReader.Item? {
    if name == "item" || name == "entry", let finished = item {
      item = nil
      field = nil
      return finished
    }
    if field == name {
      endField(name, Self.trimmed(text))
      field = nil
    } else if name == "channel" {
      field = nil
    }
    return nil
  }

  private mutating func endField(_ name: String, _ value: String?) {
    guard Self.prefixes.contains(XMLText.string(xmlTextReaderConstPrefix(reader)) ?? "") else { return }
    if item == nil {
      if name == "title", feedTitle == nil { feedTitle = value }
      if name == "link", let value { addresses.found(value) }
    } else {
      set(name, name == "link" ? value.map(addresses.whole) : value)
    }
  }

  private mutating func set(_ name: String, _ value: String?) {
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
