import FoundationEssentials

/// `series/*.csv` with the columns `series_id`, `year`, `period`, `value` and, if wanted, `footnotes`; any number of series a
/// file and files a series, read again when one of them changes.
actor BLSSeriesFiles {
  private let folder: String
  private var stamps: [String: Files.Stamp] = [:]
  private var series: [String: BLSSeries] = [:]

  init(folder: String) {
    self.folder = folder
  }

  func all() throws -> [String: BLSSeries] {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".csv") }
    let current = Dictionary(
      names.sorted().compactMap { name in Files.stamp(folder + "/" + name).map { (name, $0) } }
    ) { first, _ in first }
    guard current != stamps else { return series }
    var values: [String: [BLSSeries.Value]] = [:]
    for name in current.keys.sorted() {
      let path = folder + "/" + name
      let table = try CSVTable(
        Files.read(path) ?? [], path: path, requiring: ["series_id", "year", "period", "value"])
      for row in table.rows {
        guard let year = row["year"].flatMap({ Int($0) }) else { throw RecordingError("\(path): year is no number") }
        values[row["series_id"] ?? "", default: []].append(
          BLSSeries.Value(
            year: year, period: row["period"] ?? "", value: row["value"] ?? "", footnotes: row["footnotes"] ?? ""))
      }
    }
    series = values.mapValues { BLSSeries($0) }
    stamps = current
    return series
  }
}
