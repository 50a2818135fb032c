import Base
import ArgumentParser
import Settings
import Console
import Postgres

/// The whole story of a task.
struct TaskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "task", abstract: "Tell a task's whole story: its attempts, what each met, and what to do next.",
    discussion: """
      Attempts with where they ran, how long each step took and in which one they ended, the error with the chain of its \
      causes, the checks that failed, the documents, the report's path, and the commands that come next.

      EXAMPLES
        aker task 8812
        aker task 8812 --log
        aker task 8812 --json
      """)
  @Argument(help: "The task's id.", completion: Names.tasks) var task: Int64
  @Flag(help: "What its attempts logged, and nothing else.") var log = false
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let session = try await Session.open(options)
    let connection = try await session.connectToLook()
    if log { return try await printLog(connection) }
    let lake = session.configuration.cachePath + "/data_lake"
    guard let story = try await TaskStory.read(task, lake: lake, connection) else {
      throw Failure(.usage, "there is no task \(task)", advice: "aker tasks lists them.")
    }
    if options.json { return try printJSON(story) }
    Terminal.standardOutput.write(
      story.rendered(
        columns: Terminal.standardOutput.columnLimit ?? .max, style: Style(.standardOutput),
        unicode: Terminal.isUnicode, lake: lake))
  }

  private func printLog(_ connection: PostgresConnection) async throws {
    guard let lines = try await TaskLogLine.list(task, connection) else {
      throw Failure(.usage, "there is no task \(task)", advice: "aker tasks lists them.")
    }
    if options.json { return try printJSON(lines) }
    if lines.isEmpty { return print("nothing is kept of what task \(task) logged") }
    printTable(
      ["attempt", "at (UTC)", "level", "what"],
      lines.map { [String($0.attempt_number), $0.at.shown(), $0.level, $0.text] }, whenEmpty: "")
  }
}
