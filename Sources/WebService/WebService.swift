package import Exposition
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
package import Logging
internal import NIOCore
package import Postgres
internal import ServiceLifecycle
package import Settings

/// The service by HTTP: the API, its events, metrics and health, for as long as the process serves.
package struct WebService: Service {
  package struct Options: Sendable {
    package var address: ListenAddress
    /// Before every path: `/aker` behind a proxy that serves other things, too; else empty.
    package var prefix: String
    package var rules: AccessRules
    package var version: String
    /// How long a connection may be idle, a request take to come whole, and an answer wait to be read.
    package var patience: Duration
    /// What questions in SQL may cost.
    package var questions: QuestionLimits
    /// Is told the address once it listens.
    package var onListening: @Sendable (ListenAddress) -> Void

    package init(
      address: ListenAddress, prefix: String, rules: AccessRules, version: String,
      patience: Duration = .seconds(60), questions: QuestionLimits = QuestionLimits(),
      onListening: @escaping @Sendable (ListenAddress) -> Void = { _ in }
    ) {
      self.address = address
      self.prefix = prefix
      self.rules = rules
      self.version = version
      self.patience = patience
      self.questions = questions
      self.onListening = onListening
    }
  }

  private let options: Options
  private let database: PostgresConfiguration
  private let configuration: AkerConfiguration
  private let logger: Logger

  /// Sessions with the database at most: questions are short, and the rest wait their turn.
  private static let sessionCount = 4
  /// Connections at most: twice as many as may listen to what changes.
  private static let connectionCount = 2_000

  package init(
    _ options: Options, database: PostgresConfiguration, configuration: AkerConfiguration, logger: Logger
  ) {
    self.options = options
    self.database = database
    self.configuration = configuration
    self.logger = logger
  }

  package func run() async throws {
    var database = database
    database.statementTimeout = .seconds(30)
    let pool = PostgresPool(database, maximumCount: Self.sessionCount)
    let looks = PostgresPool(database, maximumCount: 1)
    let hub = EventHub(pool: looks, logger: logger)
    let desk = Desk(
      pool: pool, gate: Gate(rules: options.rules, pool: pool), configuration: configuration,
      explorer: Explorer(options.questions, database: self.database, pool: pool), logger: logger)
    let routes = Routes(
      desk: desk, hub: hub, probes: Probes(pool: pool, hub: hub), prefix: options.prefix, version: options.version,
      anonymous: options.rules.anonymous, patience: options.patience)
    let patience = TimeAmount(options.patience)
    let (requested, onListening) = (options.address, options.onListening)
    let application = Application(
      router: routes.router(),
      server: .http1(
        configuration: HTTP1Channel.Configuration(
          additionalChannelHandlers: [UnreadAnswer(patience)], idleTimeout: patience,
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 16_384, maxHeaderListSize: 65_536, maxHeaderFieldCount: 100))),
      configuration: ApplicationConfiguration(
        address: .hostname(requested.host, port: requested.port), serverName: "aker/\(options.version)",
        availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionCount)),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? requested.port
        onListening(ListenAddress(host: requested.host, port: port))
      }, logger: logger)
    try await withGracefulShutdownHandler {
      do {
        try await application.run()
      } catch let error where "\(error)".contains("bind") {
        throw ListenError(address: requested, reason: "the address is in use, or not this host's")
      }
    } onGracefulShutdown: {
      // Streams would keep the server from ending.
      Task { await hub.close() }
    }
    await hub.close()
    await looks.close()
    await pool.close()
  }
}
