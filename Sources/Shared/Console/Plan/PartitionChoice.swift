/// Which partitions of its datasets a plan or a backfill is about, as it was asked for.
package struct PartitionChoice: Sendable {
  /// Nil where the flow's own are meant.
  package var years: YearList?
  /// Empty where those of the settings or the definitions are meant.
  package var regions: [String]
  /// `YYYY-MM`; this month where it is nil.
  package var asOf: String?
  /// Whether `asOf` may be a month that is still to come.
  package var allowFutureVintage: Bool
  /// Whether what the datasets read is built first, where it is missing.
  package var withUpstream: Bool
  package var order: PartitionOrder

  package init(
    years: YearList?, regions: [String], asOf: String?, allowFutureVintage: Bool, withUpstream: Bool,
    order: PartitionOrder
  ) {
    self.years = years
    self.regions = regions
    self.asOf = asOf
    self.allowFutureVintage = allowFutureVintage
    self.withUpstream = withUpstream
    self.order = order
  }
}

/// Which of the partitions are built: those not published at this vintage, those whose last task failed, those whose
/// definition or inputs changed, or all. The words of `queue.plan_backfill()`.
package enum PartitionMode: String, CaseIterable, Sendable {
  case missing, failed, stale, all
}

/// Which years are built first.
package enum PartitionOrder: String, CaseIterable, Sendable {
  case newest, oldest
}
