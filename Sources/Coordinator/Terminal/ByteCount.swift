import ArgumentParser

/// A number of bytes, as people write and read it: `500MB`, `1.2 GB`. Powers of ten, as disks are sold and `df -H` counts.
struct ByteCount: ExpressibleByArgument, Equatable {
  var bytes: Int64

  private static let units: [(name: String, size: Double)] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]

  init(_ bytes: Int64) {
    self.bytes = bytes
  }

  init?(argument: String) {
    let text = argument.filter { !$0.isWhitespace }.lowercased()
    let digits = text.prefix { $0.isNumber || $0 == "." }
    let unit = text.dropFirst(digits.count)
    let sizes = Dictionary(uniqueKeysWithValues: Self.units.map { ($0.name.lowercased(), $0.size) })
    guard let number = Double(digits), let size = unit.isEmpty || unit == "b" ? 1 : sizes[String(unit)],
      number * size < Double(Int64.max)
    else { return nil }
    bytes = Int64(number * size)
  }

  /// Three digits at most, such as `950 B`, `1.2 MB`, `120 GB`.
  var text: String {
    guard let unit = Self.units.first(where: { Double(bytes) >= $0.size }) else { return "\(bytes) B" }
    let value = Double(bytes) / unit.size
    let tenths = Int((value * 10).rounded())
    return value < 10 ? "\(tenths / 10).\(tenths % 10) \(unit.name)" : "\(Int(value.rounded())) \(unit.name)"
  }
}
