/// What an item says, as it comes: of several elements that may give a field, the one that its vocabulary means counts.
struct FeedFields {
  /// What stands beside the item's own elements comes after all of them.
  static let borrowed = 10

  private enum Field { case title, link, guid, published, summary }

  /// Fields by the elements that give them, the surest first.
  private static let names: [String: (field: Field, rank: Int)] = [
    "title": (.title, 0), "link": (.link, 0), "guid": (.guid, 0), "id": (.guid, 1),
    "pubDate": (.published, 0), "published": (.published, 0), "date": (.published, 1), "updated": (.published, 2),
    "description": (.summary, 0), "summary": (.summary, 1), "content": (.summary, 2), "encoded": (.summary, 2),
  ]

  private struct Value {
    var text: String
    var rank: Int
    /// Another text of the same rank: nothing says which one counts.
    var other: (name: String, text: String, line: Int)?
  }

  private var values: [Field: Value] = [:]

  /// - Parameter isOneOfMany: the first one is meant, whatever the others say.
  mutating func add(_ name: String, _ text: String, rank: Int, isOneOfMany: Bool = false, line: Int = 0) {
    guard let (field, ownRank) = Self.names[name] else { return }
    let rank = rank + ownRank
    guard let known = values[field], known.rank <= rank else {
      values[field] = Value(text: text, rank: rank)
      return
    }
    if known.rank == rank, known.text != text, known.other == nil, !isOneOfMany {
      values[field]?.other = (name, text, line)
    }
  }

  func item(source: String?) throws(FeedReader.Failure) -> FeedReader.Item {
    if let doubtful = values.values.filter({ $0.other != nil }).min(by: { $0.other?.line ?? 0 < $1.other?.line ?? 0 }),
      let other = doubtful.other
    {
      throw .twoTexts(of: other.name, doubtful.text, other.text, line: other.line)
    }
    return FeedReader.Item(
      title: values[.title]?.text, link: values[.link]?.text, guid: values[.guid]?.text,
      published: values[.published]?.text, summary: values[.summary]?.text, source: source)
  }
}
