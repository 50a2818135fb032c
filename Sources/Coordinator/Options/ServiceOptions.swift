import ArgumentParser
import Base
import Exposition
import Logging
import Postgres
import ServiceLifecycle
import Settings
import WebService

/// What is served by HTTP, to whom, and who is told of alerts.
struct ServiceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where to listen.", valueName: "address:port"))
  var listen = "127.0.0.1:8420"

  @Flag(help: "Do not listen at all.") var noListen = false

  @Option(help: ArgumentHelp("Before every path, such as /aker behind a proxy.", valueName: "path"))
  var pathPrefix = ""

  @Flag(help: "Let nobody in without a token (aker token create).") var requireToken = false

  @Option(
    help: ArgumentHelp(
      "What may be done without a token, on this host's own addresses: viewer, operator or admin.", valueName: "level"))
  var anonymous = Level.operator

  @Option(
    help: ArgumentHelp(
      "The header in which a proxy says who asks; believed from --proxy-address alone.", valueName: "header"))
  var proxyUserHeader: String?

  @Option(
    help: ArgumentHelp("The header in which it says their level; without it, they are viewers.", valueName: "header"))
  var proxyLevelHeader: String?

  @Option(
    help: ArgumentHelp(
      "Where the proxy asks from; may be repeated. Its X-Forwarded-For says who asked. (default: this host)",
      valueName: "address"))
  var proxyAddress: [String] = []

  @Option(help: ArgumentHelp("How long a question in SQL (Explore) may take.", valueName: "seconds"))
  var exploreSeconds = 15

  @Option(help: ArgumentHelp("The same of a download.", valueName: "seconds"))
  var exploreDownloadSeconds = 120

  @Option(help: ArgumentHelp("How many rows a download may have.", valueName: "count"))
  var exploreDownloadRows = 5_000_000

  func validate() throws {
    for (name, value, most) in [
      ("seconds", exploreSeconds, 600), ("download-seconds", exploreDownloadSeconds, 3600),
      ("download-rows", exploreDownloadRows, 1_000_000_000),
    ] where !(1...most).contains(value) {
      throw ValidationError("--explore-\(name) is from 1 to \(most)")
    }
    guard ListenAddress(listen) != nil else {
      throw ValidationError("--listen takes an address and a port, such as 127.0.0.1:8420, not '\(listen)'")
    }
    guard pathPrefix.isEmpty || pathPrefix.wholeMatch(of: /(\/[A-Za-z0-9._~-]+)+/) != nil else {
      throw ValidationError("--path-prefix begins with a slash and does not end with one, such as /aker")
    }
    guard proxyUserHeader != nil || proxyLevelHeader == nil else {
      throw ValidationError("--proxy-level-header goes with --proxy-user-header")
    }
  }

  var rules: AccessRules {
    AccessRules(
      anonymous: requireToken ? nil : anonymous, proxyHeader: proxyUserHeader, proxyLevelHeader: proxyLevelHeader,
      proxyAddresses: proxyAddress.isEmpty ? ["127.0.0.1", "::1"] : Set(proxyAddress),
      believesForwarded: proxyUserHeader != nil || !proxyAddress.isEmpty)
  }

  /// - Throws: `Failure` where everybody would be let in.
  func services(_ session: Session) throws -> (services: [any Service], duties: [LeaderDuty]) {
    let configuration = session.configuration
    let destinations = try configuration.alertDestinations()
    let watch = AlertWatch(
      destinations, lake: configuration.cachePath.hasPrefix(AkerConfiguration.s3Scheme) ? nil : configuration.cachePath,
      logger: Logger(label: "aker.alerts"))
    let duties = [
      LeaderDuty(name: "alerts", interval: .seconds(5)) { term, connection in
        try await watch.look(term: term, connection)
      },
      LeaderDuty(name: "prune", interval: .seconds(600)) { term, connection in
        while try await connection.one("SELECT service.prune($1) AS count", [term]).decode("count", as: Int.self) > 0 {}
      },
    ]
    var services: [any Service] = [
      BatchRunner(database: session.database, logger: Logger(label: "aker.batches")),
      OutlineDrawer(database: session.database, logger: Logger(label: "aker.maps")),
    ]
    if !destinations.isEmpty {
      services.append(
        AlertSender(
          destinations, database: session.database, scratch: configuration.home + "/tmp",
          logger: Logger(label: "aker.alerts")))
    }
    guard !noListen, let address = ListenAddress(listen) else { return (services, duties) }
    if let refusal = rules.refusal(of: address) {
      throw Failure(
        .usage, "not without authentication: \(refusal)",
        advice: "Add --require-token, and make tokens: aker token create NAME")
    }
    let logger = Logger(label: "aker.http")
    services.append(
      WebService(
        WebService.Options(
          address: address, prefix: pathPrefix, rules: rules, version: Version.number,
          questions: QuestionLimits(
            time: .seconds(exploreSeconds), downloadTime: .seconds(exploreDownloadSeconds),
            downloadRows: exploreDownloadRows),
          onListening: { [pathPrefix] in
            logger.notice("listening", metadata: ["url": "http://\($0)\(pathPrefix)"])
          }),
        database: session.database, configuration: configuration, logger: logger))
    return (services, duties)
  }
}

extension Level: ExpressibleByArgument {}
