import ArgumentParser
import Base
import Exposition
import Logging
import OpenLineage
import Postgres
import Queue
import ServiceLifecycle
import Settings
import Telemetry
import UnixSignals
import WebService

/// Enqueues the catalog's flows when they are due, keeps the queue's house where no worker does, and answers by HTTP.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract:
      "Enqueue flows when they are due, take tasks back from dead workers, send alerts, and answer by HTTP, until stopped.",
    discussion: """
      Flows are due as catalog/flows.yml says. Every due time is kept with what became of it (aker flow history); what fell due while \
      nothing served is caught up with as the flow says. Several may serve at once, on any hosts, and be killed at any time: a due \
      time is enqueued once. It runs none of the tasks: workers do. What finished longer ago than queue.setting.retention_interval \
      is pruned.

      By HTTP it offers what aker asks and does (docs/api.md), /metrics, /livez and /readyz (docs/service.md). On another address \
      than this host's own it asks for tokens: aker token create.

      EXAMPLES
        aker serve
        aker serve --listen 0.0.0.0:8420 --require-token
        aker serve --no-listen
      """)
  @OptionGroup var serving: ServiceOptions
  @Flag(help: "Ask the one that listens there whether it is ready, and end: 0 when it is, 69 when not.")
  var askReady = false
  @Option(help: ArgumentHelp("text or json (AKER_LOG_FORMAT).", valueName: "format")) var logFormat: LogFormat?
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    EarlyStop.hear()
    if askReady, let address = ListenAddress(serving.listen) {
      return try ReadyQuestion.ask(address, pathPrefix: serving.pathPrefix)
    }
    let session = try await Session.open(options)
    Log.bootstrap(
      level: session.configuration.logLevel, isJSON: logFormat.map { $0 == .json } ?? session.configuration.logsJSON,
      redaction: Redaction(secrets: session.configuration.secretValues))
    await (try session.connectMigrated(migrates: true, needs: .admin)).close()
    let manager = ServiceManager(environment: session.configuration.environment)
    let loops = WatchedLoops(["house", "flows"], manager: manager)
    let housekeeping = Housekeeping(pool: PostgresPool(session.database, maximumCount: 1)) { loops.turn("house") }
    let service = try serving.services(session)
    let flows = FlowScheduler(session: session, duties: service.duties) { loops.turn("flows") }
    let sender = try session.configuration.openLineageSender(
      session.database, logger: Logger(label: "aker.openlineage"))
    let group = ServiceGroup(
      services: [housekeeping, flows, ServiceNotices(manager: manager)] + service.services
        + (sender.map { [OpenLineageService($0)] } ?? []),
      gracefulShutdownSignals: Interruption.signals,
      logger: Logger(label: "aker.lifecycle"))
    try await group.run()
    await housekeeping.pool.close()
  }
}

/// How lines of the log look.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}
