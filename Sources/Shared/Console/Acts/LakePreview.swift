internal import Base
internal import FoundationEssentials
package import Postgres

/// Which publication a rollback takes back, and which it restores.
package enum RollbackChoice: Sendable {
  case notPublished
  /// Nothing before the one that is shown has other rows.
  case noEarlier(shown: PublicationLine)
  case back(shown: PublicationLine, to: PublicationLine)

  /// - Parameter history: of one partition, the newest first.
  package init(_ history: [PublicationLine]) {
    guard let shown = history.first(where: { $0.warehouse == .shown }) else {
      self = .notPublished
      return
    }
    let earlier = history.first { $0.publication < shown.publication && $0.sha256 != shown.sha256 }
    self = earlier.map { .back(shown: shown, to: $0) } ?? .noEarlier(shown: shown)
  }
}

extension PublicationLine {
  /// Such as `41 (as of 2024-05, published 2024-06-01T10:00 UTC, 3,143 rows, definition 5f3a9c01d2e4)`.
  package var text: String {
    let time = published_at.formatted(.iso8601).prefix("YYYY-MM-DDTHH:MM".count).replacing("T", with: " ")
    let what = "\(row_count.counted("row")), definition \(definition.prefix(12))"
    return "\(publication) (as of \(as_of), published \(time) UTC, \(what))"
  }
}

/// What `aker validate` and `aker lake rollback` would do with what is published of a dataset's years. They build and check with
/// the lake's files, and so in the process that asks: who previews gets the command.
package struct LakePreview: Encodable, Sendable {
  package enum Act: String, CaseIterable, Sendable {
    case validate, rollback
  }

  package struct Partition: Encodable, Sendable {
    package var data_year: Int
    package var region: String
    /// What the act would do, or why it would do nothing.
    package var text: String
    /// That does it; nil where there is nothing to do.
    package var command: String?
  }

  package var text: String
  /// Partitions that it would be done to.
  package var count: Int
  package var partitions: [Partition]
  /// Whether there are more than these.
  package var has_more: Bool
  package var commands: [String]

  /// More are not told one by one: a year may have three thousand regions.
  package static let mostPartitions = 100

  package static func read(
    _ act: Act, _ dataset: String, years: [Int], _ connection: PostgresConnection
  ) async throws -> LakePreview {
    var told: [Partition] = []
    var hasMore = false
    years: for year in Set(years).sorted() {
      let place = PublishedPartition(dataset: dataset, year: year, region: "")
      let regions = try await place.regions(connection)
      if regions.isEmpty {
        told.append(Partition(data_year: year, region: "", text: "nothing is published", command: nil))
      }
      for region in regions {
        if told.count == mostPartitions {
          hasMore = true
          break years
        }
        let place = PublishedPartition(dataset: dataset, year: year, region: region)
        told.append(partition(act, place, RollbackChoice(try await place.history(connection))))
      }
    }
    let done = told.filter { $0.command != nil }
    let doneYears = YearList(years: Set(done.map(\.data_year)).sorted())
    let what = "\(dataset) \(doneYears): \(done.count.counted("partition"))"
    let commands: [String] =
      switch act {
      case .rollback: done.compactMap(\.command)
      case .validate where done.isEmpty: []
      case .validate: ["aker validate \(dataset) --years \(doneYears)"]
      }
    let text =
      switch act {
      case _ where done.isEmpty:
        "Of \(dataset) \(YearList(years: Set(years).sorted())) there is nothing to "
          + (act == .validate ? "check." : "take back.")
      case .validate:
        "This runs today's checks over what is published of \(what). Nothing is published or taken back."
      case .rollback:
        "This publishes again what was published before of \(what). It is shown as the vintage that is shown now."
      }
    return LakePreview(text: text, count: done.count, partitions: told, has_more: hasMore, commands: commands)
  }

  private static func partition(_ act: Act, _ place: PublishedPartition, _ choice: RollbackChoice) -> Partition {
    let region = place.region.isEmpty ? "" : " --region \(place.region)"
    let (text, command): (String, String?)
    switch (act, choice) {
    case (_, .notPublished): (text, command) = ("the warehouse shows nothing of it", nil)
    case (.validate, .noEarlier(let shown)), (.validate, .back(let shown, _)):
      (text, command) = ("checks publication \(shown.text)", "aker validate \(place.dataset) --years \(place.year)")
    case (.rollback, .noEarlier):
      (text, command) = ("it has no earlier publication with other rows", nil)
    case (.rollback, .back(let shown, let target)):
      text = "This replaces publication \(shown.text) by exactly what publication \(target.text) published."
      command = "aker lake rollback \(place.dataset) \(place.year)\(region) --to \(target.publication)"
    }
    return Partition(data_year: place.year, region: place.region, text: text, command: command)
  }
}
