internal import Base
internal import Catalog
internal import CatalogTools
package import Settings
package import Postgres

/// What was asked for, before the catalog and the database have been asked.
package struct BackfillSelection: Sendable {
  package enum Scope: Sendable {
    case datasets([String])
    case flow(String)
    case all
  }

  package var scope: Scope
  package var partitions: PartitionChoice
  package var mode: PartitionMode

  package init(scope: Scope, partitions: PartitionChoice, mode: PartitionMode) {
    self.scope = scope
    self.partitions = partitions
    self.mode = mode
  }

  /// Chooses the partitions, and makes the database know their definitions.
  ///
  /// - Parameter note: see `CatalogLoading.apply`.
  /// - Throws: `Refusal` for unknown flows and datasets, and for years and regions that none of the datasets has.
  package func prepare(
    _ configuration: AkerConfiguration, _ connection: PostgresConnection, note: (String) -> Void = { _ in }
  ) async throws -> ChosenPartitions {
    let folder = try CatalogLoading.folder(configuration)
    let chosen = try await choose(from: folder, configuration, connection)
    try await CatalogLoading.apply(chosen.specs, from: folder, configuration, connection, note: note)
    return partitions.withUpstream ? try await adding(to: chosen, from: folder, connection) : chosen
  }

  /// Chooses the partitions by the catalog's folder, for a caller who may not store definitions: those that the database
  /// does not know yet are refused.
  ///
  /// - Throws: as `prepare`.
  package func known(
    _ configuration: AkerConfiguration, _ connection: PostgresConnection
  ) async throws -> ChosenPartitions {
    let folder = try CatalogLoading.folder(configuration)
    let chosen = try await choose(from: folder, configuration, connection)
    return partitions.withUpstream ? try await adding(to: chosen, from: folder, connection) : chosen
  }

  /// What a backfill would do with definitions and sources as the catalog has them now. Changes nothing: the database is
  /// told of them in a transaction that is rolled back, where the login may do that; else the plan is by what the database
  /// knows, and says in its `note` where that differs.
  ///
  /// - Parameters:
  ///   - slots: tasks at a time; see `PlanForecast.make`.
  ///   - detail: whether the plan lists each partition.
  ///   - mayApply: whether the login may store definitions.
  /// - Throws: as `prepare`.
  package func plan(
    slots: Int?, maxRunning: Int?, detail: Bool, mayApply: Bool, _ configuration: AkerConfiguration,
    _ connection: PostgresConnection
  ) async throws -> Plan {
    guard mayApply else {
      let folder = try CatalogLoading.folder(configuration)
      var chosen = try await choose(from: folder, configuration, connection)
      if partitions.withUpstream { chosen = try await adding(to: chosen, from: folder, connection) }
      var plan = try await Plan.read(chosen, slots: slots, maxRunning: maxRunning, detail: detail, connection)
      plan.note = try await chosen.differing(from: connection)
      plan.full_runs = try Self.fullRuns(chosen, configuration)
      return plan
    }
    return try await connection.withRollback {
      let chosen = try await prepare(configuration, connection)
      var plan = try await Plan.read(chosen, slots: slots, maxRunning: maxRunning, detail: detail, connection)
      plan.full_runs = try Self.fullRuns(chosen, configuration)
      return plan
    }
  }

  /// By the registry as the catalog has it, so that the words are those of the pages.
  private static func fullRuns(
    _ chosen: ChosenPartitions, _ configuration: AkerConfiguration
  ) throws -> [FullRunForecast] {
    let registry = try SourceRegistry(directory: configuration.catalogPath)
    return chosen.specs.map { FullRunForecast($0, registry) }
  }

  private func choose(
    from folder: CatalogFolder, _ configuration: AkerConfiguration, _ connection: PostgresConnection
  ) async throws -> ChosenPartitions {
    let regions = try RegionChoice(told: partitions.regions, configuration, folder)
    func choose(_ specs: [DatasetSpec], years: YearList?, note: String) -> ChosenPartitions {
      ChosenPartitions(
        specs: specs, years: years ?? YearList(years: []), regions: regions, partitions: partitions, mode: mode,
        note: note)
    }
    let chosen: ChosenPartitions
    switch scope {
    case .all:
      chosen = choose(try CatalogLoading.select(nil, from: folder), years: partitions.years, note: "all datasets")
    case .flow(let name):
      let flow = try CatalogLoading.flow(name, from: folder)
      let currentYear: Int = try await connection.one(
        "SELECT extract(year FROM now() AT TIME ZONE 'UTC')::int AS year"
      ).decode("year")
      let years = partitions.years ?? YearList(years: flow.defaultYears(currentYear: currentYear))
      chosen = choose(try CatalogLoading.select(flow.datasets, from: folder), years: years, note: "flow \(name)")
    case .datasets(let names):
      chosen = choose(
        try CatalogLoading.select(names, from: folder), years: partitions.years, note: names.summary())
      try chosen.requireYears()
    }
    try chosen.requireRegions()
    try await OperatorAction.requirePast(
      partitions.asOf, allowFuture: partitions.allowFutureVintage, connection)
    return chosen
  }

  /// With what they read, and what that reads, where it is missing. Their definitions are known to the database already.
  private func adding(
    to chosen: ChosenPartitions, from folder: CatalogFolder, _ session: some PostgresSession
  ) async throws -> ChosenPartitions {
    var chosen = chosen
    while true {
      let missing = Set(try await UnmetDependency.find(chosen, session).map(\.upstream))
        .subtracting(chosen.specs.map(\.name))
      guard !missing.isEmpty else { return chosen }
      chosen.specs += try CatalogLoading.select(missing.sorted(), from: folder)
    }
  }
}
