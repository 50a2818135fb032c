internal import Catalog
internal import Fetch
internal import FoundationEssentials
internal import Quality

/// Where the rows that a check refuses come from.
extension BuildRun {
  /// Checks that are looked into, and documents that are named: enough to know where to look.
  private static let limit = 3

  /// Adds to the messages of failed checks where the first refused value stands, or else what was read; to those of texts that
  /// lost letters, too.
  func locate(_ validation: inout Validation) async {
    let urls = fetched.filter { $0.path != nil }.reduce(into: [String]()) {
      if !$0.contains($1.url) { $0.append($1.url) }
    }
    if urls.isEmpty { return }
    let failed = validation.results.indices.filter {
      validation.results[$0].isFailure || validation.results[$0].isOfLostLetters
    }
    for index in failed.prefix(Self.limit) {
      if let told = await place(of: validation.results[index]) {
        validation.results[index].message += "; \(told)"
      } else if urls.count <= Self.limit {
        validation.results[index].message += ", of what was read from \(urls.joined(separator: ", "))"
      }
    }
  }

  /// The first refused value and where the documents have it.
  private func place(of result: CheckResult) async -> String? {
    let names = [result.check.column].compactMap { $0 } + result.check.columns
    for name in names {
      guard let example = result.examples.first,
        let row = try? JSONDecoder().decode([String: Cell].self, from: Data(example.utf8)),
        let value = row[name]?.text, let column = spec.columns.first(where: { $0.name == name })
      else { continue }
      // `request.column`, where it is made of one alone.
      let origin =
        column.sources.count == 1 ? column.sources[0].split(separator: ".", maxSplits: 1).map(String.init) : []
      let places = await ValuePlace.find(
        value, column: origin.count == 2 ? sourceName(origin[1], of: origin[0]) : nil,
        in: fetched.filter { origin.count != 2 || $0.requestName == origin[0] }, of: spec.requests,
        year: partition.dataYear)
      if !places.isEmpty { return "such as '\(value)': " + places.map(\.text).joined(separator: ", and ") }
    }
    return nil
  }

  private func sourceName(_ column: String, of request: String) -> String? {
    guard let declared = spec.requests.first(where: { $0.name == request })?.columns(year: partition.dataYear) else {
      return nil
    }
    let names = declared.possibleNames(column)
    return names.count == 1 ? names[0] : nil
  }

  /// A value as documents write it.
  private struct Cell: Decodable {
    var text: String?

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self.text = text
      } else if let number = try? container.decode(Int64.self) {
        text = String(number)
      } else if let number = try? container.decode(Double.self) {
        text = number.description
      }
    }
  }
}
