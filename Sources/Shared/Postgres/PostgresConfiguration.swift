internal import CLibpq

/// Where a connection goes and how long it may take: read once at the entrance, passed by value.
package struct PostgresConfiguration: Sendable {
  /// A libpq connection string or URI; may hold a password, so it is never printed: see `redactedDSN`.
  package var dsn: String
  package var applicationName: String
  /// Rounded up to whole seconds; libpq takes no less than 2.
  package var connectTimeout: Duration
  /// Which of several servers will do. `target_session_attrs` in the connection string goes before it.
  package var access: Access
  /// Set on the session when given. Leave nil behind a pooler in transaction mode, which would leak it to others.
  package var statementTimeout: Duration?
  /// How long the server may be silent while it owes an answer, before the session is given up; nil for ever. For a server
  /// that is frozen (its disk hangs, it was stopped) though its host acknowledges what it is sent: neither its own limits
  /// nor TCP's help there. An answer to COMMIT is waited for in any case.
  package var answerLimit: Duration?

  /// Which process this is, told to the server by every session: the queue matches it beside each number that it gives
  /// (docs/decisions/0024-incarnations.md). A test that plays two processes sets it.
  package var incarnation = Incarnation.current

  package init(
    dsn: String, applicationName: String = "aker", connectTimeout: Duration = .seconds(10),
    access: Access = .readWrite, statementTimeout: Duration? = nil
  ) {
    self.dsn = dsn
    self.applicationName = applicationName
    self.connectTimeout = connectTimeout
    self.access = access
    self.statementTimeout = statementTimeout
  }

  package enum Access: String, Sendable {
    /// A primary, since we write; a standby is passed by.
    case readWrite = "read-write"
    /// Any server that answers, a standby as well: for commands that only look.
    case any
  }

  /// The connection string's settings as `key=value`, without passwords: fit for a log, an error, and for libpq.
  ///
  /// A string that libpq cannot parse is not shown at all, since the password could be anywhere in it.
  package var redactedDSN: String {
    guard let settings = Self.parse(dsn) else { return "(a connection string that cannot be parsed)" }
    return
      settings
      .filter { !$0.keyword.contains("password") && $0.keyword != "sslkey" }
      .map { "\($0.keyword)=\(Self.isPlain($0.value) ? $0.value : Self.quote($0.value))" }
      .joined(separator: " ")
  }

  /// Whether a value needs no quotes; most do not, and read better without.
  private static func isPlain(_ value: String) -> Bool {
    !value.isEmpty && value.unicodeScalars.allSatisfy { $0.value > 32 && $0.value != 127 && $0 != "'" && $0 != "\\" }
  }

  /// The same as a URL, which psql, SQLAlchemy and others take: a socket's folder goes into the query.
  package var redactedURL: String {
    guard let settings = Self.parse(dsn) else { return "(a connection string that cannot be parsed)" }
    var rest = settings.filter { !$0.keyword.contains("password") && $0.keyword != "sslkey" }
    func take(_ keyword: String) -> String? {
      guard let index = rest.firstIndex(where: { $0.keyword == keyword }) else { return nil }
      return rest.remove(at: index).value
    }
    var authority = take("user").map { Self.escaped($0) + "@" } ?? ""
    // Several hosts, or a folder, cannot stand before the path.
    if let host = rest.first(where: { $0.keyword == "host" })?.value, !host.contains(where: { "/,".contains($0) }) {
      authority += (host.contains(":") ? "[\(host)]" : host) + (take("port").map { ":\($0)" } ?? "")
      _ = take("host")
    }
    let path = take("dbname").map { "/" + Self.escaped($0) } ?? ""
    let query = rest.map { "\($0.keyword)=\(Self.escaped($0.value, keeping: "/"))" }.joined(separator: "&")
    return "postgresql://\(authority)\(path)" + (query.isEmpty ? "" : "?" + query)
  }

  private static func escaped(_ text: String, keeping more: String = "") -> String {
    text.utf8.map { byte in
      let scalar = Unicode.Scalar(byte)
      let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
      return isPlain || "-._~".unicodeScalars.contains(scalar) || more.unicodeScalars.contains(scalar)
        ? String(scalar) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }

  /// One explicitly given setting of the connection string, such as `host` or `dbname`.
  package func setting(_ keyword: String) -> String? {
    Self.parse(dsn)?.first { $0.keyword == keyword }?.value
  }

  /// The same server and login with another database.
  package func database(_ name: String) -> PostgresConfiguration {
    var copy = self
    let settings = (Self.parse(dsn) ?? []).filter { $0.keyword != "dbname" } + [(keyword: "dbname", value: name)]
    copy.dsn = settings.map { "\($0.keyword)=\(Self.quote($0.value))" }.joined(separator: " ")
    return copy
  }

  /// What is wrong with the connection string, in libpq's words; nil when it parses. libpq's words may quote the
  /// string, so they are for the person who typed it only.
  package var parseProblem: String? {
    var message: UnsafeMutablePointer<CChar>?
    guard let options = PQconninfoParse(dsn, &message) else {
      defer { PQfreemem(message) }
      return message.map { String(cString: $0) } ?? "out of memory"
    }
    PQconninfoFree(options)
    return nil
  }

  /// As a value of a connection string.
  package static func quote(_ value: String) -> String {
    var quoted = "'"
    for character in value {
      if character == "'" || character == "\\" { quoted.append("\\") }
      quoted.append(character)
    }
    return quoted + "'"
  }

  private static func parse(_ dsn: String) -> [(keyword: String, value: String)]? {
    guard let options = PQconninfoParse(dsn, nil) else { return nil }
    defer { PQconninfoFree(options) }
    var settings: [(keyword: String, value: String)] = []
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { settings.append((String(cString: keyword), String(cString: value))) }
      option += 1
    }
    return settings
  }
}

extension PostgresConfiguration {
  /// The libpq in use, for instance `15.18`.
  package static var libraryVersion: String {
    let version = PQlibVersion()
    return "\(version / 10_000).\(version % 10_000)"
  }
}
