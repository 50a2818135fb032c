internal import CLibpq
internal import Glibc

/// The `PG*` variables of the shell: which of them say nothing to us, and which are about some other server than the
/// embedded one.
package enum ShellVariables {
  /// What a connection string must say so that the shell's variables do not; computed once, after which this process and
  /// those that it starts have none of those variables.
  package static let overridden: [(keyword: String, value: String)] = {
    guard let options = PQconndefaults() else { return [] }
    defer { PQconninfoFree(options) }
    var found: [(String, String)] = []
    var variables: [String] = []
    var option = options
    while let keyword = option.pointee.keyword {
      if let variable = option.pointee.envvar, getenv(variable) != nil {
        variables.append(String(cString: variable))
        if let value = neutral[String(cString: keyword)] { found.append((String(cString: keyword), value)) }
      }
      option += 1
    }
    // PGSERVICE cannot be overridden by a connection string, and is no option's in every libpq.
    for variable in variables + ["PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGREQUIRESSL"] { unsetenv(variable) }
    return found
  }()

  /// Has this process, and those that it starts, forget what libpq would send of the shell at the start of every session: a
  /// pooler refuses what it does not know, and all of it is stated by `SessionSettings`, of no concern to us, or the
  /// connection string's to say (`options=`). libpq reads it from the environment alone; once is enough.
  static let settingsAreForgotten: Void = {
    for variable in ["PGOPTIONS", "PGDATESTYLE", "PGTZ", "PGGEQO"] where getenv(variable) != nil { unsetenv(variable) }
  }()

  /// What a local server that trusts its folder's owner takes; the rest is said by every connection string, or does
  /// nothing on a socket of the host.
  private static let neutral = [
    "hostaddr": "", "options": "", "sslmode": "disable", "gssencmode": "disable", "channel_binding": "disable",
    "requirepeer": "", "target_session_attrs": "any", "require_auth": "", "load_balance_hosts": "disable",
    "sslnegotiation": "postgres", "ssl_min_protocol_version": "TLSv1.2", "ssl_max_protocol_version": "",
    "min_protocol_version": "", "max_protocol_version": "",
  ]
}
