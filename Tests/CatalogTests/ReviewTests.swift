import Catalog
import Testing

/// `review:` in dataset.yml.
struct ReviewTests {
  private func read(_ review: String) -> DatasetSpec.Reading {
    DatasetSpec.read(
      datasetYAML: """
        name: leads
        title: Leads
        partitions: {years: 2000-}
        requests: [{name: rows, source: any, path: /, format: csv, columns: [a]}]
        columns:
          - {name: id, type: text, description: I.}
          - {name: unsure, type: boolean, description: U.}
          - {name: confidence, type: double, description: C.}
          - {name: geo_id, type: text, description: G.}
          - {name: state_code, type: text, description: S.}
        key: [id]
        review: \(review)
        """, transformSQL: "SELECT 1")
  }

  @Test func aReviewSaysWhatNamesARowWhatWaitsAndWhatMayBePutRight() throws {
    let reading = read(
      """
      {row: id, waits: unsure, confidence: confidence, shows: [geo_id],
          corrects: [{column: geo_id, pattern: '^[0-9]{5}$'}, {column: state_code, beginning_of: geo_id, letters: 2}]}
      """)
    let review = try #require(reading.spec?.review, "\(reading.problems)")
    #expect(review.row == "id" && review.waits == "unsure" && review.confidence == "confidence")
    #expect(review.corrections.map(\.column) == ["geo_id", "state_code"])
    #expect(review.corrections.last?.beginning_of == "geo_id" && review.corrections.last?.letters == 2)
  }

  @Test(arguments: [
    ("{row: id}", "which of them wait"), ("{row: nothing, waits: unsure}", "'nothing' is not declared"),
    ("{row: id, waits: confidence}", "is double, and is to be boolean"),
    ("{row: geo_id, waits: unsure}", "is no part of the key"),
    ("{row: id, waits: unsure, confidence: geo_id}", "is text, and is to be double"),
    (
      "{row: id, waits: unsure, corrects: [{column: state_code, beginning_of: geo_id, letters: 2}]}",
      "cannot be corrected"
    ),
    (
      "{row: id, waits: unsure, corrects: [{column: geo_id}, {column: state_code, beginning_of: geo_id}]}",
      "go together"
    ),
    ("{row: id, waits: unsure, corrects: [{values: [a]}]}", "names its column"),
    ("{row: id, waits: unsure, correct: []}", "correct"),
  ])
  func whatMakesNoSenseIsSaid(_ review: String, _ text: String) {
    let reading = read(review)
    #expect(reading.spec == nil)
    #expect(reading.errors.contains { $0.message.contains(text) }, "\(reading.errors)")
  }
}
