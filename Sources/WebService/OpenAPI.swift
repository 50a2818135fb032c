internal import HTTPTypes
internal import Base
internal import Console
internal import FoundationEssentials

/// The document that tells clients what there is, made of the operations themselves.
package enum OpenAPI {
  static let base = "/api/v1"

  /// As `/openapi.json` has it and docs/api/openapi.json keeps it.
  ///
  /// - Parameter anonymous: what may be asked without a token; nil where nothing may.
  package static func document(
    version: String, prefix: String = "", anonymous: Level? = .operator
  ) -> String {
    var paths: [String: [String: JSONValue]] = [:]
    for operation in Operations.all {
      paths[operation.address, default: [:]][operation.method.rawValue.lowercased()] = entry(
        operation, needsToken: anonymous.map { $0 < operation.level } ?? true)
    }
    paths[base + "/events"] = ["get": events(needsToken: anonymous == nil)]
    paths[base + "/explore/csv"] = ["post": csv(needsToken: anonymous == nil)]
    let document: JSONValue = .object([
      "openapi": .string("3.1.0"),
      "info": .object([
        "title": .string("aker"), "version": .string(version),
        "description": .string(
          "What the command line asks and does, by HTTP: the same words, the same JSON as --json."),
      ]),
      "servers": .array([.object(["url": .string(prefix.isEmpty ? "/" : prefix)])]),
      "paths": .object(paths.mapValues { .object($0) }),
      "components": .object([
        "securitySchemes": .object([
          "token": .object(["type": .string("http"), "scheme": .string("bearer")])
        ]),
        "schemas": .object(["Problem": problem.json(.answered)]),
      ]),
    ])
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = (try? encoder.encode(document)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    return text.replacing(#/\[\n\s*\]/#, with: "[]").replacing(#/\{\n\s*\}/#, with: "{}") + "\n"
  }

  private static let problem = Schema.fields("title:str status:int detail:str hint:str? causes:strs? position:int?")

  private static func entry(_ operation: Operation, needsToken: Bool) -> JSONValue {
    var members: [String: JSONValue] = [
      "operationId": .string(operation.id), "summary": .string(operation.summary),
      "description": .string(description(operation)), "x-level": .string(operation.level.rawValue),
      "security": security(needsToken),
      "x-commands": .array(operation.commands.map { .string("aker " + $0) }),
      "responses": .object(responses(operation)),
    ]
    var parameters = operation.parameters.map(parameter)
    if operation.kind == .act {
      parameters.append(
        header(
          "Idempotency-Key", "The same key again, within a day, is answered as the first time, and not done.",
          limit: RequestReader.keyLimit))
    } else if operation.kind == .question {
      parameters.append(header("If-None-Match", "The ETag of the last answer: 304 where nothing has changed."))
    }
    if !parameters.isEmpty { members["parameters"] = .array(parameters) }
    if let body = operation.body {
      members["requestBody"] = .object([
        "required": .bool(true), "content": .object(["application/json": .object(["schema": body.json(.asked)])]),
      ])
    }
    return .object(members)
  }

  /// Without a token, where that may be.
  private static func security(_ needsToken: Bool) -> JSONValue {
    .array([.object(["token": .array([])])] + (needsToken ? [] : [.object([:])]))
  }

  private static func description(_ operation: Operation) -> String {
    let level = "For a \(operation.level.rawValue) and above."
    guard !operation.commands.isEmpty else { return level }
    return level + " On the command line: " + operation.commands.map { "aker " + $0 }.joined(separator: ", ") + "."
  }

  private static func parameter(_ parameter: Operation.Parameter) -> JSONValue {
    var members: [String: JSONValue] = [
      "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
      "required": .bool(parameter.place == .path), "description": .string(parameter.summary),
    ]
    let schema: JSONValue = .object(["schema": parameter.schema.json(.asked)])
    switch parameter.schema {
    case .map, .record, .some, .either: members["content"] = .object(["application/json": schema])
    default: members["schema"] = schema.at("schema")
    }
    return .object(members)
  }

  private static func header(_ name: String, _ summary: String, limit: Int? = nil) -> JSONValue {
    .object([
      "name": .string(name), "in": .string("header"), "required": .bool(false), "description": .string(summary),
      "schema": .object(
        limit.map { ["type": .string("string"), "minLength": .integer(1), "maxLength": .integer(Int64($0))] }
          ?? ["type": .string("string")]),
    ])
  }

  private static func responses(_ operation: Operation) -> [String: JSONValue] {
    var answers: [String: JSONValue] = [:]
    var answer: [String: JSONValue] = [
      "description": .string(operation.media == nil ? "As --json prints it." : "As its type says."),
      "content": .object([operation.media ?? "application/json": .object(["schema": operation.answer.json(.answered)])]
      ),
    ]
    if operation.isPaged {
      answer["headers"] = .object([
        "Link": .object([
          "description": .string("The next page, as rel=\"next\"; absent on the last."),
          "schema": .object(["type": .string("string")]),
        ])
      ])
    }
    for status in successes(operation) { answers[status] = .object(answer) }
    if operation.kind == .question { answers["304"] = .object(["description": .string("Nothing has changed.")]) }
    for (status, text) in refusals(operation) {
      answers[status] = .object([
        "description": .string(text),
        "content": .object([
          "application/problem+json": .object(["schema": .object(["$ref": .string("#/components/schemas/Problem")])])
        ]),
      ])
    }
    return answers
  }

  private static func successes(_ operation: Operation) -> [String] {
    switch operation.id {
    case "backfill", "triggerFlow", "decide", "createToken": ["201"]
    case "createBatch": ["202"]
    default: ["200"]
    }
  }

  private static func refusals(_ operation: Operation) -> [(String, String)] {
    var refusals = [
      ("401", "A token is needed, or is not valid."), ("403", "The level is too low, or another site asks."),
      ("404", "There is no such thing."), ("422", "A parameter makes no sense."), ("429", "Too many wrong tokens."),
      ("503", "The database cannot be reached."),
    ]
    if operation.body != nil {
      refusals += [
        ("400", "The body is no JSON."), ("413", "The body is too large."), ("415", "The body is to be JSON."),
      ]
    }
    if operation.ask != nil {
      refusals = refusals.filter { $0.0 != "404" && $0.0 != "429" }
      refusals += [("429", "Too many questions at once, or wrong tokens."), ("504", "It took too long.")]
      return refusals
    }
    if operation.kind != .question { refusals.append(("409", "Not in this state.")) }
    return refusals
  }

  /// As `explore`, with rows as they come.
  private static func csv(needsToken: Bool) -> JSONValue {
    var entry: [String: JSONValue] = [
      "operationId": .string("exploreCSV"), "summary": .string("The whole answer to a question in SQL, as CSV."),
      "description": .string(
        "For a viewer and above. Sent as it is read: what would be larger than the service allows breaks off, rather than "
          + "end as if it were whole."),
      "x-level": .string(Level.viewer.rawValue), "x-commands": .array([]), "security": security(needsToken),
    ]
    guard let operation = Operations.exploring.first(where: { $0.ask != nil }) else { return .object(entry) }
    var answers = responses(operation)
    answers["200"] = .object([
      "description": .string("A line of names, then one for each row; NULL is nothing, an empty text is \"\"."),
      "content": .object(["text/csv": .object(["schema": .object(["type": .string("string")])])]),
    ])
    entry["responses"] = .object(answers)
    entry["requestBody"] = .object([
      "required": .bool(true),
      "content": .object([
        "application/json": .object(["schema": Schema.fields("", [Operations.question]).json(.asked)])
      ]),
    ])
    return .object(entry)
  }

  /// Each of them; data is JSON.
  private static let event = Schema.fields(
    "id:str? data:str? retry:int?",
    [
      ("event?", .string(values: ["event", "cell", "worker", "source", "alert", "batch", "gone", "reset"]))
    ])

  private static func events(needsToken: Bool) -> JSONValue {
    .object([
      "security": security(needsToken),
      "operationId": .string("listen"), "summary": .string("Changes, as they happen: server-sent events."),
      "description": .string(
        "event, cell, worker, source, alert, batch: as each is now; gone: it is no more; reset: read everything again. "
          + "Last-Event-ID resumes. On the command line: aker watch."),
      "x-level": .string(Level.viewer.rawValue), "x-commands": .array([.string("aker watch")]),
      "parameters": .array([header("Last-Event-ID", "Of the last message that was read.")]),
      "responses": .object([
        "200": .object([
          "description": .string("Until either side ends it."),
          "content": .object(["text/event-stream": .object(["schema": event.json(.answered)])]),
        ]),
        "401": .object(["description": .string("A token is needed, or is not valid.")]),
        "503": .object(["description": .string("There are too many listeners.")]),
      ]),
    ])
  }
}

/// Which commands the API offers, for the test that walks both.
package enum APICommands {
  package static var offered: Set<String> { Set(Operations.all.flatMap(\.commands) + ["watch"]) }

  /// Those that it does not, each with the reason.
  package static var withheld: [String: String] { Operations.withheld }
}
