import NIOHTTP1

/// Which requests a fault strikes.
struct FaultRule: Sendable {
  let id: Int
  /// As it was given.
  private let text: JSONValue
  private let pathPrefix: String
  private let queryPart: String?
  private let method: String?
  private let skip: Int
  private let count: Int?
  private let probability: Double
  private var random: SplitMix64
  private(set) var matched = 0
  private(set) var struck = 0
  let fault: any Fault

  init(_ value: JSONValue, id: Int) throws {
    self.id = id
    text = value
    var parameters = try FaultParameters(value)
    pathPrefix = try parameters.text("path") ?? "/"
    queryPart = try parameters.text("query")
    method = try parameters.text("method")
    skip = try parameters.integer("skip") ?? 0
    count = try parameters.integer("count")
    probability = try parameters.number("probability", in: 0...1) ?? 1
    random = SplitMix64(seed: UInt64(try parameters.integer("seed") ?? 0))
    let name = try parameters.text("fault")
    guard let type = Faults.all.first(where: { $0.name == name }) else {
      throw FaultError("fault must be one of \(Faults.all.map { $0.name }.joined(separator: ", "))")
    }
    fault = try type.init(&parameters)
    try parameters.finish()
  }

  func matches(_ request: Request) -> Bool {
    request.path.hasPrefix(pathPrefix)
      && (queryPart.map { Query.decode(request.rawQuery.utf8).contains($0) } ?? true)
      && (method.map { $0 == request.method.rawValue } ?? true)
  }

  /// Counts a request that matches, and tells whether it is struck.
  mutating func strikesNext() -> Bool {
    matched += 1
    guard matched > skip, struck < count ?? .max else { return false }
    if probability < 1, Double.random(in: 0..<1, using: &random) >= probability { return false }
    struck += 1
    return true
  }

  var report: JSONValue {
    ["id": .integer(id), "matched": .integer(matched), "struck": .integer(struck), "rule": text]
  }
}
