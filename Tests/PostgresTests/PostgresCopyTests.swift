import Testing
import TestSupport

@testable import Postgres

@Suite(.database)
struct PostgresCopyTests {
  struct Failure: Error {}

  @Test func rowsStreamInAndOut() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute("CREATE TABLE thing (id int, name text)")
    let copied = try await connection.copyIn("COPY thing FROM STDIN (FORMAT csv)") { writer in
      // Chunks end where they like.
      for chunk in ["1,one\n2,\"t", "wo\"\n3,", "\n"] { try await writer.write(chunk) }
    }
    #expect(copied == 3)
    let out = try await connection.transaction { connection in
      var text = ""
      let count = try connection.copyOut("COPY (SELECT * FROM thing ORDER BY id) TO STDOUT (FORMAT csv)") {
        text += String(decoding: $0, as: UTF8.self)
      }
      return (count, text)
    }
    #expect(out.0 == 3)
    #expect(out.1 == "1,one\n2,two\n3,\n")
  }

  @Test func aSourceThatFailsInTheMiddleLeavesNothing() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute("CREATE TABLE thing (id int)")
    await #expect(throws: Failure.self) {
      try await connection.copyIn("COPY thing FROM STDIN") { writer in
        try await writer.write("1\n2\n")
        throw Failure()
      }
    }
    #expect(try await connection.query("SELECT * FROM thing").isEmpty)
  }

  @Test func aCancelledCopyLeavesNothingThoughItsSourceEndedQuietly() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute("CREATE TABLE thing (id int)")
    // A killed subprocess ends its output without an error: only the cancellation tells.
    let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
    continuation.yield(Array("1\n2\n".utf8))
    let copy = Task {
      try await connection.copyIn("COPY thing FROM STDIN") { writer in try await writer.write(stream) }
    }
    copy.cancel()
    continuation.finish()
    await #expect(throws: CancellationError.self) { try await copy.value }
    #expect(try await connection.query("SELECT * FROM thing").isEmpty)
  }

  @Test func aMalformedRowIsTheServersErrorWithItsLine() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute("CREATE TABLE thing (id int)")
    let error = await #expect(throws: PostgresError.self) {
      try await connection.copyIn("COPY thing FROM STDIN") { try await $0.write("1\nx\n") }
    }
    #expect(error?.sqlState == "22P02")
    #expect(error?.context?.contains("line 2") == true)
    #expect(try await connection.query("SELECT * FROM thing").isEmpty)
  }
}
