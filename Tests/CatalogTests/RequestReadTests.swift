import Catalog
import Testing

/// What dataset.yml says about asking, and what is said about mistakes in it.
struct RequestReadTests {
  private func read(_ request: String) -> DatasetSpec.Reading {
    let lines = request.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
    let yaml = """
      name: d
      title: D
      partitions: {years: 2000-}
      requests:
        - name: r
          source: s
      \(lines.joined(separator: "\n"))
      columns: [{name: a, type: text, description: A}]
      key: [a]
      """
    return DatasetSpec.read(datasetYAML: yaml, transformSQL: "SELECT a FROM raw.r", file: "d/dataset.yml")
  }

  @Test func aRequestForManyDocumentsIsRead() throws {
    let reading = read(
      """
      method: post
      path: "/{data_year}/{state}"
      for_each: {state: ["01", "02"], series: [A, B, C]}
      chunks: {of: series, size: 2}
      body: {seriesid: "{series}", startyear: "{data_year}", catalog: true, limit: 5, nested: [{x: null}], registrationkey: "{key}"}
      verify: {path: "Results.series[*].seriesID", equals: series}
      format: json_document
      columns: [document]
      """)
    #expect(reading.problems.isEmpty, "\(reading.problems)")
    let request = try #require(reading.spec?.requests.first)
    #expect(request.method == .post)
    #expect(request.variables.map(\.groups) == [[["01"], ["02"]], [["A", "B"], ["C"]]])
    #expect(request.columnVariables == ["state"])
    #expect(reading.spec?.expectedRequestCounts() == ["s": 4])
    #expect(request.documentCount == 4)
    #expect(request.verifications.map(\.path) == ["Results.series[*].seriesID"])
    #expect(request.verifications.map(\.placeholder) == ["series"])
    let json = try request.body?.json(groups: ["series": ["A", "B"]]) {
      Placeholder.fill($0) { $0 == "data_year" ? "2012" : nil }
    }
    #expect(
      json
        == #"{"seriesid":["A","B"],"startyear":"2012","catalog":true,"limit":5,"nested":[{"x":null}],"registrationkey":"{key}"}"#
    )
  }

  @Test func aListRepeatsItsParameter() throws {
    let reading = read(
      """
      path: /q
      query: {"facets[state][]": [MD, VA], "data[]": value, length: 5000}
      format: json
      """)
    #expect(reading.problems.isEmpty, "\(reading.problems)")
    let query = try #require(reading.spec?.requests.first).query
    #expect(
      query.map { "\($0.name)=\($0.value)" } == [
        "facets[state][]=MD", "facets[state][]=VA", "data[]=value", "length=5000",
      ])
  }

  @Test func aMisspeltFieldIsAMistake() throws {
    let reading = read("path: /q\nformat: json\nquerry: {a: b}")
    #expect(reading.spec == nil)
    #expect(reading.errors.map(\.message) == ["requests[1]: unknown field 'querry'; did you mean 'query'?"])
    let flows = FlowDefinition.read(
      "flows:\n  - {name: a, datasets: [b], shedule: '0 1 * * *'}", file: "flows.yml")
    #expect(flows.problems.map(\.severity) == [.error])
    #expect(flows.problems.first?.message.contains("did you mean 'schedule'?") == true)
  }

  @Test func pagesAreRead() throws {
    let reading = read(
      """
      path: /q
      pages: {style: arcgis, size: 1000}
      format: json_document
      """)
    #expect(reading.problems.isEmpty, "\(reading.problems)")
    let pages = try #require(reading.spec?.requests.first?.pages)
    #expect(pages.parameter == "resultOffset" && pages.sizeParameter == "resultRecordCount" && pages.rows == "features")
  }

  /// `line` is counted from the request's first own line, which is line 7 of the file.
  @Test(arguments: [
    ("path: /{stat}\nfor_each: {state: [a]}\nformat: csv", 7, "nothing fills {stat}; did you mean 'state'?"),
    ("path: /a b\nformat: csv", 7, "with %20 for a space"),
    ("path: /a\nfor_each: {state: [a]}\nformat: csv", 8, "{state} is used nowhere"),
    ("path: /{state}\nfor_each: {state: [a, a]}\nformat: csv", 8, "'a' is there twice"),
    ("path: /{state}\nfor_each: {state: []}\nformat: csv", 8, "'state' has no values"),
    ("path: /{region}\nfor_each: {region: [a]}\nformat: csv", 8, "'region' has a meaning already"),
    ("path: /{a}\nfor_each: {a: [x]}\nformat: csv\ncolumns: [a]", 8, "'a' is a column of the answer, too"),
    ("path: /{state}\nfor_each: {state: [a]}\nchunks: {of: stat, size: 2}\nformat: csv", 9, "did you mean 'state'?"),
    ("path: /a\nbody: {x: 1}\nformat: csv", 8, "a body is sent by 'method: post' only"),
    ("path: /a\nmethod: put\nformat: csv", 8, "method is get or post"),
    ("path: /a\npages: {style: pages}\nformat: csv", 8, "pages need a style: arcgis, page, offset, cursor"),
    ("path: /a\npages: {style: arcgis}\nformat: json", 8, "need a size"),
    ("path: /a\npages: {style: cursor, parameter: c}\nformat: json", 8, "need the path of the next one"),
    ("path: /a\npages: {style: cursor, next: n}\nformat: csv", 8, "are read from JSON"),
    ("path: /{s}\nfor_each: {s: [a]}\nverify: {path: x, equals: t}\nformat: json", 9, "neither a variable nor"),
    ("path: /{s}\nfor_each: {s: [a]}\nverify: {path: x, equals: s}\nformat: csv", 9, "verify looks into JSON"),
  ])
  func aMistakeIsToldWithItsLine(_ request: String, _ line: Int, _ message: String) {
    let problem = read(request).errors.first { $0.message.contains(message) }
    #expect(problem?.line == line, "\(read(request).problems)")
    #expect(problem?.file == "d/dataset.yml")
  }
}
