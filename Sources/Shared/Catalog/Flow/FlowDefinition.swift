/// A named group of datasets that one command refreshes, from `catalog/flows.yml`.
package struct FlowDefinition: Sendable, Equatable {
  /// As people type it: `refresh-market-data`.
  package var name: String
  package var title: String
  package var datasets: [String]
  /// When it is due, in `timeZone`; nil for a flow that is only run by hand.
  package var schedule: CronSchedule?
  /// An IANA name.
  package var timeZone = "UTC"
  package var catchUp = CatchUp.latest
  /// What is noticed more days than this after it was due is missed.
  package var catchUpDays = 400
  package var overlap = Overlap.queue
  /// A due time fires later by up to so many minutes.
  package var jitterMinutes = 0
  /// Of split datasets, as `aker backfill --regions` takes them; nil where the installation's choice holds.
  package var regions: [String]?
  /// Which years it refreshes unless told, counted from the current one: `-3 ... -1` is the three years before this one.
  package var years: ClosedRange<Int>
  /// Where it stands in flows.yml.
  package var line: Int

  /// What is due of the times that passed while nobody served.
  package enum CatchUp: String, Sendable, CaseIterable { case none, latest, all }

  /// What happens to a due time when the flow's backfill before has not ended.
  package enum Overlap: String, Sendable, CaseIterable { case skip, queue, cancel }

  /// The years it refreshes unless told.
  ///
  /// - Parameter currentYear: the database's.
  package func defaultYears(currentYear: Int) -> [Int] {
    years.map { currentYear + $0 }
  }
}
