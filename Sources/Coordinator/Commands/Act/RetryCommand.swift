import ArgumentParser
import Base
import Catalog
import Console
import Postgres

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
    let errorClass = errorClass.flatMap(ErrorClass.init(rawValue:))
    let newest = target.isOfManyBackfills
    let tasks = try await TargetTasks.read(target, errorClass: errorClass, newest: newest, connection)
    if definition == nil, tasks.failed > 0 {
      for spec in try await CatalogLoading.applyNew(
        tasks.failedDatasets, session.configuration, connection, note: OperatorAction.note)
      {
        OperatorAction.announce(
          "\(spec.name) is built by the definition of now, \(spec.definitionHash.prefix(12)), which is applied herewith."
        )
      }
    }
    if target.kind == .task {
      if tasks.failed > 0 {
        OperatorAction.announce(ActPreview.sentence(.retry, target, tasks))
      }
    } else {
      // Where nothing failed there is nothing to ask.
      try Confirmation.ask(ActPreview.sentence(.retry, target, tasks), yes: yes || tasks.failed == 0)
    }
    let count = try await OperatorAction.retry(target, errorClass: errorClass, definition: definition, connection)
    if target.kind != .task,
      let held = try await TargetTasks.leftAlone(target, errorClass: errorClass, newest: newest, connection)
    {
      OperatorAction.announce(held + ".")
    }
    if count > 0, try await !Readiness.isAnybodyAlive(connection) { OperatorAction.announce(Advice.noWorker.text()) }
    let by = definition.map { " by definition \($0), which replaces what was published since" } ?? ""
    try OperatorAction.report(
      "retried", target, count: count, "\(TargetTasks.tasks(count)) will run again\(by)", options)
  }
}
