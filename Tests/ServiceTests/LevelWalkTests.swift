import Base
import FoundationEssentials
import Postgres
import TestSupport
import Testing
import WebService

/// Every operation by every level, and the same functions under the levels' roles: what a page forgot, the database has not.
@Suite(.database)
struct LevelWalkTests {
  private struct Walked {
    var id: String
    var method: String
    var path: String
    var level: Level
    var hasBody: Bool
  }

  /// As the document has them.
  private static var operations: [Walked] {
    get throws {
      guard case .object(let paths)? = JSONValue(parsing: OpenAPI.document(version: "x")).at("paths") else {
        throw TestFailure("no paths")
      }
      return paths.sorted { $0.key < $1.key }.flatMap { path, members -> [Walked] in
        guard case .object(let methods) = members else { return [] }
        return methods.sorted { $0.key < $1.key }.compactMap { method, operation in
          guard let id = operation.at("operationId")?.text, id != "listen",
            let level = operation.at("x-level")?.text.flatMap(Level.init)
          else { return nil }
          return Walked(
            id: id, method: method.uppercased(), path: path.replacing(#/\{[a-z]+\}/#, with: "1"), level: level,
            hasBody: operation.at("requestBody") != nil)
        }
      }
    }
  }

  @Test func eachOperationIsForItsLevelAndThoseAbove() async throws {
    let operations = try Self.operations
    #expect(operations.count > 40 && Set(operations.map(\.level)) == Set(Level.allCases))
    try await ServiceScene.serving(AccessRules(anonymous: nil)) { scene in
      try await scene.enqueue()
      for level in Level.allCases {
        let token = try await scene.token(level.rawValue)
        let before = try await scene.count("queue.event")
        var refused = 0
        for operation in operations {
          let answer = try await scene.ask(
            operation.method, operation.path, body: operation.hasBody ? "{}" : nil, token: token)
          if operation.level > level {
            refused += 1
            #expect(answer.status == 403, "\(level) \(operation.id): \(answer)")
          } else {
            #expect(![401, 403, 500].contains(answer.status), "\(level) \(operation.id): \(answer)")
          }
        }
        // What was refused stands in the audit; and a viewer has changed nothing.
        #expect(
          try await scene.count("service.audit WHERE actor = '\(level.rawValue)-1' AND outcome LIKE '403%'") == refused)
        #expect(refused == operations.count { $0.level > level })
        if level == .viewer { #expect(try await scene.count("queue.event") == before) }
      }
    }
  }

  /// Whatever may change something is no viewer's, by the database's own word: each function, called under the role.
  @Test func aViewersRoleMayCallNothingThatWrites() async throws {
    let owner = try await TestDatabase.current.connect()
    let functions = try await owner.query(
      """
      SELECT p.oid::regprocedure::text AS signature, format('SELECT %s(%s)', p.oid::regproc,
        (SELECT string_agg(format('NULL::%s', t::regtype), ', ') FROM unnest(p.proargtypes) t)) AS call
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname IN ('queue', 'schedule', 'service', 'review', 'catalog', 'lake', 'lineage', 'quality', 'warehouse')
        AND p.provolatile = 'v' AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
        -- It tells which sessions are left over, by pg_stat_activity.
        AND p.oid <> 'warehouse.abandoned_sessions()'::regprocedure
        -- A reader's questions: they run with its own rights, whoever calls them.
        AND p.proowner <> 'aker_reader'::regrole
      ORDER BY 1
      """)
    #expect(functions.count > 50)
    let viewer = try await TestDatabase.current.connectAsSuperuser(playing: "aker_reader")
    for row in functions {
      let (signature, call): (String, String) = (try row.decode("signature"), try row.decode("call"))
      do {
        _ = try await viewer.query(call)
        Issue.record("a viewer may call \(signature)")
      } catch let error as PostgresError {
        #expect(error.sqlState == "42501", "\(signature): \(error)")
      }
    }
    for (role, tables) in [("aker_reader", 0), ("aker_operator", 0)] {
      let writable: Int = try await owner.one(
        """
        SELECT count(*) AS n FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v')
          AND c.relnamespace::regnamespace::text IN ('queue', 'schedule', 'service', 'review', 'catalog', 'lake', 'lineage',
            'quality', 'warehouse', 'public')
          AND has_table_privilege($1, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        """, [role]
      ).decode("n")
      #expect(writable == tables, "\(role)")
    }
    await viewer.close()
    await owner.close()
  }
}
