import ArgumentParser
import Base
import Exposition
import Settings
import Database
import FoundationEssentials
import Glibc
import Logging
import OpenLineage
import Pipeline
import Postgres
import Queue
import ServiceLifecycle
import Telemetry
import UnixSignals

/// The worker's program.
@main
struct AkerWorker: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aker-worker",
    abstract: "Claim tasks from the queue and build their partitions.",
    discussion: """
      Any number may run, on any number of hosts; each needs AKER_POSTGIS_DSN and the duckdb program. On SIGTERM (or SIGHUP) it claims no
      more, finishes what it runs or gives it back after --drain-timeout, and says which.
      """,
    version: "aker-worker \(Version.number) (\(BuildCommit.text))")

  @Option(help: "Tasks to run at a time.")
  var slots = 2

  @Option(help: "How the queue's views call this worker. (default: the host's name)")
  var name: String?

  @Option(name: .customLong("dataset"), help: "Take tasks of this dataset only; may be repeated.")
  var datasets: [String] = []

  @Option(name: .customLong("source"), help: "Take tasks that ask no other source than this; may be repeated.")
  var sources: [String] = []

  @Option(help: ArgumentHelp("How long to finish running tasks after SIGTERM.", valueName: "seconds"))
  var drainTimeout = 25

  @Option(
    help: ArgumentHelp(
      "How long a task may wait (for a source, the lake, the database) while nothing comes, before it is given back.",
      valueName: "seconds"))
  var waitLimit = 600

  @Option(
    help: ArgumentHelp(
      "Answer /metrics, /livez and /readyz there, such as 127.0.0.1:9464; nowhere unless told.",
      valueName: "address:port"))
  var metricsAddress: String?

  @Option(
    help: ArgumentHelp(
      "Ask the worker whose --metrics-address that is whether it is ready, and end: 0 when it is, 69 when not.",
      valueName: "address:port"))
  var askReady: String?

  enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  @Option(help: ArgumentHelp("text or json (AKER_LOG_FORMAT).", valueName: "format")) var logFormat: LogFormat?

  @Flag(help: "End when nothing is left to do.")
  var untilEmpty = false

  @Flag(help: "Complete tasks without doing anything: for measuring the queue.")
  var noOp = false

  @Option(help: ArgumentHelp("How long each no-op task takes.", valueName: "milliseconds", visibility: .hidden))
  var noOpMilliseconds = 0

  @Option(
    help: ArgumentHelp("Insert (task_id, lease_token) into this table where a task would publish.", visibility: .hidden)
  )
  var noOpTable: String?

  static func main() async {
    HelpWindow.widen()
    await main(nil)
  }

  func validate() throws {
    guard slots > 0 else { throw ValidationError("--slots must be at least 1") }
    guard waitLimit > 0 else { throw ValidationError("--wait-limit must be at least 1") }
    for (name, address) in [("metrics-address", metricsAddress), ("ask-ready", askReady)] {
      guard address.map({ ListenAddress($0) != nil }) ?? true else {
        throw ValidationError("--\(name) takes an address and a port, such as 127.0.0.1:9464")
      }
    }
    guard drainTimeout >= 0 else { throw ValidationError("--drain-timeout must not be negative") }
  }

  func run() async throws {
    // A peer that went away is an error for us to see, not a signal to die of.
    signal(SIGPIPE, SIG_IGN)
    EarlyStop.hear()
    do {
      if let address = askReady.flatMap({ ListenAddress($0) }) { return try ReadyQuestion.ask(address) }
      try await work()
    } catch let error as any ClassifiedError {
      let advice = Self.advice(error).map { "  \($0)\n" } ?? ""
      FileHandleText.standardError("error: \(error.summary)\n" + advice)
      throw ExitCode(error.exitStatus.rawValue)
    }
  }

  /// A database without what tells which programs it serves was never migrated, or long ago. Whatever else it lacks later on,
  /// somebody's hand has taken away.
  private static func requireStructure(_ database: PostgresConfiguration) async throws {
    do {
      try await QueueContract.require(database, version: Version.number)
    } catch let error as PostgresError where ["3F000", "42P01", "42883"].contains(error.sqlState) {
      throw MigrationError.neverMigrated(reason: error.message)
    }
  }

  private static func advice(_ error: any ClassifiedError) -> String? {
    guard let error = error as? PostgresError else { return error.advice }
    if error.isConnectionFailure { return error.advice ?? "Check AKER_POSTGIS_DSN and that the server runs." }
    if error.sqlState == "42501" { return "This login lacks the role aker_worker. Have the database's owner grant it." }
    return error.advice
  }

  private func work() async throws {
    let configuration = try AkerConfiguration.load()
    let redaction = Redaction(secrets: configuration.secretValues)
    Log.bootstrap(
      level: configuration.logLevel, isJSON: logFormat.map { $0 == .json } ?? configuration.logsJSON,
      redaction: redaction)
    let logger = Logger(label: "aker-worker")
    var database =
      if let dsn = configuration.postgisDSN {
        PostgresConfiguration(dsn: dsn)
      } else {
        try await configuration.embeddedCluster.start()
      }
    database.applicationName = "aker-worker"

    try await Self.requireStructure(database)
    let (handler, housekeeping) = try await handler(configuration, database, logger)
    let filter = QueueClient.Filter(
      datasets: datasets.isEmpty ? nil : datasets,
      sources: sources.isEmpty ? nil : sources + (try await Self.selfSources(database)))
    let told = WorkerHealth()
    let probes = try metricsAddress.flatMap { ListenAddress($0) }.map { try told.listen(on: $0) }
    if let probes { logger.notice("metrics are told", metadata: ["address": "\(probes.address)"]) }
    defer { probes?.stop() }
    let worker = WorkerService(
      settings: WorkerService.Settings(
        slots: slots, name: name ?? HostName.current, host: HostName.current, version: Version.number,
        filter: filter, drainTimeout: .seconds(drainTimeout), endsWhenEmpty: untilEmpty,
        waitLimit: .seconds(waitLimit)),
      database: database, handler: handler, redaction: redaction, logger: logger,
      manager: ServiceManager(environment: configuration.environment), housekeeping: housekeeping,
      told: told)
    let sender = try configuration.openLineageSender(database, logger: Logger(label: "aker-worker.openlineage"))
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        // The first is stopped last: it still tells of what the worker ends.
        services: (sender.map { [.init(service: OpenLineageService($0))] } ?? []) + [
          .init(
            service: worker, successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .gracefullyShutdownGroup)
        ],
        gracefulShutdownSignals: [.sigterm, .sigint] + (Hangup.isHeard ? [.sighup] : []),
        logger: Logger(label: "aker-worker.lifecycle")))
    try await group.run()
  }

  /// What datasets that read themselves count as a source, and nobody has to be asked for.
  private static func selfSources(_ database: PostgresConfiguration) async throws -> [String] {
    let connection = try await PostgresConnection.connect(database)
    let rows = try await connection.query("SELECT source_id FROM queue.source WHERE source_id LIKE 'published.%'")
    await connection.close()
    return try rows.map { try $0.decode("source_id") }
  }

  private func handler(
    _ configuration: AkerConfiguration, _ database: PostgresConfiguration, _ logger: Logger
  ) async throws -> (any TaskHandler, housekeeping: (@Sendable () async -> Void)?) {
    if let noOpTable {
      let handler = PublishingNoOpHandler(
        table: noOpTable, duration: .milliseconds(noOpMilliseconds),
        pool: PostgresPool(database, maximumCount: slots))
      return (handler, nil)
    }
    if noOp { return (NoOpHandler(duration: .milliseconds(noOpMilliseconds)), nil) }
    let environment = try await PipelineEnvironment.make(
      configuration, database: database, slots: slots, clientName: "aker/\(Version.number)", logger: logger)
    let housekeeping: @Sendable () async -> Void = {
      do {
        try await environment.repairAtStart(logger)
      } catch {
        // What is left now is repaired at the next start, or by aker lake repair.
        let reason = error.inOneLine
        logger.warning("the lake is not repaired at this start", metadata: ["error": "\(reason)"])
      }
    }
    await environment.rememberHost()
    return (try environment.handler(), housekeeping)
  }
}
