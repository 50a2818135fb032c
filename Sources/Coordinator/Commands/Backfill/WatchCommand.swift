import ArgumentParser
import Base
import Console
import Postgres

/// Follows a backfill.
struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Follow a backfill until it has ended; the newest open one unless told.",
    discussion: """
      Redraws in place on a terminal, prints a line per change elsewhere; with --json, an object a line, twice a second. \
      Ctrl-C stops watching; the backfill goes on. Exits with 1 when tasks failed.

      EXAMPLES
        aker watch
        aker watch 3 > watch.log
        aker watch --json | jq .counts
      """)
  @Argument(help: "The backfill's id.", completion: Names.backfills) var backfill: Int64?
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let session = try await Session.open(options).looking
    let connection = try await session.connectMigrated(migrates: false)
    var newest: Int64?
    if backfill == nil { newest = try await BackfillLine.newest(connection) }
    guard let backfillID = backfill ?? newest else {
      throw Failure(.usage, "there is no backfill yet", advice: "Start one: aker backfill --help")
    }
    await connection.close()
    try Self.conclude(
      try await Watcher(session: session, backfillID: backfillID, json: options.json).watch(), backfillID: backfillID,
      json: options.json)
  }

  /// Says how a watch ended, with the commands that come next.
  static func conclude(_ ending: Watcher.Ending, backfillID: Int64, json: Bool) throws {
    switch ending {
    case .interrupted:
      (json ? Terminal.standardError : .standardOutput).write(
        "\n\(Advice.goesOn.text(["backfill": "\(backfillID)"]))\n")
      throw ExitCode(Failure.Code.interrupted.rawValue)
    case .finished(let snapshot) where snapshot.counts.failed > 0:
      let example = snapshot.failures.first { $0.isFinal }?.taskID
      throw Failure(
        .unsuccessful, "\(snapshot.counts.failed) of \(snapshot.counts.total.counted("task")) failed",
        advice: [.whyThoseFailed, example == nil ? nil : .storyOfOne, Advice.retryBackfill].compactMap { $0 }.map {
          $0.text(["backfill": "\(backfillID)", "task": example.map { "\($0)" } ?? ""])
        }.joined(separator: "\n"))
    case .finished: return
    }
  }
}
