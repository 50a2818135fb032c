internal import Base
internal import Glibc

/// Whether the files of a shapefile belong together: as many records as shapes, and an index that leads to each shape in its
/// turn. A reader goes by the index alone, and gives a record another's shape, or none, without a word.
enum ShapefileCheck {
  /// - Parameters:
  ///   - path: of the .shp.
  ///   - recordCount: of the attributes.
  /// - Throws: `AttributeTable.Failure`.
  static func check(_ path: String, recordCount: Int) throws {
    let shapes = try Part(path, ".shp")
    let index = try Part(try AttributeTable.companion("shx", of: path), ".shx")
    try shapes.checkLength()
    try index.checkLength()
    let count = (index.statedByteCount - headerLength) / 8
    guard count == recordCount else {
      throw damaged("its .dbf has \(recordCount.counted("record")), and its .shx \(count.counted("shape"))")
    }
    let kind = try shapes.numbers(at: 32, 1)[0].byteSwapped
    var first: UInt32 = 1
    for number in 0..<count {
      let entry = try index.numbers(at: headerLength + 8 * number, 2)
      let place = Int(entry[0]) * 2
      guard place >= headerLength, place + 12 <= shapes.byteCount, place + 8 + Int(entry[1]) * 2 <= shapes.byteCount
      else {
        throw damaged("its .shx leads out of the .shp for shape \(number + 1)")
      }
      // Its number, its length, and its kind.
      let shape = try shapes.numbers(at: place, 3)
      // Some count from 0.
      if number == 0, shape[0] == 0 { first = 0 }
      guard shape[0] == UInt32(number) + first, shape[1] == entry[1] else {
        throw damaged("its .shx leads to something else for shape \(number + 1)")
      }
      let found = shape[2].byteSwapped
      guard found == kind || found == 0 else {
        throw damaged("its .shp is of kind \(kind), and shape \(number + 1) of kind \(found)")
      }
    }
  }

  private static let headerLength = 100

  private static func damaged(_ summary: String) -> AttributeTable.Failure {
    AttributeTable.Failure(
      summary: summary,
      advice: "Its files are not of one shapefile, or one was cut: ask for them again, or ask the source.")
  }

  /// A .shp or .shx, of which little is looked at.
  private struct Part: ~Copyable {
    let ending: String
    let byteCount: Int
    private(set) var statedByteCount = 0
    private let descriptor: Int32

    init(_ path: String, _ ending: String) throws {
      self.ending = ending
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      var status = stat()
      byteCount = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
      guard byteCount >= headerLength, try numbers(at: 0, 1)[0] == 9994 else {
        throw damaged("its \(ending) has no header of a shapefile")
      }
      // In words of two bytes.
      statedByteCount = try Int(numbers(at: 24, 1)[0]) * 2
    }

    deinit { close(descriptor) }

    func checkLength() throws {
      guard byteCount >= statedByteCount else {
        throw damaged("its \(ending) ends after \(byteCount) of \(statedByteCount) bytes")
      }
    }

    /// Of four bytes each, the highest first.
    func numbers(at place: Int, _ count: Int) throws -> [UInt32] {
      var bytes = [UInt8](repeating: 0, count: 4 * count)
      guard pread(descriptor, &bytes, bytes.count, off_t(place)) == bytes.count else {
        throw damaged("its \(ending) cannot be read")
      }
      return (0..<count).map { index in bytes[4 * index..<4 * index + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    }
  }
}
