package import Catalog
internal import Engine

/// All checks of a dataset as one statement over its Parquet file.
package struct CheckQuery: Sendable {
  package let checks: [DatasetCheck]
  private let columns: [DatasetColumn]
  private let key: [String]
  private let table: String
  /// Datasets that checks compare with, and that have not published the year.
  let absentDatasets: Set<String>

  /// The declared checks, after those that the key stands for.
  /// - Parameter absentDatasets: those that are not readable, whose checks are not made.
  package init(_ spec: DatasetSpec, file: String, absentDatasets: Set<String> = []) {
    self.init(
      spec, table: "read_parquet(\(SQL.literal(file)), hive_partitioning = false)", absentDatasets: absentDatasets)
  }

  /// Over anything that has the columns.
  package init(_ spec: DatasetSpec, table: String, absentDatasets: Set<String> = []) {
    self.absentDatasets = absentDatasets
    columns = spec.columns
    key = spec.key
    checks = Self.implied(by: spec) + spec.checks
    self.table = table
  }

  /// A key is never null and never twice, whether the checks say so or not.
  private static func implied(by spec: DatasetSpec) -> [DatasetCheck] {
    var implied: [DatasetCheck] = spec.key.map { DatasetCheck(name: .notNull, column: $0, line: 0) }
    if spec.key.count == 1 {
      implied.append(DatasetCheck(name: .unique, column: spec.key[0], line: 0))
    } else if spec.key.count > 1 {
      var check = DatasetCheck(name: .compoundUnique, line: 0)
      check.columns = spec.key
      implied.append(check)
    }
    return implied.filter { implied in
      !spec.checks.contains {
        $0.name == implied.name && $0.column == implied.column && $0.columns == implied.columns
          && $0.severity == .fail && $0.mostly == implied.mostly
      }
    }
  }

  /// Whether a column has a level that vintages may be compared by: numbers that are no part of a name.
  func hasLevel(_ column: DatasetColumn) -> Bool { column.type.isNumber && !key.contains(column.name) }

  /// What stands for letters that were lost before a source wrote its document.
  static let lostLetter = "\u{FFFD}"

  /// Prints one row: `rows`, `n0…` (nulls per column), `m0…` (means of absolute values), `l0…` (texts that lost letters), and per check `u<i>` (unexpected), `o<i>` (observed).
  package var sql: String {
    var figures = ["count(*) AS rows"]
    for (index, column) in columns.enumerated() {
      figures.append("count(*) - count(\(SQL.identifier(column.name))) AS n\(index)")
      if column.type == .text {
        figures.append(
          "count(*) FILTER (WHERE contains(\(SQL.identifier(column.name)), \(SQL.literal(Self.lostLetter)))) AS l\(index)"
        )
      }
      if hasLevel(column) {
        figures.append("avg(abs(CAST(\(SQL.identifier(column.name)) AS DOUBLE))) AS m\(index)")
      }
    }
    for (index, check) in checks.enumerated() {
      if let unexpected = unexpected(check) { figures.append("\(unexpected) AS u\(index)") }
      if let observed = observed(check) { figures.append("\(observed) AS o\(index)") }
    }
    return "SELECT \(figures.joined(separator: ",\n  "))\nFROM \(table) AS t;"
  }

  /// At most 20 rows that failed, as JSON; nil for checks that are not about rows.
  package func examplesSQL(_ check: DatasetCheck) -> String? {
    let shown = Set(key + [check.column].compactMap { $0 } + check.columns)
    let selected = columns.filter { shown.contains($0.name) && $0.type != .geometry }.map { shortened($0.name) }
    let list = selected.isEmpty ? "*" : selected.joined(separator: ", ")
    if let condition = failing(check) {
      return "SELECT \(list) FROM \(table) AS t WHERE \(condition) LIMIT \(CheckResult.exampleLimit);"
    }
    switch check.name {
    case .unique, .compoundUnique:
      let names = check.name == .unique ? [check.column ?? ""] : check.columns
      let columns = names.map { SQL.identifier($0) }.joined(separator: ", ")
      // Under a name that none of the columns has.
      let times = self.columns.contains { $0.name == "times" } ? "times_found" : "times"
      return """
        SELECT \(names.map { shortened($0) }.joined(separator: ", ")), \(times) FROM
        (SELECT \(columns), count(*) AS \(times) FROM \(table) GROUP BY ALL HAVING count(*) > 1 ORDER BY count(*) DESC
        LIMIT \(CheckResult.exampleLimit)) ORDER BY \(times) DESC;
        """
    default: return nil
    }
  }

  /// A column of an example, whose text may be as long as a document: as much of it as of anything from outside.
  private func shortened(_ name: String) -> String {
    let column = SQL.identifier(name)
    guard columns.first(where: { $0.name == name })?.type == .text else { return column }
    return "CASE WHEN length(\(column)) > 8192 THEN left(\(column), 8192) || '…' ELSE \(column) END AS \(column)"
  }

  /// The number of rows or values that are not as expected.
  private func unexpected(_ check: DatasetCheck) -> String? {
    if let condition = failing(check) { return "count(*) FILTER (WHERE \(condition))" }
    switch check.name {
    case .unique:
      let column = SQL.identifier(check.column ?? "")
      // The file is sorted by the key, so that equal keys are neighbours.
      if key == [check.column] { return neighbours([column]) }
      return "(\(repeated([column], where: "\(column) IS NOT NULL")))"
    case .compoundUnique:
      let columns = check.columns.map { SQL.identifier($0) }
      if key == check.columns { return neighbours(columns) }
      return "(\(repeated(columns, where: "true")))"
    case .distinctInSet:
      return "count(DISTINCT \(text(check))) FILTER (WHERE NOT \(text(check)) IN (\(set(check))))"
    default: return nil
    }
  }

  private func repeated(_ columns: [String], where condition: String) -> String {
    let list = columns.joined(separator: ", ")
    return """
      SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM \(table) WHERE \(condition) GROUP BY \(list) \
      HAVING count(*) > 1)
      """
  }

  private func neighbours(_ columns: [String]) -> String {
    let row = "{" + columns.enumerated().map { "'c\($0)': \($1)" }.joined(separator: ", ") + "}"
    return "(SELECT count(*) FROM (SELECT \(row) AS k, lag(\(row)) OVER () AS b FROM \(table)) WHERE k = b)"
  }

  /// A condition on rows that are not as expected.
  private func failing(_ check: DatasetCheck) -> String? {
    let column = SQL.identifier(check.column ?? "")
    switch check.name {
    case .notNull: return "\(column) IS NULL"
    case .null: return "\(column) IS NOT NULL"
    case .between: return "NOT (\(range(column, check)))"
    case .inSet: return "NOT (\(text(check)) IN (\(set(check))))"
    case .notInSet: return "\(text(check)) IN (\(set(check)))"
    case .matchRegex: return "NOT regexp_matches(\(text(check)), \(SQL.literal(check.regex ?? "")))"
    case .notMatchRegex: return "regexp_matches(\(text(check)), \(SQL.literal(check.regex ?? "")))"
    case .lengthBetween: return "NOT (\(range("length(\(text(check)))", check)))"
    case .pairAGreater:
      let relation = check.orEqual ? ">=" : ">"
      return "NOT (\(SQL.identifier(check.columns[0])) \(relation) \(SQL.identifier(check.columns[1])))"
    case .geometryValid: return "NOT ST_IsValid(\(column))"
    case .geometryExtent:
      // Degrees of EPSG:4326, unless told: what lies outside is in another CRS, or has latitude and longitude swapped.
      let extent = check.extent.count == 4 ? check.extent : [-180, -90, 180, 90]
      return """
        NOT (ST_XMin(\(column)) >= \(extent[0]) AND ST_YMin(\(column)) >= \(extent[1]) \
        AND ST_XMax(\(column)) <= \(extent[2]) AND ST_YMax(\(column)) <= \(extent[3]))
        """
    case .foreignKey where absentDatasets.contains(check.dataset ?? ""): return nil
    case .foreignKey:
      let conditions =
        [
          check.rows.map { "CAST(\(SQL.identifier($0.column)) AS VARCHAR) = \(SQL.literal($0.value))" },
          check.exceptions.isEmpty
            ? nil
            : "NOT regexp_full_match(CAST(\(column) AS VARCHAR), \(SQL.literal(check.exceptions.joined(separator: "|"))))",
        ].compactMap { $0.map { " AND \($0)" } }.joined()
      return """
        \(column) IS NOT NULL\(conditions) AND NOT EXISTS (SELECT 1 FROM published.\(SQL.identifier(check.dataset ?? "")) AS f \
        WHERE CAST(f.\(SQL.identifier(check.otherColumn ?? "")) AS VARCHAR) = CAST(t.\(column) AS VARCHAR))
        """
    default: return nil
    }
  }

  private func observed(_ check: DatasetCheck) -> String? {
    let column = SQL.identifier(check.column ?? "")
    switch check.name {
    case .meanBetween: return "CAST(avg(\(column)) AS DOUBLE)"
    case .medianBetween: return "CAST(median(\(column)) AS DOUBLE)"
    case .sumBetween: return "CAST(sum(\(column)) AS DOUBLE)"
    case .minBetween: return "CAST(min(\(column)) AS DOUBLE)"
    case .maxBetween: return "CAST(max(\(column)) AS DOUBLE)"
    case .distinctCount, .distinctEqual: return "count(DISTINCT \(column))"
    case .distinctContain:
      return "count(DISTINCT \(text(check))) FILTER (WHERE \(text(check)) IN (\(set(check))))"
    default: return nil
    }
  }

  private func text(_ check: DatasetCheck) -> String { "CAST(\(SQL.identifier(check.column ?? "")) AS VARCHAR)" }

  private func set(_ check: DatasetCheck) -> String { check.values.map { SQL.literal($0) }.joined(separator: ", ") }

  private func range(_ value: String, _ check: DatasetCheck) -> String {
    [check.minimum.map { "\(value) >= \(Self.number($0))" }, check.maximum.map { "\(value) <= \(Self.number($0))" }]
      .compactMap { $0 }.joined(separator: " AND ")
  }

  static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }
}
