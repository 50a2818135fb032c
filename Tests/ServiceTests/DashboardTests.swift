import Base
import FoundationEssentials
import Postgres
import TestSupport
import Testing
import WebService

/// The pages, by a real browser and by curl.
@Suite(.database)
struct DashboardTests {
  private static func world(_ scene: ServiceScene) async throws {
    try await MapTests.world(scene)
  }

  /// Each page and act in light and dark, at 1400 and 390 pixels, with and without JavaScript, with axe.
  @Test(.whateverHappens) func everyPageAndActInABrowser() async throws {
    try await ServiceScene.serving(AccessRules(anonymous: .admin), prefix: "/aker") { scene in
      try await Self.world(scene)
      let result = try await Program.run(
        "python3", [PackageRoot.path + "/Tests/Browser/dashboard.py", scene.url],
        environment: ["PYTHONPATH": PythonProgram.folder("playwright")])
      #expect(result.exitCode == 0, "\(result)")
    }
  }

  @Test func whoHasNoTokenIsAskedForOne() async throws {
    try await ServiceScene.serving(AccessRules(anonymous: nil)) { scene in
      try await scene.enqueue()
      try await scene.failAll()
      let stranger = try await scene.get("/tasks/1")
      #expect(stranger.status == 401 && stranger.body.contains("name=\"token\""), "\(stranger)")
      let form = try #require(cookie("aker_form", stranger))
      func send(_ path: String, _ fields: String, _ cookies: String, _ headers: String...) async throws
        -> ServiceScene.Answer
      {
        try await scene.ask(
          "POST", path, body: fields,
          headers: ["Content-Type: application/x-www-form-urlencoded", "Cookie: \(cookies)"] + headers)
      }
      // A wrong token, and then a right one.
      let wrong = try await send("/sign-in", "token=aker_x&back=/tasks/1", "aker_form=\(form)")
      #expect(wrong.status == 401 && wrong.body.contains("not valid"), "\(wrong)")
      let token = try await scene.token("operator")
      let entered = try await send("/sign-in", "token=\(token)&back=//evil.example/", "aker_form=\(form)")
      #expect(entered.status == 303 && entered.headers["location"] == "/", "\(entered)")
      let held = try #require(entered.headers["set-cookie"])
      #expect(held.contains("HttpOnly") && held.contains("SameSite=Strict"), "\(held)")
      let cookies = "aker_form=\(form); aker_token=\(token)"
      let page = try await scene.get("/tasks/1", token: nil, "Cookie: \(cookies)")
      #expect(page.status == 200 && page.body.contains("operator-1"), "\(page)")

      // The cookie is of no use to the API, nor to a form of another page or site.
      let api = try await scene.ask("POST", "/api/v1/retry", body: "{\"task\": 1}", headers: ["Cookie: \(cookies)"])
      #expect(api.status == 401, "\(api)")
      let act = "act=retry&task=1&key=k&back=/"
      for (fields, headers) in [
        (act, []), (act + "&form=0123456789abcdef0123456789abcdef", []),
        (act + "&form=\(form)", ["Origin: http://evil.example"]),
        (act + "&form=\(form)", ["Sec-Fetch-Site: cross-site"]),
      ] {
        let refused = try await scene.ask(
          "POST", "/act", body: fields,
          headers: ["Content-Type: application/x-www-form-urlencoded", "Cookie: \(cookies)"] + headers)
        #expect(refused.status == 403, "\(fields) \(headers): \(refused)")
      }
      #expect(try await scene.count("queue.task WHERE state = 'failed'") == 3)
      // Twice the same button is one act.
      for _ in 0..<2 {
        let done = try await send("/act", act + "&form=\(form)", cookies)
        #expect(done.status == 303 && done.headers["location"] == "/tasks/1?did=retry&tasks=1", "\(done)")
      }
      #expect(try await scene.count("queue.task WHERE state = 'failed'") == 2)
      #expect(try await scene.count("service.audit WHERE act = 'retry' AND outcome = 'done'") == 1)
    }
  }

  /// A HEAD is answered as its GET would be, without the body; and who types an address wrong is led on, in HTML.
  @Test func whatCanBeLookedAtCanBeAskedForItsHead() async throws {
    try await ServiceScene.serving(prefix: "/aker") { scene in
      try await scene.enqueue()
      for path in ["/", "/tasks", "/tasks/1", "/datasets/income/2001", "/sign-in", "/tasks/999999"] {
        let page = try await scene.get(path)
        let head = try await scene.ask("HEAD", path)
        #expect(head.status == page.status && head.body.isEmpty, "\(path): \(head)")
        #expect(head.headers["content-type"] == page.headers["content-type"], "\(path): \(head)")
        // The token of a form is another each time, and as long.
        #expect(head.headers["content-length"] == page.headers["content-length"], "\(path): \(head)")
      }
      for path in ["/tsks", "/datasets/income/2001/x/y", "/..%2f", "/%3Cscript%3E"] {
        let browser = try await scene.get(path, token: nil, "Accept: text/html,application/xhtml+xml")
        #expect(browser.status == 404 && browser.headers["content-type"]?.hasPrefix("text/html") == true, "\(browser)")
        #expect(
          browser.body.contains("there is no page at /aker") && browser.body.contains("href=\"/aker/\""), "\(browser)")
        #expect(
          !browser.body.contains("<script>") && browser.headers["content-security-policy"]?.contains("'self'") == true)
        let program = try await scene.get(path)
        #expect(program.status == 404 && program.headers["content-type"] == "application/problem+json", "\(program)")
      }
      let api = try await scene.get("/api/v1/tsks", token: nil, "Accept: text/html")
      #expect(api.status == 404 && api.headers["content-type"] == "application/problem+json", "\(api)")
    }
  }

  @Test func aTasksPageTellsWhatItsAttemptsLogged() async throws {
    try await ServiceScene.serving { scene in
      try await Self.world(scene)
      let task = try await scene.connection.query(
        "SELECT min(task_id) AS id FROM queue.task WHERE dataset = 'rent_index' AND state = 'failed'")[0]
      let page = try await scene.get("/tasks/\(try task.decode("id", as: Int.self))")
      #expect(page.status == 200 && page.body.contains("attempt 1: 2 lines"), "\(page)")
      #expect(page.body.contains("<b>info</b> asking &lt;b&gt;files.example.org&lt;/b&gt;"), "\(page)")
    }
  }

  @Test func aViewerSeesNoButtonsAndCannotAct() async throws {
    try await ServiceScene.serving(AccessRules(anonymous: .viewer)) { scene in
      try await scene.enqueue()
      try await scene.failAll()
      let page = try await scene.get("/tasks/1")
      #expect(page.status == 200 && !page.body.contains("act=retry"), "\(page)")
      let form = try #require(cookie("aker_form", page))
      let refused = try await scene.ask(
        "POST", "/act", body: "act=retry&task=1&form=\(form)",
        headers: ["Content-Type: application/x-www-form-urlencoded", "Cookie: aker_form=\(form)"])
      #expect(refused.status == 403, "\(refused)")
      for path in ["/audit", "/tokens"] { #expect(try await scene.get(path).status == 403, "\(path)") }
    }
  }

  @Test func pagesAndTheirFilesAreKeptAndCompressed() async throws {
    try await ServiceScene.serving(prefix: "/aker") { scene in
      try await scene.enqueue()
      let page = try await scene.get("/tasks")
      #expect(
        page.headers["content-security-policy"]
          == "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'", "\(page.headers)")
      #expect(page.headers["x-content-type-options"] == "nosniff")
      let form = try #require(cookie("aker_form", page))
      let again = try await scene.get("/tasks", token: nil, "Cookie: aker_form=\(form)")
      let tag = try #require(again.headers["etag"])
      #expect(
        try await scene.get("/tasks", token: nil, "Cookie: aker_form=\(form)", "If-None-Match: \(tag)").status == 304)
      // What is named by its contents is kept for good.
      for match in page.body.matches(of: #/(?:href|src)="/aker(/assets/[^"]+)"/#) {
        let asset = try await scene.get(String(match.1))
        #expect(asset.status == 200 && asset.headers["cache-control"]?.contains("immutable") == true, "\(match.1)")
        let packed = try await scene.get(String(match.1), token: nil, "Accept-Encoding: gzip")
        #expect(packed.headers["content-encoding"] == "gzip", "\(match.1)")
      }
      #expect(page.body.matches(of: #/="/aker/assets//#).count == 3)
    }
  }

  private func cookie(_ name: String, _ answer: ServiceScene.Answer) -> String? {
    answer.headers["set-cookie"].flatMap {
      $0.firstMatch(of: try! Regex("\(name)=([^;]+)"))?[1].substring.map(String.init)
    }
  }
}
