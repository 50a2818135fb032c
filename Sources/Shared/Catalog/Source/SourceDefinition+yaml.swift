extension SourceDefinition {
  /// Applies the fields of one entry of `sources.yml` to what is known of the source; the last one wins, field by field.
  ///
  /// - Parameter earlier: the source as the files before declared it.
  init(_ node: YAMLNode, over earlier: SourceDefinition?, _ warnings: inout [YAMLProblem]) throws {
    var fields = try node.mapping()
    let id = try fields.require("id").identifier()
    if let earlier {
      self = earlier
      if let name = fields.take("name") { self.name = try name.string() }
      if let endpoint = fields.take("endpoint") { self.endpoint = try Self.endpoint(endpoint) }
    } else {
      self.init(
        id: id, name: try fields.require("name").string(), endpoint: try Self.endpoint(fields.require("endpoint")))
    }
    if let value = fields.take("enabled") { isEnabled = try value.bool() }
    if let value = fields.take("geography") { geography = try value.strings() }
    if let value = fields.take("cadence") { cadence = try value.string() }
    if let value = fields.take("cache_ttl_days") {
      cacheTTLDays = try value.double()
      if cacheTTLDays < 0 { throw value.error("days cannot be negative") }
    }
    if let value = fields.take("license") { license = try value.string() }
    if let value = fields.take("rate_limit") { try apply(rateLimit: value, &warnings) }
    if let value = fields.take("auth") { authentication = try Self.authentication(value, &warnings) }
    if let value = fields.take("auth_key_name") { authKeyName = try Self.keyName(value) }
    if let value = fields.take("user_agent") { userAgent = try Self.headerText(value) }
    if let value = fields.take("contact") { contact = try Self.headerText(value) }
    if let value = fields.take("retry") { try apply(retry: value, &warnings) }
    if let value = fields.take("allow_private_address") { allowsPrivateAddress = try value.bool() }
    if let value = fields.take("s3") {
      var settings = try value.mapping()
      if let region = settings.take("region") { s3.region = try region.string() }
      if let server = settings.take("server") { s3.server = try Self.endpoint(server) }
      if let addressing = settings.take("addressing") { s3.addressing = try addressing.choice() }
      settings.finish(&warnings)
    }
    if let value = fields.take("limits") { try apply(limits: value, &warnings) }
    if let value = fields.take("error_rules") { errorRules = try value.list().map { try ErrorRule($0, &warnings) } }
    if let value = fields.take("notes") { notes = try value.string() }
    fields.finish(&warnings)
    if authKeyName != nil, authentication == nil { authentication = .query(name: "key") }
  }

  private static func endpoint(_ node: YAMLNode) throws -> String {
    var text = try node.string()
    guard ["https://", "http://", "s3://", "file://"].contains(where: text.hasPrefix) else {
      throw node.error("'\(text)' is not a base URL: use https://, http://, s3:// or file://")
    }
    while text.hasSuffix("/") && !text.hasSuffix("://") { text.removeLast() }
    return text
  }

  private static func keyName(_ node: YAMLNode) throws -> String {
    let text = try node.string()
    guard text.wholeMatch(of: /[A-Z][A-Z0-9_]*/) != nil else {
      throw node.error("'\(text)' cannot be the name of an environment variable: use CAPITALS_AND_UNDERSCORES")
    }
    return text
  }

  private static func headerText(_ node: YAMLNode) throws -> String {
    let text = try node.string()
    guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value < 0x7F }) else {
      throw node.error("a header holds printable ASCII only")
    }
    return text
  }

  private mutating func apply(rateLimit node: YAMLNode, _ warnings: inout [YAMLProblem]) throws {
    var fields = try node.mapping()
    func positive<Value: Comparable & Numeric>(_ node: YAMLNode, _ value: Value) throws -> Value {
      guard value > 0 else { throw node.error("must be more than 0; leave it out for no limit") }
      return value
    }
    if let value = fields.take("per_second") { rateLimit.perSecond = try positive(value, value.double()) }
    if let value = fields.take("per_minute") { rateLimit.perMinute = try positive(value, value.double()) }
    if let value = fields.take("per_day") { rateLimit.perDay = try positive(value, value.int()) }
    if let value = fields.take("burst") { rateLimit.burst = try positive(value, value.int()) }
    if let value = fields.take("concurrency") { rateLimit.concurrency = try positive(value, value.int()) }
    fields.finish(&warnings)
  }

  private static func authentication(
    _ node: YAMLNode, _ warnings: inout [YAMLProblem]
  ) throws -> Authentication {
    enum Place: String, CaseIterable { case query, header, bearer, basic, body, aws }
    var fields = try node.mapping()
    let place: Place = try fields.require("in").choice()
    let authentication: Authentication
    switch place {
    case .query: authentication = .query(name: try fields.require("name").string())
    case .header: authentication = .header(name: try headerText(fields.require("name")))
    case .bearer: authentication = .bearer
    case .basic: authentication = .basic
    case .body: authentication = .body
    case .aws: authentication = .aws
    }
    fields.finish(&warnings)
    return authentication
  }

  private mutating func apply(limits node: YAMLNode, _ warnings: inout [YAMLProblem]) throws {
    var fields = try node.mapping()
    func positive(_ name: String) throws -> Int? {
      guard let value = fields.take(name) else { return nil }
      let number = try value.int()
      guard number > 0 else { throw value.error("must be more than 0") }
      return number
    }
    limits.maximumMegabytes = try positive("max_mb") ?? limits.maximumMegabytes
    limits.connectSeconds = try positive("connect_seconds") ?? limits.connectSeconds
    limits.stallSeconds = try positive("stall_seconds") ?? limits.stallSeconds
    limits.totalSeconds = try positive("total_seconds") ?? limits.totalSeconds
    fields.finish(&warnings)
  }

  private mutating func apply(retry node: YAMLNode, _ warnings: inout [YAMLProblem]) throws {
    var fields = try node.mapping()
    if let value = fields.take("max_tries") {
      retry.maxTries = try value.int()
      guard 1...20 ~= retry.maxTries else { throw value.error("must be from 1 to 20") }
    }
    if let value = fields.take("permanent") { retry.permanentStatuses = try value.listOrOne().map { try $0.int() } }
    if let value = fields.take("transient") { retry.transientStatuses = try value.listOrOne().map { try $0.int() } }
    fields.finish(&warnings)
  }
}

extension SourceDefinition.ErrorRule {
  init(_ node: YAMLNode, _ warnings: inout [YAMLProblem]) throws {
    var fields = try node.mapping()
    self.init(verdict: try fields.require("class").choice())
    header = try fields.take("header")?.string().lowercased()
    if let value = fields.take("status") { statuses = try value.listOrOne().map { try $0.int() } }
    bodyPattern = try fields.take("body").map(Self.pattern)
    jsonPath = try fields.take("json_path")?.string()
    valuePattern = try fields.take("matches").map(Self.pattern)
    messagePath = try fields.take("message_path")?.string()
    advice = try fields.take("advice")?.string()
    fields.finish(&warnings)
    guard bodyPattern != nil || jsonPath != nil || header != nil || !statuses.isEmpty else {
      throw node.error("a rule needs 'status', 'header', 'body' or 'json_path' to recognise the error by")
    }
  }

  private static func pattern(_ node: YAMLNode) throws -> String {
    let text = try node.string()
    do {
      _ = try Regex(text)
    } catch {
      throw node.error("'\(text)' is not a regular expression: \(error)")
    }
    return text
  }
}
