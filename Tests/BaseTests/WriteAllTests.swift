import Base
import Dispatch
import Glibc
import Testing

struct WriteAllTests {
  /// Many times what a pipe holds, into one that never blocks: the terminal of a program that made it so.
  @Test func aFullPipeIsWaitedFor() async throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let (reader, writer) = (ends[0], ends[1])
    try #require(fcntl(writer, F_SETFL, O_NONBLOCK) == 0)
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    async let code: Int32 = onThread {
      defer { close(writer) }
      return bytes.withUnsafeBytes { writeAll($0, to: writer) }
    }
    let read: [UInt8] = await onThread {
      defer { close(reader) }
      var all: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = Glibc.read(reader, &buffer, buffer.count)
        guard count > 0 else { return all }
        all += buffer[..<count]
      }
    }
    #expect(await code == 0)
    #expect(read == bytes)
  }

  @Test func aDescriptorThatIsNoneSaysSo() {
    #expect([1].withUnsafeBytes { writeAll($0, to: -1) } == EBADF)
  }

  /// Blocking calls stay off the cooperative pool.
  private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: body()) }
    }
  }
}
