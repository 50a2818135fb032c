import ArgumentParser
import Base
import Console
import Settings
import Lake
import Pipeline
import Postgres

/// The Parquet lake.
struct LakeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lake",
    abstract:
      "List the lake's partitions and their history; finish what a crash left; take a publication or a vintage back.",
    discussion: """
      EXAMPLES
        aker lake ls market_income
        aker lake history market_income 2012
        aker lake rollback market_income 2012
        aker lake withdraw market_income 2012 --as-of 2062-11
        aker lake repair
      """,
    subcommands: [
      List.self, LakeHistoryCommand.self, Repair.self, LakeRollbackCommand.self, LakeWithdrawCommand.self,
      LakePruneCommand.self, LakeAdoptCommand.self, LakeMoveCommand.self,
    ])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "List the files that are current, with vintage, rows, bytes and hash.",
      discussion: "EXAMPLES\n  aker lake ls\n  aker lake ls market_income --json")
    @Argument(help: "Of this dataset only.", completion: Names.datasets) var dataset: String?
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let connection = try await Session.open(options).connectToLook()
      let files = try await LakeLine.list(dataset: dataset, connection)
      if options.json { return try printJSON(files) }
      printTable(
        ["path", "rows", "bytes", "sha256", "state", "in_warehouse"],
        files.map { file in
          [
            file.path, "\(file.row_count)", "\(file.byte_count)", String(file.sha256.prefix(12)),
            file.state.replacing("_", with: " "), file.in_warehouse ? "yes" : "no",
          ]
        }, whenEmpty: "nothing is published yet")
    }
  }

  struct Repair: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "repair",
      abstract:
        "Finish publications whose file was not renamed yet, remove what dead attempts left, report what is lost.",
      discussion: """
        Every worker does the same at its start. In S3, uploads that killed workers left incomplete are aborted, too; \
        never one of an attempt that lives.

        EXAMPLES
          aker lake repair
          aker lake repair --rebuild           # and workers build again what is lost
          aker lake repair --report --json
        """)
    @Flag(help: "Remove files and incomplete uploads that no publication names, too; they are only listed otherwise.")
    var removeOrphans =
      false
    @Flag(help: "Compare every file's hash with its publication's; done unasked on the day after a fail-over.")
    var verify = false
    @Flag(help: "Enqueue what is lost and no open backfill builds again, at its vintage and by today's definition.")
    var rebuild = false
    @Flag(help: "Only list what is not as it should be; change nothing.") var report = false
    @OptionGroup var options: GlobalOptions

    func validate() throws {
      guard !(report && rebuild) else { throw ValidationError("--report changes nothing; leave it out to --rebuild") }
    }

    func run() async throws {
      let session = try await Session.open(options)
      let connection = try await session.connectMigrated(migrates: false, needs: .admin)
      let lake = try await session.lake(connection)
      var report = try await LakeRepair(lake, changesNothing: self.report).run(
        connection, removingOrphans: removeOrphans, verifyingHashes: verify)
      let rebuilt = rebuild ? try await LakeRepair.rebuild(&report, connection) : nil
      if options.json {
        try printJSON(
          Report(
            finished: report.finished, removed: report.removed, orphans: report.orphans,
            missing: report.missing.map(Rebuild.init), unknown_publications: report.unknown.map(Rebuild.init),
            backfills: rebuilt?.backfillIDs, notes: report.notes))
      } else {
        for path in report.finished { print("\(self.report ? "to finish:" : "finished") \(path)") }
        for path in report.removed { print("\(self.report ? "to remove:" : "removed") \(path)") }
        for unknown in report.unknown {
          print("of a publication that this database does not know: \(unknown.path); \(unknown.advice)")
        }
        let told = Set(report.unknown.map(\.path))
        for path in report.orphans where !told.contains(path) { print("nobody's: \(path)") }
        for missing in report.missing { print("lost \(missing.path); \(missing.advice)") }
        for note in report.notes { Terminal.standardError.write(note + "\n") }
        if let rebuilt, rebuilt.taskCount > 0 {
          let backfills = rebuilt.backfillIDs.map { "\($0)" }.joined(separator: ", ")
          print("enqueued \(rebuilt.taskCount.counted("task")) (backfill \(backfills)); workers build them: aker watch")
        }
        if report.isClean { print("nothing to repair") }
      }
      // What a task of an open backfill builds again needs nobody.
      let waiting = report.missing.filter { $0.taskID == nil }
      if !waiting.isEmpty {
        throw Failure(
          .unsuccessful,
          "\(waiting.count.counted("published file")) \(waiting.count == 1 ? "is" : "are") lost",
          advice: rebuild
            ? "Their datasets, years or regions are no longer in the catalog: aker catalog apply, then again."
            : "aker lake repair --rebuild enqueues them all; or use the commands above.")
      }
    }

    private struct Report: Encodable {
      var finished: [String]
      var removed: [String]
      var orphans: [String]
      var missing: [Rebuild]
      var unknown_publications: [Rebuild]
      /// Only of a --rebuild.
      var backfills: [Int64]?
      var notes: [String]
    }

    private struct Rebuild: Encodable {
      var path: String
      var rebuild: String
      /// Of an open backfill, which builds it again.
      var task_id: Int64?

      init(_ file: LakeRepair.Missing) {
        path = file.path
        rebuild = file.command
        task_id = file.taskID
      }
    }
  }
}
