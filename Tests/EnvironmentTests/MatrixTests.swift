import Postgres
import TestSupport
import Testing

/// Settings × roles × poolers × paths × locales. Each pair of values of any two of them is met by one row at least; a test
/// counts that, so that a value that is added comes with its rows.
@Suite(.database, .whateverHappens)
struct MatrixTests {
  enum Settings: String, CaseIterable { case none, role, shell }
  enum Role: String, CaseIterable { case owner, split, reader }
  enum Way: String, CaseIterable { case direct, session, transaction }
  enum Path: String, CaseIterable { case plain, odd, long }
  enum Locale: String, CaseIterable { case c, turkish, german }

  struct Row: Sendable, CustomTestStringConvertible {
    let settings: Settings
    let role: Role
    let way: Way
    let path: Path
    let locale: Locale

    var values: [String] { [settings.rawValue, role.rawValue, way.rawValue, path.rawValue, locale.rawValue] }
    var testDescription: String { values.joined(separator: ", ") }
  }

  /// Of a Latin square: two columns give the row, the others are sums of them. One row more for each pair that is left.
  static let rows: [Row] = {
    var rows: [Row] = []
    for first in 0..<3 {
      for second in 0..<3 {
        rows.append(
          Row(
            settings: Settings.allCases[first], role: Role.allCases[second], way: Way.allCases[(first + second) % 3],
            path: Path.allCases[(first + 2 * second) % 3], locale: Locale.allCases[(first + second) % 3]))
      }
    }
    for way in 0..<3 {
      for locale in 0..<3 where locale != way {
        rows.append(
          Row(
            settings: Settings.allCases[locale], role: .split, way: Way.allCases[way], path: Path.allCases[locale],
            locale: Locale.allCases[locale]))
      }
    }
    return rows
  }()

  @Test func everyPairOfValuesIsMet() {
    let values = [
      Settings.allCases.map(\.rawValue), Role.allCases.map(\.rawValue), Way.allCases.map(\.rawValue),
      Path.allCases.map(\.rawValue), Locale.allCases.map(\.rawValue),
    ]
    for (one, others) in values.enumerated() {
      for two in values.indices where two > one {
        for first in others {
          for second in values[two] {
            #expect(
              Self.rows.contains { $0.values[one] == first && $0.values[two] == second }, "\(first) with \(second)")
          }
        }
      }
    }
  }

  private static func environment(_ row: Row) -> [String: String] {
    var variables: [String: String] =
      switch row.locale {
      case .c: ["LANG": "C", "LC_ALL": "C", "TZ": "UTC"]
      case .turkish: ["LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"]
      case .german: ["LANG": "de_DE.ISO-8859-1", "LC_ALL": "de_DE.ISO-8859-1", "TZ": "Pacific/Apia"]
      }
    if row.settings == .shell {
      variables.merge([
        "PGDATESTYLE": "German", "PGTZ": "Asia/Kathmandu", "PGCLIENTENCODING": "LATIN1",
        "PGAPPNAME": "it's\\ \"mine\"", "PGCONNECT_TIMEOUT": "7",
        // A pooler refuses what it does not know at the start of a session, as these.
        "PGGEQO": "off",
        "PGOPTIONS": "-c standard_conforming_strings=off -c quote_all_identifiers=on -c search_path=nowhere",
      ]) { $1 }
    }
    return variables
  }

  private static func name(_ path: Path) -> String {
    switch path {
    case .plain: "home"
    case .odd: "it's a \"home\", $(id) \u{E9}\\"
    case .long: String(repeating: "long-", count: 40)
    }
  }

  @Test(arguments: rows) func theProgramsDoWhatTheRoleMay(_ row: Row) async throws {
    let database = TestDatabase.current
    var logins: [Login] = []
    func login(_ suffix: String, _ roles: [String]) async throws -> Login {
      let login = try await Login.make(suffix, roles, in: database)
      logins.append(login)
      if row.settings == .role {
        let connection = try await database.connect()
        try await connection.executeScript(HostileSettings.script(role: login.name))
        await connection.close()
      }
      return login
    }
    let users =
      switch row.role {
      case .owner: ["aker"]
      case .split: [try await login("admin", ["aker_admin"]).name, try await login("worker", ["aker_worker"]).name]
      case .reader: [try await login("reader", ["aker_reader"]).name]
      }
    var bouncers: [Pgbouncer] = []
    var dsns: [String] = []
    for user in users {
      guard let mode = Pgbouncer.Mode(rawValue: row.way.rawValue) else {
        dsns.append("host=\(database.cluster.directory) user=\(user) dbname=\(database.name)")
        continue
      }
      let bouncer = try await Pgbouncer.start(before: database, mode: mode, user: user)
      bouncers.append(bouncer)
      dsns.append(bouncer.dsn)
    }
    do {
      try await use(row, dsns)
    } catch {
      for bouncer in bouncers { try await bouncer.stop() }
      throw error
    }
    for bouncer in bouncers { try await bouncer.stop() }
    for login in logins { try await login.drop(database) }
  }

  private func use(_ row: Row, _ dsns: [String]) async throws {
    if row.role != .owner {
      // The catalog is the owner's to apply first, as its tables are.
      try await Place.with(dsn: TestDatabase.current.dsn) { place in
        let applied = try await place.aker("catalog", "apply")
        #expect(applied.exitCode == 0, "\(applied)")
      }
    }
    try await Place.with(dsn: dsns[0], named: Self.name(row.path)) { place in
      try await place.withCensus { place in
        var place = place
        place.environment.merge(Self.environment(row)) { $1 }
        if row.role != .reader { try await publish(place, workerDSN: dsns.last ?? dsns[0]) }
        let looks = [
          ["status"], ["workers", "--json"], ["plan", "market_income", "--years", "2012"], ["migrate", "--status"],
        ]
        for arguments in looks {
          let result = try await Program.run(Executable.aker, arguments, environment: place.environment)
          #expect(result.exitCode == 0, "\(arguments): \(result)")
        }
        if row.role == .reader {
          let refused = try await place.aker("pause", "--queue", "--reason", "x")
          #expect(refused.exitCode == 77 && refused.errorOutput.contains("aker_admin"), "\(refused)")
        }
      }
    }
  }

  private func publish(_ place: Place, workerDSN: String) async throws {
    let enqueued = try await place.aker("backfill", "market_income", "--years", "2012", "--detach")
    #expect(enqueued.exitCode == 0, "\(enqueued)")
    let worked = try await Program.run(
      Executable.worker, ["--until-empty"],
      environment: place.environment.merging(["AKER_POSTGIS_DSN": workerDSN]) { $1 })
    #expect(worked.exitCode == 0, "\(worked)")
    let connection = try await TestDatabase.current.connect()
    let rows = try await connection.query("SELECT count(*) AS n FROM public.market_income WHERE data_year = 2012")
    #expect(try rows[0].decode("n", as: Int.self) > 0)
    await connection.close()
  }
}
