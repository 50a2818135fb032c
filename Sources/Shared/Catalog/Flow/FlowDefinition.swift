/// A named group of datasets that one command refreshes, from `catalog/flows.yml`.
package struct FlowDefinition: Sendable, Equatable {
  /// As people type it: `refresh-market-data`.
  package var name: String
  package var title: String
  package var datasets: [String]
  /// When it is due, in UTC; nil for a flow that is only run by hand.
  package var schedule: CronSchedule?
  /// Which years it refreshes unless told, counted from the current one: `-3 ... -1` is the three years before this one.
  package var years: ClosedRange<Int>
  /// Where it stands in flows.yml.
  package var line: Int

  /// The years it refreshes unless told.
  ///
  /// - Parameter currentYear: the database's.
  package func defaultYears(currentYear: Int) -> [Int] {
    years.map { currentYear + $0 }
  }
}

extension FlowDefinition {
  /// Reads `flows.yml`; mistakes are returned with their lines, and a flow with one is left out.
  package static func read(_ text: String, file: String) -> (flows: [FlowDefinition], problems: [DefinitionProblem]) {
    let reader = DefinitionReader(file: file)
    var flows: [FlowDefinition] = []
    for node in reader.root(text)?.fields(known: ["flows"])["flows"]?.elements ?? [] {
      guard let flow = read(node) else { continue }
      if flows.contains(where: { $0.name == flow.name }) { node.error("flow '\(flow.name)' is there twice") }
      flows.append(flow)
    }
    return (flows, reader.problems)
  }

  private static func read(_ node: DefinitionNode) -> FlowDefinition? {
    let fields = node.fields(known: ["name", "title", "datasets", "schedule", "years"])
    guard let name = fields["name"]?.text else {
      if fields["name"] == nil { node.error("a flow needs a name") }
      return nil
    }
    guard isName(name) else {
      fields["name"]?.error("'\(name)' is not usable as a flow's name: a-z, then a-z, 0-9 and '-', at most 40")
      return nil
    }
    let datasets = fields["datasets"]?.elements.compactMap { DatasetSpec.identifier($0) } ?? []
    if datasets.isEmpty { node.error("flow '\(name)' needs datasets") }
    var schedule: CronSchedule?
    if let field = fields["schedule"], let text = field.text {
      do {
        schedule = try CronSchedule(text)
      } catch {
        field.error("\(error)")
      }
    }
    var years = -1 ... -1
    if let field = fields["years"] {
      let ends = field.elements.compactMap(\.int)
      if ends.count == 2, ends[0] <= ends[1], -200 <= ends[0], ends[1] <= 1 {
        years = ends[0]...ends[1]
      } else {
        field.error("expected the first and the last year, counted from the current one, as [-3, -1]")
      }
    }
    return FlowDefinition(
      name: name, title: fields["title"]?.text ?? "", datasets: datasets, schedule: schedule, years: years,
      line: node.line)
  }

  private static func isName(_ name: String) -> Bool {
    guard (1...40).contains(name.utf8.count), let first = name.utf8.first else { return false }
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    return letters.contains(first)
      && name.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "-") }
  }
}
