internal import Lake
internal import Queue
package import Postgres

/// All that is known of a task, in the order in which it happened, and what comes next.
package struct TaskStory: Encodable, Sendable {
  package var task: StoryTask
  package var attempts: [StoryAttempt]
  /// Of the last validation, those that did not pass.
  package var failed_checks: [StoryCheck]
  package var publication: StoryPublication?
  /// What the publication was made from.
  package var inputs: [StoryInput]
  /// The tasks that this one waited for in vain.
  package var failed_upstream: [StoryUpstream]
  /// Where the validation of what was published can be read; nil where nothing was.
  package var report: String?

  /// Of a failed task: the definition that its last attempt was made by, where another is applied now.
  package var superseded: String? {
    guard task.state == .failed, let made = attempts.last?.definition_hash, made != task.applied_definition else {
      return nil
    }
    return task.applied_definition == nil ? nil : made
  }

  /// What an operator does now, with the command.
  package var next: [String] { nextSteps }

  /// - Parameter lake: the folder of the lake, for the report's path.
  /// - Returns: nil where there is no such task.
  package static func read(
    _ id: Int64, lake: String, _ connection: PostgresConnection
  ) async throws -> TaskStory? {
    let results = try await connection.pipeline([
      PostgresStatement(StoryTask.sql, [id]), PostgresStatement(StoryAttempt.sql, [id]),
      PostgresStatement(StoryCheck.sql, [id]), PostgresStatement(StoryPublication.sql, [id]),
      PostgresStatement(StoryInput.sql, [id]), PostgresStatement(StoryUpstream.sql, [id]),
    ])
    guard let task = try results[0].first.map(StoryTask.init) else { return nil }
    let publication = try results[3].first.map(StoryPublication.init)
    return TaskStory(
      task: task, attempts: try results[1].map(StoryAttempt.init), failed_checks: try results[2].map(StoryCheck.init),
      publication: publication, inputs: try results[4].map(StoryInput.init),
      failed_upstream: try results[5].map(StoryUpstream.init),
      report: publication.map { "\(lake)/\(LakePath.reports(beside: $0.lake_path))/validation.html" })
  }

  private enum CodingKeys: CodingKey {
    case attempts, failed_checks, publication, inputs, failed_upstream, report, next
  }

  /// The task's own members are those of the whole.
  package func encode(to encoder: any Encoder) throws {
    try task.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(attempts, forKey: .attempts)
    try container.encode(failed_checks, forKey: .failed_checks)
    try container.encodeIfPresent(publication, forKey: .publication)
    try container.encode(inputs, forKey: .inputs)
    try container.encode(failed_upstream, forKey: .failed_upstream)
    try container.encodeIfPresent(report, forKey: .report)
    try container.encode(next, forKey: .next)
  }
}
