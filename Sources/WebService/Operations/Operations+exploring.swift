internal import Base
internal import Console
internal import HTTPTypes

/// Questions in SQL.
extension Operations {
  /// What both that answer and that download are asked.
  static let question = ("sql", Schema.string(most: QuestionLimits.textBytes))
  private static let column = Schema.fields("name:str type:str")

  static let exploring: [Operation] = [
    .question(
      "listRelations", "/relations", "The tables and views that a question may ask, what each is, and its columns.",
      commands: [],
      answer: .list(
        .fields(
          "schema:str name:str kind:str description:str? has_every_column:bool",
          [("columns", .list(.fields("name:str type:str description:str?")))]))
    ) { try Reply(try await Relation.list($0.connection)) },
    .question(
      "sampleDataset", "/datasets/{dataset}/rows",
      "Ten rows of a dataset's newest year in the warehouse, each value cut at a hundred characters.", commands: [],
      answer: .fields(
        "dataset:str data_year:int? region:str?",
        [("columns", .list(column)), ("rows", .list(.list(.nullable(.string()))))])
    ) { try Reply(try await DatasetSample.read($0.text("dataset") ?? "", $0.connection)) },
    .inquiry(
      "explore", "/explore",
      "A question in SQL, with the rights of a viewer: one query, which reads. cut says why there are more rows than are "
        + "told: rows, or bytes.",
      body: .fields(
        "",
        [
          question,
          ("limit?", .integer(least: 1, most: QuestionLimits.mostRows)),
          ("form?", .string(values: Explorer.Form.allCases.map(\.rawValue))),
        ]),
      answer: .fields(
        "row_count:int seconds:num",
        [
          ("cut?", .string(values: ["rows", "bytes"])), ("columns", .list(column)),
          ("rows", .list(.anything)),
        ])
    ) { explorer, caller, body in
      let form = body.at("form")?.text.flatMap(Explorer.Form.init) ?? .objects
      var most = QuestionLimits.rows
      if case .integer(let number)? = body.at("limit") { most = Int(number) }
      let answer = try await explorer.answer(body.at("sql")?.text ?? "", form: form, rows: most, as: caller)
      return try reply(answer, form)
    },
  ]

  private struct Head: Encodable {
    var columns: [QuestionAnswer.Column]
    var row_count: Int
    var cut: String?
    var seconds: Double
  }

  /// Objects are passed on as Postgres wrote them: no number of theirs is read and written anew.
  private static func reply(_ answer: Explorer.Answer, _ form: Explorer.Form) throws -> Reply {
    let head = Head(
      columns: answer.columns, row_count: answer.rows.count, cut: answer.cut?.rawValue,
      seconds: (answer.seconds * 1000).rounded() / 1000)
    var reply = try Reply(head)
    let texts = form == .texts ? answer.rows.map { RecordText.columns($0, count: answer.columns.count) } : []
    let rows =
      switch form {
      case .objects: "[" + answer.rows.joined(separator: ",") + "]"
      case .texts: try Reply(texts).json
      }
    reply.json = String(reply.json.dropLast()) + ",\"rows\":" + rows + "}"
    reply.value = QuestionAnswer(
      columns: answer.columns, rows: texts, cut: answer.cut, seconds: answer.seconds)
    return reply
  }
}
