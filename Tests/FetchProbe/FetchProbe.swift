import Catalog
import Fetch
import FoundationEssentials
import Glibc
import HTTP
import Logging
import Postgres
import Base

/// A real process that fetches, for what can only be told of processes: limits over several of them, memory, secrets in
/// what they write.
///
///     FetchProbe documents FIRST COUNT   small documents, 8 at a time
///     FetchProbe download PATH           one document; prints its hash, size, resumes and the peak of its memory
///
/// The source `probe` is at PROBE_ENDPOINT, its key in PROBE_KEY, the cache in PROBE_CACHE, the queue at PROBE_DSN.
@main
struct FetchProbe {
  static func main() async {
    signal(SIGPIPE, SIG_IGN)
    let environment = ProcessInfo.processInfo.environment
    do {
      try await run(environment)
    } catch let error as any ClassifiedError {
      print("\(error.errorClass.rawValue): \(error.summary) \(error.advice ?? "")")
      exit(1)
    } catch {
      print("\(error)")
      exit(2)
    }
  }

  private static func run(_ environment: [String: String]) async throws {
    let arguments = CommandLine.arguments
    let authentication =
      environment["PROBE_KEY"] == nil
      ? "" : "auth_key_name: PROBE_KEY, auth: \(environment["PROBE_AUTH"] ?? "{in: query, name: key}"), "
    let registry = try SourceRegistry([
      YAMLNode.parse(
        """
        sources:
          - {id: probe, name: probe, endpoint: "\(environment["PROBE_ENDPOINT"] ?? "")", allow_private_address: true,
             \(authentication)error_rules: [{body: "<title>(Missing|Invalid) Key", class: permanent}]}
        """, file: "probe")
    ])
    let pool = environment["PROBE_DSN"].map { PostgresPool(PostgresConfiguration(dsn: $0), maximumCount: 2) }
    let fetcher = try Fetcher(
      registry: registry, cacheDirectory: environment["PROBE_CACHE"] ?? "",
      limiter: pool.map { QueueRateLimiter($0) } ?? UnlimitedRate(), clientName: "probe-\(getpid())",
      logger: Logger(label: "probe"), secret: { environment[$0] })
    switch arguments[1] {
    case "documents":
      let first = Int(arguments[2]) ?? 0
      try await documents(first..<first + (Int(arguments[3]) ?? 0), fetcher)
    default:
      let request = FetchRequest(name: "probe", sourceID: "probe", path: arguments[2], expected: .any)
      let input = try await fetcher.fetch(request)
      print("\(input.sha256 ?? "-") \(input.byteCount) \(peakMemoryKilobytes())")
    }
  }

  private static func documents(_ numbers: Range<Int>, _ fetcher: Fetcher) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, number) in numbers.enumerated() {
        if index >= 8 { try await group.next() }
        group.addTask {
          var request = FetchRequest(name: "probe", sourceID: "probe", path: "/200", expected: .any)
          request.query = [.init(name: "seed", value: "\(number)")]
          _ = try await fetcher.fetch(request)
        }
      }
      try await group.waitForAll()
    }
  }

  private static func peakMemoryKilobytes() -> Int {
    let status = FileManager.default.contents(atPath: "/proc/self/status").map { String(decoding: $0, as: UTF8.self) }
    let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
  }
}
