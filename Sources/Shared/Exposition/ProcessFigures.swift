internal import FoundationEssentials
internal import Glibc

/// What the kernel says of this process, under the names that Prometheus's own clients use.
package enum ProcessFigures {
  package static let residentMemory = MetricFamily(
    "process_resident_memory_bytes", .gauge, "Resident memory of the process.")
  package static let cpu = MetricFamily("process_cpu_seconds_total", .counter, "CPU time, user and system.")
  package static let start = MetricFamily(
    "process_start_time_seconds", .gauge, "When the process started, in seconds since 1970.")
  package static let openFiles = MetricFamily("process_open_fds", .gauge, "Open file descriptors.")
  package static let families = [residentMemory, cpu, start, openFiles]

  package static func write(to page: inout MetricsPage) {
    // Field 22 of /proc/self/stat is the start, 14 and 15 the times, in ticks; the name before them may hold spaces.
    let stat = text("/proc/self/stat").split(separator: ")").last.map { $0.split(separator: " ") } ?? []
    let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
    func field(_ number: Int) -> Double { stat.count > number - 3 ? Double(stat[number - 3]) ?? 0 : 0 }
    page.add(
      openFiles,
      [.init(value: Double((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0))])
    page.add(cpu, [.init(value: (field(14) + field(15)) / ticks)])
    page.add(residentMemory, [.init(value: field(24) * Double(sysconf(Int32(_SC_PAGESIZE))))])
    let boot = text("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
      .flatMap { Double($0.dropFirst("btime ".count)) }
    if let boot { page.add(start, [.init(value: boot + field(22) / ticks)]) }
  }

  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}
