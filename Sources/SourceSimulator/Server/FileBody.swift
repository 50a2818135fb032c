import Glibc

/// A file, read as it is sent; closed with the last reference.
final class FileBody: Body {
  private let descriptor: Int32
  let byteCount: Int

  /// Nil when there is no readable regular file at `path`.
  init?(_ path: String) {
    let opened = open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else { return nil }
    var status = stat()
    guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(opened)
      return nil
    }
    descriptor = opened
    byteCount = Int(status.st_size)
  }

  deinit {
    close(descriptor)
  }

  func read(_ range: Range<Int>) throws -> [UInt8] {
    var readCount = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      while readCount < range.count {
        let more = pread(
          descriptor,
          UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[readCount...]).baseAddress,
          range.count - readCount, range.lowerBound + readCount)
        guard more > 0 else { break }
        readCount += more
      }
      count = readCount
    }
    guard bytes.count == range.count else { throw RecordingError("the file became shorter while it was sent") }
    return bytes
  }
}
