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
        aker task 8812 --json
      """)
  @Argument(help: "The task's id.", completion: Names.tasks) var task: Int64
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let session = try await Session.open(options)
    let connection = try await session.connectToLook()
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
}
