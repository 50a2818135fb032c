internal import HTTPTypes
internal import Base
internal import Console

extension Operations {
  static let alerts: [Operation] = [
    .question(
      "listAlerts", "/alerts", "What is wrong now, and what was within a week.", commands: ["alert ls"],
      query: [parameter("state", .string(values: ["firing", "pending", "ended"]), "Only those.")],
      answer: .list(
        .fields(
          "alert_id:int kind:str subject:str severity:str summary:str advice:str began_at:time fired_at:time? "
            + "ended_at:time? state:str silenced_until:time? silence_reason:str? undelivered:int delivery_error:str?"))
    ) { try Reply(try await AlertLine.list(state: $0.text("state"), $0.connection)) },
    .act(
      "silenceAlerts", "/alerts/silence", "Tell nobody of some alerts for a while; 0 minutes ends a silence.",
      commands: ["alert silence"],
      // A subject alone names no alert.
      body: .either([
        .fields("reason:str?", [("minutes", .integer(least: 0, most: 129_600))]),
        .fields("kind:str subject:str? reason:str?", [("minutes", .integer(least: 0, most: 129_600))]),
      ]),
      answer: .fields("kind:str? subject:str? until:time")
    ) { exchange in
      let made = try await AlertLine.silence(
        kind: exchange.text("kind"), subject: exchange.text("subject"), minutes: exchange.number("minutes") ?? 0,
        reason: exchange.text("reason"), exchange.connection)
      return try Reply(made, target: [made.kind ?? "all", made.subject ?? ""].joined(separator: " "))
    },
  ]

  static let access: [Operation] = [
    .question(
      "listTokens", "/tokens", "Who may use the API: names, levels, when they end.", commands: ["token ls"],
      level: .admin,
      answer: .list(
        .fields(
          "name:str level:str created_at:time created_by:str expires_at:time last_used_at:time? state:str "
            + "revoked_at:time? revoked_by:str?"))
    ) { try Reply(try await AccessToken.list($0.connection)) },
    .act(
      "createToken", "/tokens", "Let somebody use the API. The answer is the one time that the token is told.",
      commands: ["token create"], level: .admin,
      body: .fields(
        "",
        [
          ("name", .string(pattern: "^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")),
          ("level", .string(values: Level.allCases.map(\.rawValue))), ("days?", .integer(least: 1, most: 3650)),
        ]), answer: .fields("name:str level:str token:str expires_at:time")
    ) { exchange in
      let made = try await AccessToken.create(
        exchange.text("name") ?? "", level: exchange.text("level") ?? "", days: exchange.number("days") ?? 90,
        exchange.connection)
      return try Reply(made, status: .created, target: "token \(made.name)")
    },
    .act(
      "revokeToken", "/tokens/{token}", "End a token at once.", commands: ["token revoke"], level: .admin,
      method: .delete, body: nil, answer: .fields("name:str state:str")
    ) { exchange in
      let name = exchange.text("token") ?? ""
      try await AccessToken.revoke(name, exchange.connection)
      return try Reply(["name": name, "state": "revoked"], target: "token \(name)")
    },
    .question(
      "listAudit", "/audit", "Who did what, on what, from where; and what was refused. The newest first.",
      commands: ["token audit"], level: .admin, query: [limit, cursor],
      answer: .list(
        .fields(
          "audit_id:int at:time actor:str level:str address:str act:str target:str outcome:str login:str")),
      isPaged: true
    ) { exchange in
      let lines = try await AuditLine.list(before: exchange.cursor(), limit: exchange.limit(), exchange.connection)
      return try Reply(lines, next: lines.count == exchange.limit() ? lines.last?.audit_id : nil)
    },
  ]
}
