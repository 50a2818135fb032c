internal import FoundationEssentials
internal import Glibc

extension AkerConfiguration {
  /// Bytes that all workers of this host may let DuckDB use together: AKER_HOST_MEMORY, a size or a part of what the host
  /// (or the container) has.
  /// - Throws: `ConfigurationError.malformedHostMemory`.
  package func hostMemoryBytes() throws -> Int {
    let text = values[.hostMemory]?.text ?? ""
    guard let match = text.wholeMatch(of: /(\d{1,6})\s*(%|MiB|GiB)/), let number = Int(match.1) else {
      throw ConfigurationError.malformedHostMemory(text)
    }
    switch match.2 {
    case "MiB": return number << 20
    case "GiB": return number << 30
    default:
      guard (1...100).contains(number) else { throw ConfigurationError.malformedHostMemory(text) }
      return Self.physicalMemoryBytes / 100 * number
    }
  }

  /// Bytes that DuckDB may write for one task: AKER_TASK_DISK.
  /// - Throws: `ConfigurationError.malformedTaskDisk`.
  package func taskDiskBytes() throws -> Int {
    let text = values[.taskDisk]?.text ?? ""
    guard let match = text.wholeMatch(of: /(\d{1,6})\s*(MiB|GiB)/), let number = Int(match.1), number > 0 else {
      throw ConfigurationError.malformedTaskDisk(text)
    }
    return number << (match.2 == "MiB" ? 20 : 30)
  }

  /// Threads that they may use together: AKER_HOST_THREADS, or as many as there are processors.
  /// - Throws: `ConfigurationError.malformedHostThreads`.
  package func hostThreads() throws -> Int {
    guard let text = values[.hostThreads]?.text else { return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
    guard let number = Int(text), number > 0 else { throw ConfigurationError.malformedHostThreads(text) }
    return number
  }

  /// Of the host, or of the container where that has less.
  static var physicalMemoryBytes: Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let memory = pages > 0 ? pages * sysconf(Int32(_SC_PAGESIZE)) : smallHostBytes
    let limit = FileManager.default.contents(atPath: "/sys/fs/cgroup/memory.max").flatMap {
      Int(String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace })
    }
    return min(memory, limit ?? memory)
  }

  /// Assumed where the host does not tell.
  private static let smallHostBytes = 2 * 1_073_741_824
}
