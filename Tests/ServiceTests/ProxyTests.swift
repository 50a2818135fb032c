import Base
import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing
import WebService

/// Behind a proxy that serves other things, too, with the files of deploy/proxy.
@Suite(.database)
struct ProxyTests {
  enum Proxy: String, CaseIterable {
    case nginx, haproxy

    var program: String { "/usr/sbin/\(rawValue)" }
    var isThere: Bool { FileManager.default.isExecutableFile(atPath: program) }

    /// What deploy/proxy has, with other ports, in a folder of its own.
    func start(_ folder: String, port: Int, upstream: String) async throws -> Program {
      let file = "/deploy/proxy/" + (self == .nginx ? "nginx.conf" : "haproxy.cfg")
      let bytes = FileManager.default.contents(atPath: PackageRoot.path + file) ?? Data()
      var text = String(decoding: bytes, as: UTF8.self)
      for (old, new) in [
        ("listen 80;", "listen 127.0.0.1:\(port);"), ("bind :80\n", "bind 127.0.0.1:\(port)\n"),
        ("127.0.0.1:8420", upstream),
      ] where text.contains(old) {
        text = text.replacing(old, with: new)
      }
      let own = folder + "/" + rawValue
      switch self {
      case .nginx:
        try write(text, own + ".site")
        try write(
          """
          daemon off; master_process off; pid \(own).pid; error_log stderr;
          events {}
          http {
            access_log off; client_body_temp_path \(own)-body; proxy_temp_path \(own)-proxy;
            fastcgi_temp_path \(own)-f; uwsgi_temp_path \(own)-u; scgi_temp_path \(own)-s;
            include \(own).site;
          }
          """, own)
        return try await Program.start(program, ["-c", own, "-e", "stderr"])
      case .haproxy:
        try write(text, own)
        return try await Program.start(program, ["-db", "-f", own])
      }
    }

    private func write(_ text: String, _ path: String) throws {
      guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
        throw TestFailure("\(path) cannot be written")
      }
    }
  }

  /// A port that was free a moment ago.
  private static func freePort() throws -> Int {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port = withUnsafeMutablePointer(to: &address) { pointer -> UInt16? in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        guard bind(socket, pointer, length) == 0, getsockname(socket, pointer, &length) == 0 else { return nil }
        return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
      }
    }
    return Int(try #require(port))
  }

  /// The service of the scene as the proxy shows it, and a folder for files.
  private func behind(
    _ proxy: Proxy, _ service: ServiceScene, _ body: (ServiceScene, String) async throws -> Void
  ) async throws {
    let folder = "/tmp/aker-proxy-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let port = try Self.freePort()
    let upstream = try #require(service.url.firstMatch(of: #/127\.0\.0\.1:\d+/#)).output
    let running = try await proxy.start(folder, port: port, upstream: String(upstream))
    do {
      let scene = ServiceScene(connection: service.connection, url: "http://127.0.0.1:\(port)")
      try await eventually("the proxy answers") {
        (try? await scene.get("/aker/livez").status) == 200
      }
      try await body(scene, folder)
    } catch {
      running.send(SIGTERM)
      _ = try? await running.wait()
      throw error
    }
    running.send(SIGTERM)
    _ = try await running.wait()
  }

  private static let areThere = Proxy.allCases.allSatisfy(\.isThere)
  private static let missing: Comment = "nginx or haproxy is not installed: scripts/setup --tests installs them"

  @Test(.enabled(if: areThere, missing), .whateverHappens, arguments: Proxy.allCases)
  func pagesFormsAndEventsComeThrough(proxy: Proxy) async throws {
    try await ServiceScene.serving(AccessRules(anonymous: nil), prefix: "/aker") { service in
      try await service.enqueue()
      try await service.failAll()
      try await behind(proxy, service, look)
    }
  }

  /// A real one: the grid with its files, forms with and without a script, and a change that is seen without a reload.
  @Test(.enabled(if: areThere, missing), .whateverHappens, arguments: Proxy.allCases)
  func aBrowserComesThrough(proxy: Proxy) async throws {
    try await ServiceScene.serving(AccessRules(anonymous: .admin), prefix: "/aker") { service in
      try await MapTests.world(service)
      try await behind(proxy, service) { scene, _ in
        let result = try await Program.run(
          "python3",
          [
            PackageRoot.path + "/Tests/Browser/dashboard.py", scene.url + "/aker", "--only",
            "weight,three_clicks,live,seven_tabs,without_script",
          ],
          environment: ["PYTHONPATH": PythonProgram.folder("playwright")])
        #expect(result.exitCode == 0 && result.output.contains("first page: "), "\(result)")
      }
    }
  }

  private func look(_ scene: ServiceScene, _ folder: String) async throws {
    let bare = try await scene.get("/aker")
    #expect(bare.status == 301 && bare.headers["location"]?.hasSuffix("/aker/") == true, "\(bare)")
    // Signed in, with cookies of the prefix alone.
    let stranger = try await scene.get("/aker/tasks/1")
    #expect(stranger.status == 401, "\(stranger)")
    let form = try #require(cookie("aker_form", stranger))
    let token = try await scene.token("operator")
    let typed = ["Content-Type: application/x-www-form-urlencoded", "Origin: \(scene.url)"]
    let entered = try await scene.ask(
      "POST", "/aker/sign-in", body: "token=\(token)&back=/aker/tasks/1", headers: typed + ["Cookie: aker_form=\(form)"]
    )
    #expect(entered.status == 303 && entered.headers["location"] == "/aker/tasks/1", "\(entered)")
    #expect(entered.headers["set-cookie"]?.contains("Path=/aker/") == true, "\(entered)")
    let cookies = "Cookie: aker_form=\(form); aker_token=\(token)"
    // Every address of every page is the proxy's.
    for path in ["/", "/tasks/1", "/backfills", "/datasets/income", "/datasets/income/2001", "/sources", "/explore"] {
      let page = try await scene.get("/aker" + path, token: nil, cookies)
      #expect(page.status == 200, "\(path): \(page)")
      let outside = page.body.matches(of: #/(?:href|src|action)="(?!/aker/|#|https?:)([^"]*)"/#).map { $0.output.0 }
      #expect(outside == [], "\(path): \(outside)")
    }
    let page = try await scene.get("/aker/", token: nil, cookies)
    for match in page.body.matches(of: #/(?:href|src)="(/aker/assets/[^"]+)"/#) {
      #expect(try await scene.get(String(match.1)).status == 200, "\(match.1)")
    }
    // Live: what is told comes while the stream is open.
    let file = folder + "/live"
    let listener = try await Program.start(
      "curl", ["-s", "-N", "--max-time", "120", "-H", cookies, "-o", file, scene.url + "/aker/live"])
    var pauses = 0
    try await eventually("a change comes through") {
      pauses += 1
      _ = try await scene.connection.query("SELECT queue.pause_dataset('income', 'lunch \(pauses)')")
      try await Task.sleep(for: .milliseconds(200))
      return String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self).contains("lunch")
    }
    listener.send(SIGTERM)
    _ = try await listener.wait()
    // A form of this page acts; one without its token, or of another site's page, does not.
    let act = "act=retry&task=1&key=k&back=/aker/"
    for (fields, origin) in [(act, scene.url), (act + "&form=\(form)", "http://evil.example")] {
      let refused = try await scene.ask(
        "POST", "/aker/act", body: fields, headers: [typed[0], "Origin: \(origin)", cookies])
      #expect(refused.status == 403, "\(fields) \(origin): \(refused)")
    }
    #expect(try await scene.count("queue.task WHERE state = 'failed'") == 3)
    let done = try await scene.ask("POST", "/aker/act", body: act + "&form=\(form)", headers: typed + [cookies])
    #expect(done.status == 303 && done.headers["location"]?.hasPrefix("/aker/tasks/1?did=retry") == true, "\(done)")
    #expect(try await scene.count("queue.task WHERE state = 'failed'") == 2)
    // What is not the service's is not asked of it.
    #expect(try await scene.get("/other").status >= 404)
  }

  private func cookie(_ name: String, _ answer: ServiceScene.Answer) -> String? {
    answer.headers["set-cookie"].flatMap {
      $0.firstMatch(of: try! Regex("\(name)=([^;]+)"))?[1].substring.map(String.init)
    }
  }
}
