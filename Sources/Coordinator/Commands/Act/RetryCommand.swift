import ArgumentParser
import Catalog
import CatalogTools
import Configuration
import Console
import FoundationEssentials
import Postgres
import Queue

/// Tries failed tasks again.
struct RetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Try a failed task again, or all failed tasks of a backfill, a dataset or a source.",
    discussion: """
      Says first how many tasks that are, and asks on a terminal. They are built by the definition of now: a new one in the \
      catalog's folder is applied first. What was published since is left alone, and so is what another open backfill builds; \
      of a dataset or a source, what a later backfill tried again, too. Tasks that failed only because another did are tried \
      again with it.

      A definition that was superseded is run only when it is named, which replaces what was published since.

      EXAMPLES
        aker retry --task 8812
        aker retry --backfill 3
        aker retry --backfill 3 --error-class data --dataset market_jobs
        aker retry --source bls_qcew --error-class transient
        aker retry --task 8812 --definition 5f3a9c01d2e4
      """)
  @OptionGroup var target: TargetOptions
  @OptionGroup var options: GlobalOptions
  @Option(
    help: ArgumentHelp(
      "Only those that failed so: transient, rate_limited, data, permanent or worker_lost.", valueName: "class"))
  var errorClass: String?
  @Option(
    help: ArgumentHelp(
      "Build the one task by this definition, superseded or not (aker lake history, aker task).", valueName: "hash"))
  var definition: String?
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

  func validate() throws {
    if let definition, definition.wholeMatch(of: /[0-9a-f]{8,64}/) == nil {
      throw ValidationError("--definition takes a hash, or its first eight letters or more, not '\(definition)'")
    }
    guard definition == nil || target.task != nil else { throw ValidationError("--definition is for one --task") }
    try FailureClass.require(errorClass)
  }

  func run() async throws {
    let target = try target.target([.task, .backfill, .dataset, .source])
    let session = try await Session.open(options)
    let connection = try await session.connectMigrated(migrates: false, needs: .admin)
    // Of one backfill, all; of a dataset or a source, in whichever backfill it was tried last.
    let newest = target.kind == .dataset || target.kind == .source
    let tasks = try await TargetTasks.read(target, errorClass: errorClass, newest: newest, connection)
    if definition == nil, tasks.failed > 0 { try await applyNew(tasks.failedDatasets, session, connection) }
    let count: Int
    switch target {
    case .task(let id):
      if tasks.failed > 0 {
        OperatorAction.announce("This tries task \(id) again, and those that failed only because it did.")
      }
      count = try await OperatorAction.call("queue.retry_task($1, $2)", [id, definition], connection) ?? 0
    case .backfill(let id, let dataset):
      try confirm(tasks)
      count =
        try await OperatorAction.call("queue.retry_backfill($1, $2, $3)", [id, errorClass, dataset], connection) ?? 0
    default:
      try confirm(tasks)
      let failed = try await TargetTasks.ids(
        target, states: [.failed], errorClass: errorClass, newest: newest, connection)
      count = try await OperatorAction.callEach(failed, "queue.retry_task($1)", [], connection)
    }
    if target.kind != .task,
      let held = try await TargetTasks.leftAlone(target, errorClass: errorClass, newest: newest, connection)
    {
      OperatorAction.announce(held + ".")
    }
    let living = try await connection.query("SELECT FROM queue.worker WHERE state = 'running' LIMIT 1")
    if count > 0, living.isEmpty {
      OperatorAction.announce("No worker is alive: they wait for one, such as aker-worker --slots 4.")
    }
    let by = definition.map { " by definition \($0), which replaces what was published since" } ?? ""
    try OperatorAction.report(
      "retried", target, count: count, "\(TargetTasks.tasks(count)) will run again\(by)", options)
  }

  /// Applies what is new in the catalog's folder, where there is one: whoever corrected a definition retries it next. What
  /// the database knows already and has superseded, as an old checkout holds it, is not applied.
  private func applyNew(
    _ datasets: [String], _ session: Session, _ connection: PostgresConnection
  ) async throws {
    guard FileManager.default.fileExists(atPath: session.configuration.catalogPath + "/datasets") else { return }
    let folder = CatalogFolder(directory: session.configuration.catalogPath)
    var new: [DatasetSpec] = []
    for name in datasets {
      let mistakes = folder.errors.filter { $0.file.contains("/datasets/\(name)/") }
      guard mistakes.isEmpty else {
        throw Failure(
          .data, mistakes.map(\.description).joined(separator: "\n       "),
          advice: "Correct the files, then run: aker catalog check \(name)")
      }
      guard let spec = folder.datasets.first(where: { $0.name == name }) else { continue }
      let known = try await connection.query(
        "SELECT FROM catalog.definition WHERE definition_hash = $1", [spec.definitionHash])
      if known.isEmpty { new.append(spec) }
    }
    guard !new.isEmpty else { return }
    try await CatalogLoading.apply(new, from: folder, session.configuration, connection)
    for spec in new {
      OperatorAction.announce(
        "\(spec.name) is built by the definition of now, \(spec.definitionHash.prefix(12)), which is applied herewith.")
    }
  }

  /// Of nothing, nobody is asked.
  private func confirm(_ tasks: TargetTasks) throws {
    try Confirmation.ask("This tries again \(tasks.failedText).", yes: yes || tasks.failed == 0)
  }
}
