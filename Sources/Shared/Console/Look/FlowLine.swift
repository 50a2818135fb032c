package import Catalog
package import Schedule

/// A flow as the catalog has it, with what the coordinators know of it.
package struct FlowLine: Encodable, Sendable {
  package var name: String
  package var title: String
  package var schedule: String?
  package var schedule_in_words: String?
  package var time_zone: String
  package var datasets: [String]
  package var regions: [String]?
  package var first_year: Int
  package var last_year: Int
  package var catch_up: String
  package var overlap: String
  /// Nil until a coordinator has read the flow.
  package var state: FlowLedger.State?

  package init(_ flow: FlowDefinition, _ state: FlowLedger.State?) {
    (name, title, datasets, regions) = (flow.name, flow.title, flow.datasets, flow.regions)
    (schedule, schedule_in_words, time_zone) = (flow.schedule?.description, flow.schedule?.words, flow.timeZone)
    (first_year, last_year) = (flow.years.lowerBound, flow.years.upperBound)
    (catch_up, overlap) = (flow.catchUp.rawValue, flow.overlap.rawValue)
    self.state = state
  }
}
