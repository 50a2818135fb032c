extension DatasetCheck {
  private static let argumentNames = [
    "column", "columns", "column_list", "column_A", "column_B", "min_value", "max_value", "value", "value_set", "regex",
    "mostly", "within", "dataset", "other_column", "days", "extent", "severity",
    "exceptions", "or_equal", "where", "years",
  ]

  /// `- expect_column_values_to_not_be_null: {column: geo_id, mostly: 0.95, severity: warn}`
  static func read(_ node: DefinitionNode, columns: [DatasetColumn]) -> DatasetCheck? {
    guard node.entries.count == 1, let (nameText, value) = node.entries.first else {
      node.error("expected a check and its arguments: - expect_...: {column: ...}")
      return nil
    }
    guard let name = CheckName(rawValue: nameText) else {
      value.error("there is no check '\(nameText)'\(DatasetSpec.near(nameText, CheckName.allCases.map(\.rawValue)))")
      return nil
    }
    var check = DatasetCheck(name: name, line: value.line)
    let fields = value.isMapping ? value.fields(known: argumentNames) : [:]
    check.readColumns(fields, declared: columns.map(\.name))
    check.readBounds(fields)
    check.readForeignKey(fields, declared: columns.map(\.name))
    check.readReach(fields)
    if let missing = check.missingArgument(columns) {
      value.error("\(nameText) needs \(missing)")
      return nil
    }
    return check
  }

  /// What the check is about.
  private mutating func readColumns(_ fields: [String: DefinitionNode], declared: [String]) {
    func known(_ node: DefinitionNode) -> String? {
      guard let column = node.text else { return nil }
      node.requireDeclared(column, declared)
      return column
    }
    column = fields["column"].flatMap(known)
    columns = (fields["columns"] ?? fields["column_list"])?.elements.compactMap(known) ?? []
    if let first = fields["column_A"].flatMap(known), let second = fields["column_B"].flatMap(known) {
      columns = [first, second]
    }
    orEqual = fields["or_equal"]?.bool ?? false
  }

  /// What is expected of it.
  private mutating func readBounds(_ fields: [String: DefinitionNode]) {
    minimum = (fields["min_value"] ?? fields["value"])?.double
    maximum = (fields["max_value"] ?? fields["value"] ?? fields["days"])?.double
    values = fields["value_set"]?.texts ?? []
    regex = fields["regex"]?.text
    within = fields["within"]?.double
    extent = fields["extent"]?.elements.compactMap(\.double) ?? []
  }

  private mutating func readForeignKey(_ fields: [String: DefinitionNode], declared: [String]) {
    dataset = fields["dataset"]?.text
    otherColumn = fields["other_column"]?.text
    exceptions = fields["exceptions"]?.texts ?? []
    for pattern in fields["exceptions"]?.elements ?? [] where pattern.text.map({ (try? Regex($0)) == nil }) ?? true {
      pattern.error("'\(pattern.text ?? "")' is not a regular expression")
    }
    guard let condition = fields["where"] else { return }
    if name == .foreignKey, let (column, value) = condition.entries.first, let text = value.text {
      condition.requireDeclared(column, declared)
      rows = Condition(column: column, value: text)
    } else {
      condition.error("where is for \(CheckName.foreignKey.rawValue): {column: value}")
    }
  }

  /// How much of it must hold, in which years, and how grave it is.
  private mutating func readReach(_ fields: [String: DefinitionNode]) {
    if let years = fields["years"] {
      self.years = years.text.flatMap(YearRange.init)
      if self.years == nil { years.error("expected years as 2009- or 2009-2020") }
    }
    if let mostly = fields["mostly"], let share = mostly.double {
      if (0...1).contains(share) { self.mostly = share } else { mostly.error("mostly is a share, 0 to 1") }
    }
    if let severity = fields["severity"] {
      if let known = severity.text.flatMap(Severity.init) {
        self.severity = known
      } else {
        severity.error("severity is warn or fail")
      }
    }
  }

  private func missingArgument(_ declared: [DatasetColumn]) -> String? {
    if name.needsColumn && column == nil { return "column" }
    let type = column.flatMap { column in declared.first { $0.name == column }?.type }
    switch name {
    case .between, .meanBetween, .medianBetween, .sumBetween:
      if minimum == nil && maximum == nil { return "min_value or max_value" }
      if let type, !type.isNumber { return "a column of numbers; \(column ?? "") is \(type)" }
    case .rowCountBetween, .lengthBetween, .minBetween, .maxBetween, .distinctCount, .nullShareBetween:
      if minimum == nil && maximum == nil { return "min_value or max_value" }
    case .rowCountEqual where minimum == nil: return "value"
    case .inSet, .notInSet, .distinctInSet, .distinctContain, .distinctEqual:
      if values.isEmpty { return "value_set" }
    case .matchRegex, .notMatchRegex: if regex == nil { return "regex" }
    case .compoundUnique: if columns.count < 2 { return "column_list with two columns or more" }
    case .pairAGreater: if columns.count != 2 { return "column_A and column_B" }
    case .rowCountPreviousYear, .rowCountPreviousVintage, .nullSharePreviousVintage:
      if within == nil { return "within, a share such as 0.2" }
    case .levelPrevious:
      if within == nil || within ?? 0 <= 1 {
        return "within, how many times as much or as little it may be, such as 20"
      }
      if let type, !type.isNumber { return "a column of numbers; \(column ?? "") is \(type)" }
    case .foreignKey: if dataset == nil || otherColumn == nil { return "dataset and other_column" }
    case .fresh: if maximum == nil { return "days" }
    case .geometryValid, .geometryExtent:
      if !extent.isEmpty && extent.count != 4 { return "extent as [west, south, east, north]" }
      if let type, type != .geometry { return "a column of type geometry; \(column ?? "") is \(type)" }
    default: break
    }
    return nil
  }
}

extension DefinitionNode {
  fileprivate func requireDeclared(_ column: String, _ declared: [String]) {
    if !declared.contains(column) {
      error("column '\(column)' is not declared\(DatasetSpec.near(column, declared))")
    }
  }
}
