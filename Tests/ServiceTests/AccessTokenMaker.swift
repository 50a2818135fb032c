import Console
import Postgres

enum AccessTokenMaker {
  static func make(_ level: String, days: Int, _ connection: PostgresConnection) async throws -> String {
    try await AccessToken.create("\(level)-\(days)", level: level, days: days, connection).token
  }
}
