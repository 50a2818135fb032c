import Engine
import TestSupport
import Testing

@testable import Pipeline

@Suite("Rows for several COPYs", .whateverHappens)
struct RowPipeTests {
  /// A row with whatever may stand in a value; and now and then one that is longer than a chunk.
  private static func row(_ number: Int, _ format: RowFormat, _ random: inout SeededRandom) -> [UInt8] {
    let odd = ["", "plain", "a\nb", "\"\"", "\n\"\"\n", "é,\n", "\0\u{2}", String(repeating: "x\n", count: 200)]
    let values = ["\(number)"] + (0..<3).map { _ in odd[Int.random(in: 0..<odd.count, using: &random)] }
    switch format {
    case .csv: return Array(values.map { $0.isEmpty ? $0 : "\"\($0)\"" }.joined(separator: ",").utf8) + [10]
    case .binary:
      var bytes: [UInt8] = [0, UInt8(values.count)]
      for value in values.map({ Array($0.utf8) }) {
        // An empty one stands for NULL.
        bytes += value.isEmpty ? [255, 255, 255, 255] : [0, 0, UInt8(value.count >> 8), UInt8(value.count & 255)]
        bytes += value
      }
      return bytes
    }
  }

  /// A stream's rows, told apart by a reader of its own: it must have no part of another stream's.
  private static func rows(_ bytes: [UInt8], _ format: RowFormat) -> [[UInt8]] {
    var rows: [[UInt8]] = []
    var (start, index, isInside) = (0, 0, false)
    while index < bytes.count {
      switch format {
      case .csv:
        if bytes[index] == UInt8(ascii: "\"") { isInside.toggle() }
        index += 1
        if bytes[index - 1] != 10 || isInside { continue }
      case .binary:
        let count = Int(bytes[index + 1])
        index += 2
        for _ in 0..<count {
          index += 4 + (bytes[index] == 255 ? 0 : Int(bytes[index + 2]) << 8 + Int(bytes[index + 3]))
        }
      }
      rows.append(Array(bytes[start..<index]))
      start = index
    }
    return rows + (start < index ? [Array(bytes[start...])] : [])
  }

  @Test(arguments: [RowFormat.csv, .binary], 1...40)
  func eachRowComesWholeToOneStream(_ format: RowFormat, _ seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    let count = Int.random(in: 0...300, using: &random)
    let expected = (0..<count).map { Self.row($0, format, &random) }
    let cutter = format.cutter
    let all = cutter.opening + expected.flatMap { $0 } + cutter.closing
    var chunks: [[UInt8]] = []
    var start = 0
    while start < all.count {
      let end = min(all.count, start + Int.random(in: 1...(seed.isMultiple(of: 2) ? 7 : 400), using: &random))
      chunks.append(Array(all[start..<end]))
      start = end
    }

    let pipe = RowPipe(cutter)
    let pieceBytes = Int.random(in: 1...500, using: &random)
    let found = try await withThrowingTaskGroup(of: (pieces: [[UInt8]], rowCount: Int).self) { [chunks] group in
      group.addTask {
        for chunk in chunks { try await pipe.send(chunk) }
        await pipe.finish(nil)
        return ([], 0)
      }
      for stream in 0..<3 {
        group.addTask {
          var pieces: [[UInt8]] = []
          var rowCount = 0
          while try await pipe.hasMore(for: stream) {
            var piece: [UInt8] = []
            while let part = try await pipe.next(for: stream) {
              piece += part.bytes
              rowCount += part.rowCount
              await Task.yield()
              if part.endsRow, piece.count >= pieceBytes { break }
            }
            pieces.append(piece)
          }
          return (pieces, rowCount)
        }
      }
      return try await group.reduce(into: (pieces: [], rowCount: 0)) {
        $0 = ($0.pieces + $1.pieces, $0.rowCount + $1.rowCount)
      }
    }
    let rows = found.pieces.flatMap { Self.rows($0, format) }
    if format == .binary { #expect(found.rowCount == expected.count) }
    #expect(rows.count == expected.count)
    #expect(Set(rows) == Set(expected))
  }

  @Test func anErrorOnEitherSideEndsAllThatWait() async throws {
    struct Broken: Error {}
    let failing = RowPipe(CSVRows())
    try await failing.send(Array("1,a".utf8))
    #expect(try await failing.next(for: 0)?.endsRow == false)
    let others = (0..<2).map { stream in Task { try await failing.next(for: stream) } }
    await failing.finish(Broken())
    for other in others { await #expect(throws: Broken.self) { try await other.value } }

    let stopped = RowPipe(CSVRows())
    try await stopped.send(Array("1\n".utf8))
    let sending = Task { try await stopped.send(Array("2\n".utf8)) }
    let waiting = Task {
      _ = try await stopped.next(for: 0)
      while try await stopped.next(for: 0) != nil {}
    }
    await stopped.stop()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    _ = await sending.result
  }
}
