internal import CLibxml2

/// What an element's name belongs to, by the address that its prefix stands for.
enum FeedVocabulary: Equatable {
  /// RSS, of any version: most have no address at all.
  case rss
  case atom
  /// Dublin Core, and RSS's module of contents.
  case borrowed
  /// `media:title` is a picture's, `itunes:summary` a player's.
  case other

  var isOfFeeds: Bool { self == .rss || self == .atom }

  private static let known: [String: FeedVocabulary] = [
    "": .rss, "http://purl.org/rss/1.0/": .rss, "http://my.netscape.com/rdf/simple/0.9/": .rss,
    "http://channel.netscape.com/rdf/simple/0.9/": .rss, "http://backend.userland.com/rss2": .rss,
    "http://www.w3.org/2005/Atom": .atom, "http://purl.org/atom/ns#": .atom,
    "http://purl.org/dc/elements/1.1/": .borrowed, "http://purl.org/dc/terms/": .borrowed,
    "http://purl.org/rss/1.0/modules/content/": .borrowed,
  ]
  /// Prefixes that feeds use without saying what they stand for.
  private static let usual: [Substring: FeedVocabulary] = [
    "atom": .atom, "a10": .atom, "content": .borrowed, "dc": .borrowed, "dcterms": .borrowed,
  ]

  /// Of the element that the reader stands at.
  /// - Parameter own: the address of the feed's own elements, which may be anything.
  static func name(_ reader: OpaquePointer, own: String?) -> (name: String, vocabulary: FeedVocabulary) {
    let name = XMLText.string(xmlTextReaderConstLocalName(reader)) ?? ""
    if let address = XMLText.string(xmlTextReaderConstNamespaceUri(reader)) {
      return (name, known[address] ?? (address == own ? .rss : .other))
    }
    guard let colon = name.firstIndex(of: ":") else { return (name, .rss) }
    return (String(name[name.index(after: colon)...]), usual[name[..<colon]] ?? .other)
  }
}
