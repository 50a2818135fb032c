package import Catalog
internal import Base

/// What a partition is compared with.
package struct CheckContext: Sendable {
  /// Rows of the same dataset, region and vintage for the year before, as published.
  package var previousYearRowCount: Int?
  package var previousVintageRowCount: Int?
  /// Nulls per column of the vintage before.
  package var previousVintageNulls: [String: Int]?
  /// What each column's level is compared with: the vintage before of the same partition, else the year before.
  package var before: Before?
  /// Age of the oldest input, in days; nil where nothing was fetched.
  package var oldestInputDays: Double?

  package init() {}

  package struct Before: Sendable {
    /// `vintage` or `year`.
    package var what: String
    package var rowCount: Int
    package var profile: Profile

    package init(what: String, rowCount: Int, profile: Profile) {
      self.what = what
      self.rowCount = rowCount
      self.profile = profile
    }
  }
}

/// Judges the figures of one pass over a partition.
package struct CheckEvaluation: Sendable {
  private let figures: [String: Double?]
  private let spec: DatasetSpec
  private let query: CheckQuery
  private let context: CheckContext

  package let rowCount: Int
  package let nullCounts: [String: Int]
  /// Means of the columns of numbers, whatever their sign.
  package let levels: [String: Double]

  package init(_ figures: [String: Double?], spec: DatasetSpec, query: CheckQuery, context: CheckContext) {
    self.figures = figures
    self.spec = spec
    self.query = query
    self.context = context
    rowCount = Int((figures["rows"] ?? 0) ?? 0)
    nullCounts = Dictionary(
      uniqueKeysWithValues: spec.columns.enumerated().map { ($1.name, Int((figures["n\($0)"] ?? 0) ?? 0)) })
    levels = Dictionary(
      uniqueKeysWithValues: spec.columns.enumerated().compactMap { index, column in
        (figures["m\(index)"] ?? nil).map { (column.name, $0) }
      })
  }

  package var results: [CheckResult] {
    query.checks.indices.map { result($0) } + impliedRows + impliedLevels + lostLetters
  }

  package var profile: Profile { Profile(nulls: nullCounts, levels: levels) }

  /// The usual bound: a figure in thousands is far beyond, and a crisis within.
  private static let usualFactor = 5.0
  /// A mean of fewer values says nothing.
  private static let leastValueCount = 3

  /// Of the columns that no check says it of: those alone that are not as they were.
  private var impliedLevels: [CheckResult] {
    let declared = Set(spec.checks.filter { $0.name == .levelPrevious }.compactMap(\.column))
    return spec.columns.filter { query.hasLevel($0) && !declared.contains($0.name) }.compactMap { column in
      var check = DatasetCheck(name: .levelPrevious, column: column.name, line: 0)
      check.severity = .warn
      let result = level(check)
      return result.success ? nil : result
    }
  }

  /// Fewer than so much less than before is no finding.
  private static let usualLoss = (vintage: 0.2, year: 0.5)

  /// Texts with U+FFFD, which the source has in the place of letters that somebody before it could not read: its own text, and
  /// surely not what was meant.
  private var lostLetters: [CheckResult] {
    spec.columns.enumerated().compactMap { index, column in
      guard column.type == .text, let found = figures["l\(index)"] ?? nil, found > 0 else { return nil }
      var check = DatasetCheck(name: .notMatchRegex, column: column.name, line: 0)
      check.regex = CheckQuery.lostLetter
      check.severity = .warn
      let count = rowCount - (nullCounts[column.name] ?? 0)
      var result = outcome(
        check, false, observed: nil,
        "\(Int(found)) of \(count.counted("value")) \(Int(found) == 1 ? "has" : "have") U+FFFD in the place of letters, as the source sent it"
      )
      result.elementCount = count
      result.unexpectedCount = Int(found)
      return result
    }
  }

  /// Rows that are gone, where no check says it: a vintage adds to the one before, and a year that is over has about as
  /// many as the one before.
  private var impliedRows: [CheckResult] {
    func fewer(_ name: CheckName, than previous: Int?, by loss: Double) -> CheckResult? {
      guard let previous, previous >= Self.leastValueCount, Double(rowCount) < Double(previous) * (1 - loss),
        !spec.checks.contains(where: { $0.name == name })
      else { return nil }
      var check = DatasetCheck(name: name, line: 0)
      check.within = loss
      check.severity = .warn
      return comparison(check)
    }
    return [
      fewer(.rowCountPreviousVintage, than: context.previousVintageRowCount, by: Self.usualLoss.vintage)
        ?? fewer(.rowCountPreviousYear, than: context.previousYearRowCount, by: Self.usualLoss.year)
    ].compactMap { $0 }
  }

  private func level(_ check: DatasetCheck) -> CheckResult {
    let column = check.column ?? ""
    guard let before = context.before, let then = before.profile.levels[column], then > 0,
      before.rowCount - (before.profile.nulls[column] ?? 0) >= Self.leastValueCount
    else { return outcome(check, true, observed: levels[column], "there is nothing before to compare with") }
    guard let now = levels[column] else {
      return outcome(
        check, false, observed: nil,
        "there is no value, and the mean of the \(before.what) before was \(Self.text(then))")
    }
    let valueCount = rowCount - (nullCounts[column] ?? 0)
    let factor = check.within ?? Self.usualFactor
    return outcome(
      check, valueCount < Self.leastValueCount || now <= then * factor && now >= then / factor, observed: now,
      "the mean is \(Self.text(now)), and was \(Self.text(then)) in the \(before.what) before")
  }

  private func result(_ index: Int) -> CheckResult {
    let check = query.checks[index]
    if let dataset = check.dataset, query.absentDatasets.contains(dataset) {
      return notCompared(check, "\(dataset) has not published this year: nothing to compare with")
    }
    let unexpected = (figures["u\(index)"] ?? nil).map { Int($0) }
    let observed = figures["o\(index)"] ?? nil
    switch check.name.kind {
    case .values, .rows: return share(check, unexpected: unexpected ?? 0)
    case .figure: return figure(check, unexpected: unexpected, observed: observed)
    case .comparison: return comparison(check)
    case .context:
      guard let age = context.oldestInputDays else { return notCompared(check, "no input is dated") }
      return outcome(
        check, age <= check.maximum ?? .infinity, observed: age, "the oldest input is \(Self.text(age)) days old")
    }
  }

  private func share(_ check: DatasetCheck, unexpected: Int) -> CheckResult {
    let nulls = check.column.flatMap { nullCounts[$0] } ?? 0
    // Null checks count all rows; the others, the values that are there.
    let isAboutNulls = check.name == .notNull || check.name == .null
    let elements = check.column == nil || isAboutNulls ? rowCount : rowCount - nulls
    let allowed = (1 - check.mostly) * Double(elements)
    // The share is compared with a tolerance for the rounding of 1 - 0.95.
    var result = outcome(
      check, Double(unexpected) <= allowed + 1e-9 * Double(elements), observed: nil,
      "\(unexpected) of \(elements) \(check.column == nil ? "rows" : "values") are not as expected")
    result.elementCount = elements
    result.unexpectedCount = unexpected
    return result
  }

  private func figure(_ check: DatasetCheck, unexpected: Int?, observed: Double?) -> CheckResult {
    switch check.name {
    case .rowCountBetween: return between(check, Double(rowCount), "rows")
    case .rowCountEqual:
      return outcome(check, Double(rowCount) == check.minimum, observed: Double(rowCount), rowCount.counted("row"))
    case .nullShareBetween:
      let nulls = check.column.flatMap { nullCounts[$0] } ?? 0
      let share = rowCount == 0 ? 0 : 1 - Double(nulls) / Double(rowCount)
      return between(check, share, "of the values are not null")
    case .distinctInSet:
      var result = outcome(
        check, unexpected == 0, observed: nil,
        "\((unexpected ?? 0).counted("distinct value")) \(unexpected == 1 ? "is" : "are") not in the set")
      result.unexpectedCount = unexpected
      return result
    case .distinctContain:
      let missing = Set(check.values).count - Int(observed ?? 0)
      return outcome(
        check, missing == 0, observed: observed,
        "\(missing.counted("value")) of the set \(missing == 1 ? "does" : "do") not occur")
    case .distinctEqual:
      let isEqual = observed == Double(Set(check.values).count)
      return outcome(check, isEqual, observed: observed, Int(observed ?? 0).counted("distinct value"))
    default:
      guard let observed else { return outcome(check, false, observed: nil, "there is no value to judge") }
      return between(check, observed, "observed")
    }
  }

  private func comparison(_ check: DatasetCheck) -> CheckResult {
    let within = check.within ?? 0
    switch check.name {
    case .levelPrevious: return level(check)
    case .nullSharePreviousVintage:
      guard let column = check.column, let nulls = context.previousVintageNulls?[column],
        let rows = context.previousVintageRowCount, rows > 0, rowCount > 0
      else { return notCompared(check, "there is no vintage before to compare with") }
      let before = Double(nulls) / Double(rows)
      let now = Double(nullCounts[column] ?? 0) / Double(rowCount)
      return outcome(
        check, abs(now - before) <= within, observed: now,
        "the share of nulls is \(Self.text(now)), and was \(Self.text(before))")
    default:
      let isYear = check.name == .rowCountPreviousYear
      let previous = isYear ? context.previousYearRowCount : context.previousVintageRowCount
      guard let previous, previous > 0 else {
        return notCompared(check, "there is no \(isYear ? "year" : "vintage") before to compare with")
      }
      let change = (Double(rowCount) - Double(previous)) / Double(previous)
      return outcome(
        check, abs(change) <= within, observed: Double(rowCount),
        "\(rowCount.counted("row")), \(Self.text(100 * change)) % from the \(previous) of the \(isYear ? "year" : "vintage") before"
      )
    }
  }

  private func between(_ check: DatasetCheck, _ value: Double, _ unit: String) -> CheckResult {
    let isAbove = check.minimum.map { value >= $0 } ?? true
    let isBelow = check.maximum.map { value <= $0 } ?? true
    return outcome(check, isAbove && isBelow, observed: value, "\(Self.text(value)) \(unit)")
  }

  /// It stands in nobody's way, and nobody is to take it for a check that was passed.
  private func notCompared(_ check: DatasetCheck, _ reason: String) -> CheckResult {
    var result = outcome(check, true, observed: nil, reason)
    result.isCompared = false
    return result
  }

  private func outcome(_ check: DatasetCheck, _ success: Bool, observed: Double?, _ message: String) -> CheckResult {
    CheckResult(check: check, success: success, observed: observed, message: message)
  }

  static func text(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e15 { return String(Int(value)) }
    return String((value * 10_000).rounded() / 10_000)
  }
}
