import ArgumentParser
import Base
import Configuration
import Logging
import OpenLineage
import Postgres
import Queue
import ServiceLifecycle
import Telemetry
import UnixSignals

/// Enqueues the catalog's flows when they are due, and keeps the queue's house where no worker does.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract:
      "Enqueue flows when they are due, take tasks back from dead workers, and prune old backfills, until stopped.",
    discussion: """
      Flows are due as catalog/flows.yml says. Every due time is kept with what became of it (aker flow history); what fell due while \
      nothing served is caught up with as the flow says. Several may serve at once, on any hosts, and be killed at any time: a due \
      time is enqueued once. It runs none of the tasks: workers do. What finished longer ago than queue.setting.retention_interval \
      is pruned.

      EXAMPLES
        aker serve
      """)
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let session = try await Session.open(options)
    Log.bootstrap(
      level: session.configuration.logLevel,
      redaction: Redaction(secrets: session.configuration.secretValues))
    await (try session.connectMigrated(migrates: true, needs: .admin)).close()
    let manager = ServiceManager(environment: session.configuration.environment)
    let loops = WatchedLoops(["house", "flows"], manager: manager)
    let housekeeping = Housekeeping(pool: PostgresPool(session.database, maximumCount: 1)) { loops.turn("house") }
    let flows = FlowScheduler(session: session) { loops.turn("flows") }
    let sender = try session.configuration.openLineageSender(
      session.database, logger: Logger(label: "aker.openlineage"))
    let group = ServiceGroup(
      services: [housekeeping, flows, ServiceNotices(manager: manager)]
        + (sender.map { [OpenLineageService($0)] } ?? []),
      gracefulShutdownSignals: Interruption.signals,
      logger: Logger(label: "aker.lifecycle"))
    try await group.run()
    await housekeeping.pool.close()
  }
}
