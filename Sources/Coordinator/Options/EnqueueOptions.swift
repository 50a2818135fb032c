import ArgumentParser

/// How a backfill is enqueued, and what happens then.
struct EnqueueOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Priority, from -100 to 100; higher runs first.")
  var priority = 0

  @Option(help: "Tasks of this backfill that may run at once, over all hosts.")
  var maxRunning: Int?

  @Option(help: ArgumentHelp("Name for the request: the same key again adds only what is new.", valueName: "key"))
  var key: String?

  @Option(help: "Workers to start on this host while watching.")
  var workers = 0

  @Option(help: "Tasks that each of those workers runs at a time.")
  var slots = 2

  @Flag(help: "Only show what would be enqueued.")
  var dryRun = false

  @Flag(help: "Watch until it has ended: what is done unless told otherwise.")
  var watch = false

  @Flag(help: "Enqueue and return, without watching.")
  var detach = false

  @Flag(name: .shortAndLong, help: "Do not ask before a large backfill.")
  var yes = false

  func validate() throws {
    guard !(watch && detach) else { throw ValidationError("say --watch or --detach, not both") }
    try Self.requirePriority(priority)
    guard maxRunning ?? 1 > 0 else { throw ValidationError("--max-running must be at least 1") }
    guard workers >= 0, slots > 0 else { throw ValidationError("--workers and --slots must be positive") }
    guard !(detach && workers > 0) else {
      throw ValidationError("--workers end with the watch: leave out --detach, or start aker-worker yourself")
    }
  }

  static func requirePriority(_ priority: Int) throws {
    guard (-100...100).contains(priority) else { throw ValidationError("--priority must be from -100 to 100") }
  }

  /// Tasks at a time of the workers that are to be started here; nil for none.
  var plannedSlots: Int? { workers > 0 ? workers * slots : nil }
}
