import Base
import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing
import WebService

/// Who may do what, by HTTP.
@Suite(.database)
struct AccessTests {
  private static let locked = AccessRules(anonymous: nil)

  @Test func eachLevelMayWhatItsRoleMay() async throws {
    try await ServiceScene.serving(Self.locked) { scene in
      try await scene.enqueue()
      let tokens = [
        "viewer": try await scene.token("viewer"), "operator": try await scene.token("operator"),
        "admin": try await scene.token("admin"),
      ]
      for (level, token) in tokens.sorted(by: { $0.key < $1.key }) {
        #expect(try await scene.get("/api/v1/tasks", token: token).status == 200, "\(level)")
        let pause = try await scene.post("/api/v1/pause", #"{"queue": true, "reason": "x"}"#, token: token)
        #expect(pause.status == (level == "viewer" ? 403 : 200), "\(level): \(pause)")
        let made = try await scene.post(
          "/api/v1/tokens", #"{"name": "by-\#(level)", "level": "admin"}"#, token: token)
        #expect(made.status == (level == "admin" ? 201 : 403), "\(level): \(made)")
        #expect(try await scene.get("/api/v1/audit", token: token).status == (level == "admin" ? 200 : 403), "\(level)")
      }
      // Who did it stands with what was done, and with what was refused.
      let actor: String = try await scene.connection.one(
        "SELECT actor FROM queue.event WHERE kind = 'paused' ORDER BY event_id DESC LIMIT 1"
      ).decode("actor")
      #expect(actor.hasPrefix("operator-1 by "), "\(actor)")
      let refused = try await scene.connection.query(
        "SELECT outcome FROM service.audit WHERE actor = 'viewer-1' AND act = 'pause'")
      #expect(try refused.map { try $0.decode("outcome", as: String.self).hasPrefix("403") } == [true])
      #expect(try await scene.count("service.audit WHERE act = 'pause' AND outcome = 'done'") == 2)
    }
  }

  /// A page that forgot to ask who may do what changes nothing: the database does not let the role.
  @Test func theDatabaseHoldsAViewerBack() async throws {
    let connection = try await TestDatabase.current.connect()
    for (role, may) in [("aker_reader", false), ("aker_operator", true), ("aker_admin", true)] {
      let result: Bool = try await connection.one(
        "SELECT has_function_privilege($1, 'queue.pause_queue(text)', 'EXECUTE') AS may", [role]
      ).decode("may")
      #expect(result == may, "\(role)")
    }
    for function in [
      "service.create_token(text, text, bytea, interval)", "service.authenticate(bytea)",
      "queue.prune(interval, integer)",
    ] {
      let may: Bool = try await connection.one(
        "SELECT has_function_privilege('aker_operator', $1, 'EXECUTE') AS may", [function]
      ).decode("may")
      #expect(!may, "\(function)")
    }
    let reads: Bool = try await connection.one(
      "SELECT has_table_privilege('aker_admin', 'service.token', 'SELECT') AS may"
    ).decode("may")
    #expect(!reads)
    await connection.close()
  }

  @Test func withoutAValidTokenNobodyIsLetIn() async throws {
    try await ServiceScene.serving(Self.locked) { scene in
      let token = try await scene.token("viewer")
      let none = try await scene.get("/api/v1/workers")
      #expect(try await scene.post("/api/v1/pause", #"{"queue": true}"#, token: nil).status == 401)
      #expect(try await scene.count("service.audit") == 0)
      #expect(none.status == 401 && none.headers["www-authenticate"] == "Bearer", "\(none)")
      #expect(none.headers["content-type"] == "application/problem+json")
      #expect(none.json.at("hint")?.text?.contains("aker token create") == true)
      #expect(try await scene.get("/metrics").status == 401)
      #expect(try await scene.get("/livez").status == 200)
      #expect(try await scene.get("/api/v1/workers", token: token).status == 200)
      try await scene.connection.execute("UPDATE service.token SET expires_at = now() - interval '1 second'")
      #expect(try await scene.get("/api/v1/workers", token: token).status == 401)
      try await scene.connection.execute("UPDATE service.token SET expires_at = now() + interval '1 day'")
      #expect(try await scene.get("/api/v1/workers", token: token).status == 200)
      _ = try await scene.connection.query("SELECT service.revoke_token('viewer-1')")
      #expect(try await scene.get("/api/v1/workers", token: token).status == 401)
      // The hash is kept, and the token is not.
      #expect(
        try await scene.count("service.token WHERE position(convert_to('\(token)', 'UTF8') IN token_hash) > 0") == 0)
    }
  }

  @Test func whoTriesManyTokensIsHeldUp() async throws {
    try await ServiceScene.serving(Self.locked) { scene in
      let token = try await scene.token("viewer")
      var statuses: [Int] = []
      for number in 0..<12 { statuses.append(try await scene.get("/api/v1/workers", token: "wrong\(number)").status) }
      #expect(statuses == Array(repeating: 401, count: 10) + [429, 429])
      // Also with the right one: else it would tell which that is.
      let held = try await scene.get("/api/v1/workers", token: token)
      #expect(held.status == 429 && held.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0, "\(held)")
      // Who is not known cannot fill the audit.
      #expect(try await scene.post("/api/v1/pause", #"{"queue": true}"#, token: nil).status == 429)
      #expect(try await scene.count("service.audit") == 10)
    }
  }

  @Test func oneOfManyBehindAProxyDoesNotHoldUpTheOthers() async throws {
    let rules = AccessRules(anonymous: nil, proxyHeader: "X-User")
    try await ServiceScene.serving(rules) { scene in
      let token = try await scene.token("viewer")
      func ask(_ token: String?, from chain: String, _ headers: String...) async throws -> Int {
        try await scene.ask(
          "GET", "/api/v1/workers", token: token, headers: ["X-Forwarded-For: \(chain)"] + headers
        ).status
      }
      for number in 0..<10 { #expect(try await ask("wrong\(number)", from: "198.51.100.7") == 401) }
      #expect(try await ask(token, from: "198.51.100.7") == 429)
      // What stands before the last address that is no proxy's, anybody can have written.
      #expect(try await ask(token, from: "198.51.100.8, 198.51.100.7, ::ffff:127.0.0.1") == 429)
      #expect(try await ask(token, from: "198.51.100.8") == 200)
      #expect(try await ask(nil, from: "198.51.100.7", "X-User: mia") == 200)
      // Of IPv6, whoever has one address has 2^64.
      for number in 0..<10 { #expect(try await ask("wrong\(number)", from: "2001:db8::\(number + 1)") == 401) }
      #expect(try await ask(token, from: "2001:db8::ff") == 429)
      #expect(try await ask(token, from: "2001:db8:0:1::1") == 200)
      let audited = try await scene.count("service.audit WHERE address = '198.51.100.7'")
      #expect(audited == 0, "who only looks is not in the audit")
    }
    // Who is no declared proxy is who it is.
    try await ServiceScene.serving(Self.locked) { scene in
      for number in 0..<10 {
        _ = try await scene.get("/api/v1/workers", token: "wrong", "X-Forwarded-For: 198.51.100.\(number)")
      }
      #expect(try await scene.get("/api/v1/workers", token: "wrong", "X-Forwarded-For: 192.0.2.1").status == 429)
    }
  }

  @Test func aStreamEndsWithItsToken() async throws {
    try await ServiceScene.serving(Self.locked) { scene in
      let tokens = [try await scene.token("viewer"), try await scene.token("operator")]
      func listening(_ token: String, _ path: String) async throws -> Program {
        try await Program.start(
          "curl", ["-sN", "--max-time", "120", "-H", "Authorization: Bearer \(token)", scene.url + path])
      }
      let streams = [
        try await listening(tokens[0], "/api/v1/events"), try await listening(tokens[0], "/live"),
        try await listening(tokens[1], "/api/v1/events"),
      ]
      try await eventually("all of them listen") {
        try await scene.get("/metrics", token: tokens[1]).body.contains("aker_event_listeners 3")
      }
      _ = try await scene.connection.query("SELECT service.revoke_token('viewer-1')")
      for stream in streams.prefix(2) {
        let ended = try await stream.wait()
        #expect(ended.exitCode == 0, "\(ended)")
      }
      let metrics = try await scene.get("/metrics", token: tokens[1])
      #expect(metrics.body.contains("aker_event_listeners 1"))
      streams[2].send(SIGKILL)
      _ = try await streams[2].wait()
    }
  }

  @Test func itDoesNotServeOtherHostsWithoutTokens() async throws {
    var environment = ["AKER_POSTGIS_DSN": TestDatabase.current.dsn, "AKER_HOME": PackageRoot.path + "/.aker"]
    environment["PATH"] = ProcessInfo.processInfo.environment["PATH"]
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
      let result = try await Program.run(
        Executable.aker, ["serve", "--listen", address], environment: environment, directory: PackageRoot.path)
      #expect(result.exitCode == 64, "\(result)")
      #expect(result.errorOutput.contains("not without authentication"), "\(result)")
      #expect(result.errorOutput.contains("aker token create"), "\(result)")
    }
  }

  @Test func aPageOfAnotherSiteDoesNothing() async throws {
    try await ServiceScene.serving { scene in
      let body = #"{"queue": true}"#
      for header in ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Origin: null"] {
        #expect(try await scene.post("/api/v1/pause", body, token: nil, header).status == 403, "\(header)")
      }
      // A form needs no permission to be sent elsewhere, and is no JSON.
      let form = try await scene.ask(
        "POST", "/api/v1/pause", headers: ["Content-Type: text/plain", "Content-Length: 0"])
      #expect(form.status == 415, "\(form)")
      // A name that was made to point here.
      #expect(try await scene.get("/api/v1/workers", token: nil, "Host: evil.example").status == 421)
      #expect(try await scene.count("queue.setting WHERE paused_at IS NOT NULL") == 0)
      let own = String(scene.url.dropFirst("http://".count))
      let fine = try await scene.post(
        "/api/v1/pause", body, token: nil, "Origin: http://\(own)", "Sec-Fetch-Site: same-origin")
      #expect(fine.status == 200, "\(fine)")
    }
  }

  @Test func aTrustedProxySaysWhoAsks() async throws {
    let rules = AccessRules(anonymous: nil, proxyHeader: "X-User", proxyLevelHeader: "X-Level")
    try await ServiceScene.serving(rules) { scene in
      #expect(try await scene.get("/api/v1/workers", token: nil, "X-User: mia").status == 200)
      #expect(try await scene.post("/api/v1/pause", #"{"queue": true}"#, token: nil, "X-User: mia").status == 403)
      let done = try await scene.post(
        "/api/v1/pause", #"{"queue": true}"#, token: nil, "X-User: mia", "X-Level: operator")
      #expect(done.status == 200, "\(done)")
      #expect(try await scene.count("service.audit WHERE actor = 'mia' AND outcome = 'done'") == 1)
    }
    let elsewhere = AccessRules(anonymous: nil, proxyHeader: "X-User", proxyAddresses: ["192.0.2.1"])
    try await ServiceScene.serving(elsewhere) { scene in
      let answer = try await scene.get("/api/v1/workers", token: nil, "X-User: mia")
      #expect(answer.status == 401)
    }
  }

  /// A login of its own, that owns nothing: what an administrator gives a service.
  @Test func aLoginThatIsGrantedAdminServes() async throws {
    let database = TestDatabase.current
    let owner = try await database.connect()
    let name = "\(database.name)_service"
    try await owner.executeScript("CREATE ROLE \"\(name)\" LOGIN; GRANT aker_admin TO \"\(name)\"")
    let login = PostgresConfiguration(dsn: "host=\(database.cluster.directory) user=\(name) dbname=\(database.name)")
    try await ServiceScene.serving(Self.locked, login: login) { scene in
      let viewer = try await scene.token("viewer")
      let admin = try await scene.token("admin")
      #expect(try await scene.get("/api/v1/status", token: viewer).status == 200)
      #expect(try await scene.post("/api/v1/pause", #"{"queue": true}"#, token: admin).status == 200)
      #expect(try await scene.get("/readyz").status == 503)
    }
    try await owner.executeScript("DROP OWNED BY \"\(name)\"; DROP ROLE \"\(name)\"")
    await owner.close()
  }
}
