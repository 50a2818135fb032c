package import Base
package import FoundationEssentials
internal import Postgres
package import Queue

/// One try of a story's task.
package struct StoryAttempt: Encodable, Sendable {
  package typealias Step = AttemptSteps.Step
  package typealias Input = AttemptSteps.Input

  package var attempt_number: Int
  package var state: AttemptState
  package var worker_name: String?
  package var host: String?
  package var started_at: Date
  /// How long it ran, or has run.
  package var seconds: Double?
  /// The step that it is in, or was in when it ended.
  package var step: String?
  package var steps: [Step]
  package var inputs: [Input]
  package var error_class: ErrorClass?
  /// The error's type.
  package var error: String?
  package var reason: String?
  /// What lies beneath the reason, from near to far.
  package var causes: [String]
  package var advice: String?
  package var definition_hash: String?

  static let sql = """
    SELECT attempt_number, state, worker_name, host, started_at, extract(epoch FROM ran_for)::float8 AS seconds, step,
      coalesce(detail -> 'steps', '[]')::text AS steps, coalesce(detail -> 'inputs', '[]')::text AS inputs, error_class,
      detail ->> 'error' AS error, reason, ARRAY(SELECT jsonb_array_elements_text(coalesce(causes, '[]'))) AS causes,
      detail ->> 'advice' AS advice, definition_hash
    FROM queue.attempt WHERE task_id = $1 ORDER BY attempt_id
    """

  init(_ row: PostgresRow) throws {
    attempt_number = try row.decode("attempt_number")
    state = try row.decode("state")
    worker_name = try row.text("worker_name")
    host = try row.text("host")
    started_at = try row.decode("started_at")
    seconds = try row.decode("seconds")
    step = try row.text("step")
    steps = try JSONDecoder().decode([Step].self, from: Data(try row.decode("steps", as: String.self).utf8))
    inputs = try JSONDecoder().decode([Input].self, from: Data(try row.decode("inputs", as: String.self).utf8))
    error_class = try row.decode("error_class")
    error = try row.text("error")
    reason = try row.text("reason")
    causes = try row.decode("causes")
    advice = try row.text("advice")
    definition_hash = try row.text("definition_hash")
  }
}
