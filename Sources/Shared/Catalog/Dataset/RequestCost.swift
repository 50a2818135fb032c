/// What a definition says of a request's answers, so that what a run costs can be reckoned before it is made.
package struct RequestCost: Sendable, Equatable {
  /// Requests that one partition sends, where rows or pages decide how many; an average, where partitions differ.
  package var requestCount: Double?
  /// About what one answer has, in millions of bytes.
  package var megabytes: Double?
  /// Where these figures come from.
  package var origin: String?
  /// Why there is no figure.
  package var unknown: String?
}

/// The whole country, of a dataset that is built for less of it unless told.
package struct WholeCountry: Sendable, Equatable {
  package var regionCount: Int
  /// Where the count comes from.
  package var origin: String
  /// How to ask for it.
  package var ask: String
}

extension RequestCost {
  static func read(_ node: DefinitionNode) -> RequestCost {
    let fields = node.fields(known: ["requests", "megabytes", "origin", "unknown"])
    func number(_ name: String, _ example: String) -> Double? {
      guard let field = fields[name] else { return nil }
      guard let number = field.text.flatMap({ Double($0) }), number > 0, number.isFinite else {
        field.error("\(name) is \(example)")
        return nil
      }
      return number
    }
    let cost = RequestCost(
      requestCount: number("requests", "how many a partition sends, such as 12 or 2.5"),
      megabytes: number("megabytes", "about what an answer has, such as 80 or 0.5"),
      origin: fields["origin"]?.text, unknown: fields["unknown"]?.text)
    if cost.requestCount != nil || cost.megabytes != nil, cost.origin?.isEmpty ?? true {
      node.error("a cost needs its origin: where the figure comes from")
    }
    if cost.megabytes == nil, cost.unknown?.isEmpty ?? true {
      node.error("a cost has megabytes, or unknown: why they are not known")
    }
    return cost
  }
}

extension WholeCountry {
  static func read(_ node: DefinitionNode) -> WholeCountry? {
    let fields = node.fields(known: ["regions", "origin", "ask"])
    guard let count = fields["regions"]?.text.flatMap({ Int($0) }), count > 0, let origin = fields["origin"]?.text,
      let ask = fields["ask"]?.text
    else {
      node.error(
        "country says how many regions it is, the origin of that number, and how to ask for them: regions, origin, ask")
      return nil
    }
    return WholeCountry(regionCount: count, origin: origin, ask: ask)
  }
}
