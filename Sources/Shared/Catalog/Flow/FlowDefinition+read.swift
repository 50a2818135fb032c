import FoundationEssentials

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

  private static let fieldNames = [
    "name", "title", "datasets", "schedule", "time_zone", "catch_up", "catch_up_days", "overlap", "jitter_minutes",
    "regions", "years",
  ]

  private static func read(_ node: DefinitionNode) -> FlowDefinition? {
    let fields = node.fields(known: fieldNames)
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
    var flow = FlowDefinition(
      name: name, title: fields["title"]?.text ?? "", datasets: datasets, years: years(fields["years"]), line: node.line
    )
    flow.readSchedule(fields)
    if let field = fields["regions"] {
      flow.regions = field.texts
      for region in field.elements where !isRegion(region.text ?? "") {
        region.error("expected a region, or dataset:region for one dataset alone")
      }
    }
    return flow
  }

  private mutating func readSchedule(_ fields: [String: DefinitionNode]) {
    if let field = fields["schedule"], let text = field.text {
      do {
        schedule = try CronSchedule(text)
      } catch {
        field.error("\(error)")
      }
    }
    if let field = fields["time_zone"], let text = field.text {
      timeZone = text
      if !Self.isTimeZone(text) { field.error("'\(text)' is no time zone: an IANA name such as Europe/Berlin is") }
    }
    if let field = fields["catch_up"] { catchUp = Self.choice(field) ?? catchUp }
    if let field = fields["overlap"] { overlap = Self.choice(field) ?? overlap }
    if let field = fields["catch_up_days"], let days = field.int {
      catchUpDays = days
      if !(1...4000).contains(days) { field.error("expected days, 1 to 4000") }
    }
    if let field = fields["jitter_minutes"], let minutes = field.int {
      jitterMinutes = minutes
      if !(0...1440).contains(minutes) { field.error("expected minutes, 0 to 1440") }
    }
    for name in ["time_zone", "catch_up", "catch_up_days", "overlap", "jitter_minutes"] where schedule == nil {
      fields[name]?.error("\(name) is of use only with a schedule")
    }
  }

  private static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ field: DefinitionNode) -> Choice? {
    guard let text = field.text else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    field.error("expected one of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")), not '\(text)'")
    return nil
  }

  private static func years(_ field: DefinitionNode?) -> ClosedRange<Int> {
    guard let field else { return -1 ... -1 }
    let ends = field.elements.compactMap(\.int)
    if ends.count == 2, ends[0] <= ends[1], -200 <= ends[0], ends[1] <= 1 { return ends[0]...ends[1] }
    field.error("expected the first and the last year, counted from the current one, as [-3, -1]")
    return -1 ... -1
  }

  private static func isRegion(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    return (1...2).contains(parts.count)
      && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isNameByte) && $0.utf8.count <= 63 }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    let character = Character(UnicodeScalar(byte))
    return character.isASCII && (character.isLetter || character.isNumber || character == "_" || character == "-")
  }

  /// By the host's own list, where it has one; the database is asked again before it is used.
  private static func isTimeZone(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard text.utf8.count <= 64,
      parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { isNameByte($0) || $0 == UInt8(ascii: "+") } })
    else { return false }
    let list = "/usr/share/zoneinfo"
    guard FileManager.default.fileExists(atPath: list + "/UTC") else { return true }
    var isFolder = false
    return FileManager.default.fileExists(atPath: list + "/" + text, isDirectory: &isFolder) && !isFolder
  }

  private static func isName(_ name: String) -> Bool {
    guard (1...40).contains(name.utf8.count), let first = name.utf8.first else { return false }
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    return letters.contains(first)
      && name.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "-") }
  }
}
