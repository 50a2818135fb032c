internal import Base
internal import Glibc

/// A file that is written from its beginning to its end, through a buffer.
struct OutputFile: ~Copyable {
  struct Failure: Error {
    var why: String
  }

  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private let cancellation: BlockingWork.Cancellation?

  /// - Parameter cancellation: asked at each flush.
  /// - Throws: `Failure` when the file cannot be made.
  init(_ path: String, _ cancellation: BlockingWork.Cancellation? = nil) throws {
    let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure(why: "\(path): \(String(cString: strerror(errno)))") }
    self.path = path
    self.descriptor = descriptor
    self.cancellation = cancellation
    buffer.reserveCapacity(2 * Self.bufferSize)
  }

  /// 64 KiB: system calls are few then, and memory is little.
  private static let bufferSize = 65_536

  mutating func write(_ bytes: some Sequence<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.bufferSize { try flush() }
  }

  /// To be called at the end.
  mutating func flush() throws {
    try cancellation?.check()
    let code = buffer.withUnsafeBytes { writeAll($0, to: descriptor) }
    guard code == 0 else { throw Failure(why: "\(path): \(String(cString: strerror(code)))") }
    buffer.removeAll(keepingCapacity: true)
  }

  deinit { close(descriptor) }
}
