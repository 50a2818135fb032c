import Catalog
import Testing

/// What a definition may say of its warehouse table's indexes.
@Suite struct DatasetIndexTests {
  private func read(_ indexes: String) -> DatasetSpec.Reading {
    DatasetSpec.read(
      datasetYAML: """
        name: example
        title: Example
        partitions: {years: 2020-}
        requests:
          - {name: file, source: files, path: /x.csv, format: csv, columns: [a]}
        columns:
          - {name: geo_id, type: text, description: Area.}
          - {name: kind, type: text, description: Kind.}
          - {name: shape, type: geometry, description: Outline.}
        key: [geo_id, kind]
        indexes:
        \(indexes)
        """, transformSQL: "SELECT 1")
  }

  @Test func columnsAndTheValuesThatRowsHaveAreRead() {
    let reading = read(#"  - {columns: [data_year, geo_id], where: {kind: "0"}}"#)
    #expect(reading.errors.isEmpty, "\(reading.problems)")
    #expect(reading.spec?.indexes == [DatasetIndex(columns: ["data_year", "geo_id"], where: ["kind": "0"])])
  }

  @Test(arguments: [
    ("  - {columns: [geo]}", "column 'geo' is not declared; did you mean 'geo_id'?"),
    ("  - {columns: [shape]}", "a geometry cannot be part of an index"),
    ("  - {columns: [geo_id], where: {knd: x}}", "column 'knd' is not declared; did you mean 'kind'?"),
    ("  - {where: {kind: x}}", "an index needs columns"), ("  - {columns: [geo_id], unique: true}", "unique"),
  ])
  func mistakesAreNamed(_ indexes: String, _ message: String) {
    let problems = read(indexes).errors.map(\.message)
    #expect(problems.contains { $0.contains(message) }, "\(problems)")
  }
}
