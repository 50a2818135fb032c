import Synchronization

/// Lets a few in at a time.
package actor Turns {
  private var free: Int
  private var waiters: [CheckedContinuation<Void, Never>] = []

  package init(count: Int) {
    free = count
  }

  package nonisolated func withTurn(_ body: () async throws -> Void) async throws {
    await take()
    do {
      try await body()
    } catch {
      await give()
      throw error
    }
    await give()
  }

  private func take() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiters.append($0) }
    }
  }

  private func give() {
    if waiters.isEmpty {
      free += 1
    } else {
      waiters.removeFirst().resume()
    }
  }
}

/// 1, 2, 3, ...
final class Numbers: Sendable {
  private let last = Atomic(0)

  func next() -> Int {
    last.wrappingAdd(1, ordering: .relaxed).newValue
  }
}
