/// The rules that are in force, and what they have to remember.
actor FaultBook {
  private var rules: [FaultRule] = []
  private var nextID = 1
  private var previousAnswers: [String: Response] = [:]

  /// Takes one rule or a list of them; all or none.
  func add(_ value: JSONValue) throws {
    var added: [FaultRule] = []
    for rule in value.arrayValue ?? [value] { added.append(try FaultRule(rule, id: nextID + added.count)) }
    nextID += added.count
    rules += added
  }

  func remove(id: Int?) {
    rules.removeAll { id == nil || $0.id == id }
    if rules.isEmpty { previousAnswers = [:] }
  }

  var report: JSONValue {
    .array(rules.map(\.report))
  }

  /// The faults that strike this request, in the order of their rules.
  func strike(_ request: Request) -> [any Fault] {
    rules.indices.compactMap { index in
      guard rules[index].matches(request), rules[index].strikesNext() else { return nil }
      return rules[index].fault
    }
  }

  /// What the path answered last; remembers `answer` in its place when a rule may want it.
  func exchange(_ answer: Response, for request: Request) -> Response? {
    guard rules.contains(where: { $0.fault is DuplicatePageFault && $0.matches(request) }) else { return nil }
    return previousAnswers.updateValue(answer, forKey: request.path)
  }
}
