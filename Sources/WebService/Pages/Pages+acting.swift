internal import Base
internal import Console
internal import Dashboard
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird

/// Does what a preview showed.
extension Pages {
  func act(_ request: Request, _ context: APIContext) async throws -> Response {
    try await visiting(request, context, isAct: true) { visit in
      let fields = visit.fields
      let key = fields["key"] ?? Self.random()
      switch fields["act"] ?? "" {
      case let act where ["retry", "cancel", "prioritize"].contains(act) && !fields.all("cell").isEmpty:
        throw try await doToCells(act, visit, key)
      case let act where ActPreview.Act(rawValue: act) != nil: throw try await doToTarget(act, visit, key)
      case "backfill": throw try await backfill(visit, key)
      case let act:
        guard let simple = SimpleAct(act, fields) else {
          throw Problem(.unprocessableContent, "there is no act '\(OutsideText.line(act))'")
        }
        _ = try await answer(simple.operation, visit, path: simple.path, body: simple.body, key: key)
        throw after(simple.act, 0, visit)
      }
    }
  }

  /// Back to where it began, or to what it was about.
  private func after(_ act: String, _ count: Int, _ visit: Visit, to address: String? = nil) -> Leave {
    let address = address ?? back(visit)
    return Leave(to: address + (address.contains("?") ? "&" : "?") + "did=\(act)&tasks=\(count)")
  }

  /// The answer may be that of the first of two clicks, of which there is the JSON alone.
  private static func number(_ name: String, _ answer: Desk.Answer) -> Int {
    if case .integer(let number)? = JSONValue(parsing: answer.body).at(name) { Int(number) } else { 0 }
  }

  private func doToTarget(_ act: String, _ visit: Visit, _ key: String) async throws -> Leave {
    let target = try Self.target(visit.fields)
    // What names neither a task nor a backfill is chosen once, and done piece by piece.
    if act == "retry" || act == "cancel", target["task"] == nil, target["backfill"] == nil {
      let made = try await answer(
        "createBatch", visit, body: ["act": .string(act), "selection": .object(target)], key: key)
      return Leave(to: site.path("batches", "\(Self.number("batch_id", made))"))
    }
    var body = target
    if act != "retry" { (body["error_class"], body["definition"]) = (nil, nil) }
    let answer = try await answer(act, visit, body: body, key: key)
    var address: String?
    if case .integer(let task)? = target["task"] { address = site.task(task) }
    return after(act, Self.number("count", answer), visit, to: address)
  }

  private func doToCells(_ act: String, _ visit: Visit, _ key: String) async throws -> Leave {
    let cells = try Self.cells(visit.fields)
    var count = 0
    for (index, cell) in cells.enumerated() {
      let answer = try await answer(
        "createBatch", visit, body: ["act": .string(act), "selection": Self.selection(cell.dataset, cell.years)],
        key: "\(key)-\(index)")
      if cells.count == 1 { return Leave(to: site.path("batches", "\(Self.number("batch_id", answer))")) }
      count += Self.number("total", answer)
    }
    return after(act, count, visit)
  }

  private func backfill(_ visit: Visit, _ key: String) async throws -> Leave {
    var last = 0
    var count = 0
    for (index, request) in try Self.requests(visit.fields).enumerated() {
      var body = request
      body["priority"] = try visit.fields.number("priority")
      let answer = try await answer("backfill", visit, body: body, key: "\(key)-\(index)")
      last = Self.number("backfill_id", answer)
      count += Self.number("task_count", answer)
    }
    return after("backfill", count, visit, to: site.backfill(Int64(last)))
  }

  func makeToken(_ visit: Visit) async throws -> HTML {
    var body = visit.fields.json("name", "level")
    body["days"] = try visit.fields.number("days")
    let made: AccessToken.Made = try await ask("createToken", visit, body: body)
    let lines: [AccessToken] = try await ask("listTokens", visit)
    return Lists.tokens(lines, made: made, visit.frame)
  }
}

/// An act on one thing that is no task: a sentence, a command, an operation.
struct SimpleAct {
  var act: String
  var heading: String
  var sentence: String
  var command: String?
  var operation: String
  var path: [String: String] = [:]
  var body: [String: JSONValue]?
  var fields: [(String, String)]

  /// - Returns: nil for an act that there is not.
  init?(_ act: String, _ fields: Fields) {
    self.act = act
    self.fields = fields.items.filter { !["back", "form", "key"].contains($0.name) }.map { ($0.name, $0.value) }
    let (flow, batch, token) = (fields["flow"] ?? "", fields["batch"] ?? "", fields["token"] ?? "")
    switch act {
    case "pause-flow":
      (heading, operation) = ("Pause flow", "pauseFlow")
      sentence = "This skips due times of \(flow) until it is resumed."
      (command, path, body) = ("aker flow pause \(flow)", ["flow": flow], [:])
    case "resume-flow":
      (heading, operation) = ("Resume flow", "resumeFlow")
      sentence = "This lets \(flow) be enqueued again when it is due."
      (command, path) = ("aker flow resume \(flow)", ["flow": flow])
    case "trigger-flow":
      (heading, operation) = ("Run flow now", "triggerFlow")
      sentence = "This enqueues \(flow) now, as if it were due."
      (command, path) = ("aker flow trigger \(flow)", ["flow": flow])
    case "silence":
      let (kind, subject) = (fields["kind"] ?? "", fields["subject"] ?? "")
      (heading, operation) = ("Silence for 12 hours", "silenceAlerts")
      sentence =
        "For 12 hours nobody is told of \(kind.replacing("_", with: " ")) \(subject). What holds on after that is told then."
      command = "aker alert silence \(kind) \(subject) --hours 12"
      body = ["kind": .string(kind), "subject": .string(subject), "minutes": .integer(720)]
    case "revoke-token":
      (heading, operation) = ("Revoke token", "revokeToken")
      sentence = "This ends the token \(token) at once."
      (command, path) = ("aker token revoke \(token)", ["token": token])
    case "cancel-batch":
      (heading, operation) = ("Leave the rest", "cancelBatch")
      sentence = "This leaves alone what act \(batch) has not done yet; what was done stays."
      path = ["batch": batch]
    default: return nil
    }
  }
}
