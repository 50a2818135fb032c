import Engine
import FoundationEssentials
import Glibc
import Logging
import Telemetry
import TestSupport
import Testing

/// Two workers never have more of a host than one budget, whoever comes first.
@Suite struct HostBudgetTests {
  private static let unit = HostBudget.unitBytes

  private func withDirectory(_ body: (String) async throws -> Void) async throws {
    let directory = "/tmp/aker-budget-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await body(directory)
  }

  private let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

  @Test func sharesOfAllWorkersTogetherAreTheBudgetAtMost() async throws {
    try await withDirectory { directory in
      func worker(_ slots: Int) throws -> HostBudget {
        try #require(HostBudget(memoryBytes: 8 * Self.unit + 5, threads: 4, slots: slots, directory: directory))
      }
      // Alone, a slot has it all.
      let first = try worker(1)
      var held: [HostBudget.Share] = [try await first.take(logger)]
      #expect(held.map(\.memoryBytes) == [8 * Self.unit] && held[0].threads == 4)
      held = []

      // With a second worker of three slots, each has a quarter, and all of them have the whole.
      let second = try worker(3)
      #expect(first.slotCount == 4 && second.slotCount == 4)
      held = [try await first.take(logger)]
      for _ in 1...3 { held.append(try await second.take(logger)) }
      #expect(held.map(\.memoryBytes) == [Int](repeating: 2 * Self.unit, count: 4))
      #expect(held.map(\.threads) == [1, 1, 1, 1])

      // There is nothing left; who waits has it as soon as one lets go.
      let waiting = Task { [logger] in try await first.take(logger).memoryBytes }
      held.removeLast()
      #expect(try await waiting.value == 2 * Self.unit)
    }
  }

  @Test func whatIsStillInUseByALargerShareIsNotGivenTwice() async throws {
    try await withDirectory { directory in
      let first = try #require(HostBudget(memoryBytes: 4 * Self.unit, threads: 2, slots: 1, directory: directory))
      let whole = try await first.take(logger)
      let second = try #require(HostBudget(memoryBytes: 4 * Self.unit, threads: 2, slots: 1, directory: directory))
      let waits = AttemptWaits()
      let waiting = Task { [logger] in
        try await AttemptWaits.observed(by: waits) { try await second.take(logger).memoryBytes }
      }
      #expect(whole.memoryBytes == 4 * Self.unit)
      try await eventually("it is known what it waits for") {
        waits.longest()?.what == "memory that other tasks of this host have"
      }
      waiting.cancel()
      await #expect(throws: CancellationError.self) { _ = try await waiting.value }
      withExtendedLifetime(whole) {}
    }
  }

  @Test func aWorkerThatIsGoneIsNotCounted() async throws {
    try await withDirectory { directory in
      let stays = try #require(HostBudget(memoryBytes: 4 * Self.unit, threads: 2, slots: 1, directory: directory))
      var goes = HostBudget(memoryBytes: 4 * Self.unit, threads: 2, slots: 1, directory: directory)
      #expect(stays.slotCount == 2 && goes != nil)
      goes = nil
      #expect(stays.slotCount == 1)
      #expect(try await stays.take(logger).memoryBytes == 4 * Self.unit)
    }
  }
}
