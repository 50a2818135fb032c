/// Where a partition lies in the lake, readable by anything that knows hive partitioning.
package enum LakePath {
  /// `<dataset>/as_of=2024-06/data_year=2012/[region=md/]<dataset>.parquet`, below data_lake/.
  package static func file(dataset: String, asOf: String, dataYear: Int, region: String) -> String {
    let split = region.isEmpty ? "" : "region=\(region)/"
    return "\(dataset)/as_of=\(asOf)/data_year=\(dataYear)/\(split)\(dataset).parquet"
  }

  /// The partition and vintage that a path of `file` is of; nil for any other path.
  static func place(ofFile path: String) -> (dataset: String, asOf: String, dataYear: Int, region: String)? {
    let parts = path.split(separator: "/").map(String.init)
    func value(_ index: Int, _ key: String) -> String? {
      parts.indices.contains(index) && parts[index].hasPrefix(key + "=")
        ? String(parts[index].dropFirst(key.count + 1)) : nil
    }
    guard let dataset = parts.first, let asOf = value(1, "as_of"), let year = value(2, "data_year").flatMap({ Int($0) })
    else { return nil }
    let region = value(3, "region") ?? ""
    return file(dataset: dataset, asOf: asOf, dataYear: year, region: region) == path
      ? (dataset, asOf, year, region) : nil
  }

  /// The reports' folder beside the file. Readers of the lake skip names that begin with `_`.
  package static func reports(beside file: String) -> String {
    folder(of: file) + "/_validation"
  }

  /// The reports, as they are named there.
  package static let reportNames = ["validation.json", "validation.html"]

  static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  /// What an attempt writes until it is published. Readers skip names that begin with `.`.
  package static let staging = ".staging"

  /// The name of the attempt's folder below `.staging` that a path is in; nil where it is in none.
  static func stagingName(_ path: String) -> String? {
    guard path.hasPrefix(staging + "/") else { return nil }
    return path.dropFirst(staging.count + 1).split(separator: "/").first.map(String.init)
  }

  /// What else an attempt's folder holds (rows for COPY, spilled rows, upstream partitions) is gone with it.
  static func isPublished(_ name: String) -> Bool {
    name.hasSuffix(".parquet") || name.hasPrefix("validation.")
  }

  /// - Parameter mark: of the process, since another history may give the numbers again.
  package static func staging(taskID: Int64, leaseToken: Int64, mark: String) -> String {
    "\(staging)/\(taskID)-\(leaseToken)-\(mark)"
  }
}
