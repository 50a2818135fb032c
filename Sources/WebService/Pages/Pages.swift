internal import Base
internal import Dashboard
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The dashboard: pages made of what operations answer. It asks the database nothing by itself.
struct Pages: Sendable {
  let desk: Desk
  let hub: EventHub
  let site: Site
  /// How long a form may take to come whole.
  let patience: Duration
  let kept = KeptAnswers()

  typealias Respond = @Sendable (Request, APIContext) async throws -> Response

  /// A request for a page: who looks, and what they asked for.
  struct Visit: Sendable {
    /// With the token of the cookie as if it had been sent as one.
    var head: HTTPRequest
    var address: String
    var caller: Caller
    var frame: Frame
    var fields: Fields
    /// Whether the browser is to be given its form token.
    var isNew: Bool
    /// Whether it is a page that asks for itself again, since something changed.
    var isLive: Bool
  }

  static let policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
  private static let tokenCookie = "aker_token"
  private static let formCookie = "aker_form"

  /// - Parameter on: adds a route.
  func add(_ on: (String, HTTPRequest.Method, @escaping Respond) -> Void) {
    func page(_ path: String, _ make: @escaping @Sendable (Visit, APIContext) async throws -> HTML) {
      on(path, .get) { request, context in
        try await visiting(request, context) { visit in (.ok, try await make(visit, context)) }
      }
    }
    page("/") { visit, _ in try await grid(visit) }
    page("/backfills") { visit, _ in try await backfills(visit) }
    page("/backfills/new") { visit, _ in try await newBackfill(visit) }
    page("/backfills/{backfill}") { visit, context in try await backfill(visit, context) }
    page("/tasks") { visit, _ in try await tasks(visit) }
    page("/tasks/{task}") { visit, context in try await task(visit, context) }
    page("/batches/{batch}") { visit, context in try await batch(visit, context) }
    page("/datasets") { visit, _ in try await datasets(visit) }
    page("/datasets/{dataset}") { visit, context in try await dataset(visit, context) }
    page("/datasets/{dataset}/{year}") { visit, context in try await partition(visit, context) }
    page("/map") { visit, _ in try await map(visit) }
    page("/flows/{flow}") { visit, context in try await flow(visit, context) }
    page("/explore") { visit, _ in try await explore(visit) }
    on("/explore", .post) { request, context in try await ask(request, context) }
    for list in Frame.Place.lists { page("/" + list.rawValue) { visit, _ in try await self.list(list, visit) } }
    page("/preview") { visit, _ in try await preview(visit) }
    page("/sign-in") { visit, _ in
      SmallPages.signIn(visit.frame, failure: nil, back: site.safe(visit.fields["back"]))
    }
    on("/select", .post) { request, context in
      try await visiting(request, context) { visit in (.ok, try await preview(visit)) }
    }
    on("/act", .post) { request, context in try await act(request, context) }
    on("/tokens", .post) { request, context in
      try await visiting(request, context, isAct: true) { visit in (.ok, try await makeToken(visit)) }
    }
    on("/sign-in", .post) { request, context in try await signIn(request, context) }
    on("/sign-out", .post) { request, context in
      try await visiting(request, context, isAct: true) { _ in throw Leave(to: site.path(""), isSignedOut: true) }
    }
    on("/live", .get) { request, context in try await live(request, context) }
    for asset in Asset.all { on("/assets/" + asset.name, .get) { request, _ in Self.respond(asset, request) } }
  }

  /// Away from here, instead of a page.
  struct Leave: Error {
    var to: String
    var token: String?
    var isSignedOut = false
  }

  // MARK: Who looks

  func visiting(
    _ request: Request, _ context: APIContext, isAct: Bool = false, admits: Bool = true,
    _ make: (Visit) async throws -> (HTTPResponse.Status, HTML)
  ) async throws -> Response {
    let began = ContinuousClock.now
    var response = try await answering(request, context, isAct: isAct, admits: admits) { visit in
      let (status, html) = try await make(visit)
      return respond(html, status, visit, request)
    }
    response.headers[.serverTiming] = Self.timing(since: began)
    return response
  }

  /// - Parameter isAct: whether its form must carry the token that its cookie has.
  func answering(
    _ request: Request, _ context: APIContext, isAct: Bool = false, admits: Bool = true,
    _ make: (Visit) async throws -> Response
  ) async throws -> Response {
    var visit: Visit?
    do {
      let made = try await self.visit(request, context, isAct: isAct, admits: admits)
      visit = made
      return try await make(made)
    } catch let leave as Leave {
      return self.leave(leave, request)
    } catch {
      let problem = Problem(error)
      let shown = visit ?? stranger(request, context)
      let gaveToken = shown.frame.isSignedIn || shown.fields.has("token") || request.headers[.authorization] != nil
      let html =
        problem.status == .unauthorized
        ? SmallPages.signIn(shown.frame, failure: gaveToken ? problem.detail : nil, back: back(from: shown))
        : SmallPages.problem(
          shown.frame, title: Self.title(problem.status), detail: problem.detail, hint: problem.hint,
          causes: problem.causes, back: shown.fields["back"])
      var response = respond(html, problem.status, shown, request)
      for (name, value) in problem.headers where name != .wwwAuthenticate { response.headers[name] = value }
      // A token that is not valid any more would be held against its address with each page.
      if problem.status == .unauthorized, shown.frame.isSignedIn {
        response.headers[.setCookie] = cookie(Self.tokenCookie, "", request) + "; Max-Age=0"
      }
      return response
    }
  }

  private func back(from visit: Visit) -> String {
    let here = visit.frame.here.hasPrefix(site.path("sign-in")) ? site.path("") : visit.frame.here
    return site.safe(visit.fields["back"] ?? here)
  }

  private static func title(_ status: HTTPResponse.Status) -> String {
    switch status {
    case .notFound: "There is no such thing"
    case .forbidden: "Not allowed"
    case .conflict: "It is not in that state"
    case .unprocessableContent, .badRequest: "That makes no sense"
    default: "It did not work"
    }
  }

  private func visit(_ request: Request, _ context: APIContext, isAct: Bool, admits: Bool) async throws -> Visit {
    var visit = stranger(request, context)
    if request.method == .post { visit.fields = try await form(request, context) }
    if isAct {
      guard let told = visit.fields["form"], !visit.isNew, told == visit.frame.formToken else {
        throw Problem(
          .forbidden, "the form is not of this page, or too old",
          hint: "Go back, load the page again, and try once more.")
      }
    }
    guard admits else { return visit }
    visit.caller = try await desk.gate.admit(visit.head, from: context.address, isAct: isAct)
    visit.frame.name = visit.caller.name
    visit.frame.mayAct = visit.caller.level >= .operator
    visit.frame.isAdmin = visit.caller.level >= .admin
    return visit
  }

  /// Before it is known who asks.
  private func stranger(_ request: Request, _ context: APIContext) -> Visit {
    let cookies = Self.cookies(request)
    var head = request.head
    if head.headerFields[.authorization] == nil, let token = cookies[Self.tokenCookie], !token.isEmpty {
      head.headerFields[.authorization] = "Bearer \(token)"
    }
    let known = cookies[Self.formCookie].flatMap { $0.count == 32 ? $0 : nil }
    let fields = Fields(form: request.uri.query ?? "")
    return Visit(
      head: head, address: context.address, caller: Caller(name: "", level: .viewer, address: context.address),
      frame: Frame(
        site: site, name: "nobody", mayAct: false, isAdmin: false,
        isSignedIn: cookies[Self.tokenCookie]?.isEmpty == false, formToken: known ?? Self.random(),
        here: request.method == .get ? Self.here(request.head.path ?? site.path("")) : site.path(""),
        said: Self.said(fields)),
      fields: fields, isNew: known == nil,
      isLive: request.headers[HTTPField.Name("X-Aker-Live")!] != nil)
  }

  /// Without what an act before said.
  private static func here(_ path: String) -> String {
    path.firstRange(of: /[?&]did=/).map { String(path[..<$0.lowerBound]) } ?? path
  }

  /// What an act before this page did: its kind and a number alone, so that no address can put words into the page.
  private static func said(_ fields: Fields) -> HTML? {
    guard let kind = fields["did"], let count = fields["tasks"].flatMap({ Int($0) }) else { return nil }
    let tasks = count.counted("task")
    switch kind {
    case "retry": return "Done: \(tasks) will run again."
    case "cancel": return "Done: \(tasks) cancelled."
    case "pause": return "Done: \(tasks) held."
    case "resume": return "Done: \(tasks) freed."
    case "prioritize": return "Done: \(tasks) go first."
    case "backfill": return "Done: \(tasks) enqueued."
    default: return "Done."
    }
  }

  private func signIn(_ request: Request, _ context: APIContext) async throws -> Response {
    try await visiting(request, context, admits: false) { visit in
      var head = visit.head
      let token = visit.fields["token"] ?? ""
      head.headerFields[.authorization] = "Bearer \(token)"
      _ = try await desk.gate.admit(head, from: context.address, isAct: true)
      throw Leave(to: site.safe(visit.fields["back"]), token: token)
    }
  }

  private func live(_ request: Request, _ context: APIContext) async throws -> Response {
    let visit = stranger(request, context)
    let caller = try await desk.gate.admit(visit.head, from: context.address, isAct: false)
    return Routes.stream(try await hub.listen(after: request.headers[.lastEventID], as: caller))
  }

  private static func cookies(_ request: Request) -> [String: String] {
    var cookies: [String: String] = [:]
    for part in (request.headers[.cookie] ?? "").split(separator: ";") {
      let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      if pair.count == 2 { cookies[String(pair[0])] = String(pair[1]) }
    }
    return cookies
  }

  static func random() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let digits = String(UInt64.random(in: .min ... .max, using: &generator), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  private func form(_ request: Request, _ context: APIContext) async throws -> Fields {
    let type = request.headers[.contentType]?.split(separator: ";").first.map(String.init)
    guard type == "application/x-www-form-urlencoded" else {
      throw Problem(.unsupportedMediaType, "a form is to be sent as forms are")
    }
    return Fields(form: try await Routes.body(of: request, within: patience, context))
  }

  // MARK: Answers

  func respond(_ html: HTML, _ status: HTTPResponse.Status, _ visit: Visit, _ request: Request) -> Response {
    var headers: HTTPFields = [
      .contentType: "text/html; charset=utf-8", .cacheControl: "private, no-cache", .contentSecurityPolicy: Self.policy,
      .referrerPolicy: "same-origin", .vary: "Accept-Encoding, Cookie",
    ]
    if visit.isNew { headers[.setCookie] = cookie(Self.formCookie, visit.frame.formToken, request) }
    if request.method == .post { headers[.cacheControl] = "no-store" }
    if status == .ok, request.method == .get {
      let tag = "\"\(SHA256.hash(html.text).prefix(32))\""
      headers[.eTag] = tag
      if request.headers[.ifNoneMatch]?.contains(tag) == true {
        return Response(status: .notModified, headers: headers)
      }
    }
    return Self.packed(Array(html.text.utf8), nil, status, headers, request)
  }

  private static func packed(
    _ bytes: [UInt8], _ compressed: [UInt8]?, _ status: HTTPResponse.Status, _ headers: HTTPFields, _ request: Request
  ) -> Response {
    var headers = headers
    let accepts = request.headers[.acceptEncoding]?.contains("gzip") == true
    if accepts { headers[.contentEncoding] = "gzip" }
    let body = accepts ? compressed ?? Gzip.compressed(bytes) : bytes
    return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
  }

  private static func respond(_ asset: Asset, _ request: Request) -> Response {
    let tag = "\"\(asset.version)\""
    let headers: HTTPFields = [
      .contentType: asset.type, .cacheControl: "public, max-age=31536000, immutable", .eTag: tag,
      .vary: "Accept-Encoding", .contentSecurityPolicy: policy,
    ]
    if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: headers) }
    return packed(asset.bytes, asset.compressed, .ok, headers, request)
  }
  private func leave(_ leave: Leave, _ request: Request) -> Response {
    var headers: HTTPFields = [.location: leave.to, .cacheControl: "no-store", .contentSecurityPolicy: Self.policy]
    if let token = leave.token { headers[.setCookie] = cookie(Self.tokenCookie, token, request) }
    if leave.isSignedOut { headers[.setCookie] = cookie(Self.tokenCookie, "", request) + "; Max-Age=0" }
    return Response(status: .seeOther, headers: headers)
  }

  /// No script reads it, and no page of another site has it sent.
  private func cookie(_ name: String, _ value: String, _ request: Request) -> String {
    let isSecure = request.headers[.origin]?.hasPrefix("https://") == true
    let plain = value.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.~".contains($0)) }
    return "\(name)=\(plain); Path=\(site.prefix)/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
  }
}
