import Base
import FoundationEssentials
import Testing

/// Gives a parser what nobody would write, from a seed, for as long as it is told to.
///
///     AKER_FUZZ_SECONDS=60 AKER_FUZZ_SEED=7 make fuzz
///
/// A parser may refuse its input with an error of its own; it may not end the process. The input at hand lies in
/// /tmp/aker-fuzz/<name>, so that one that does is there afterwards: it is kept in `KeptTests.swift`.
enum Fuzzing {
  /// 1 s each in CI.
  static let seconds = Double(ProcessInfo.processInfo.environment["AKER_FUZZ_SECONDS"] ?? "") ?? 1
  static let seed =
    ProcessInfo.processInfo.environment["AKER_FUZZ_SEED"].flatMap { UInt64($0) }
    ?? UInt64.random(in: 0...UInt64(UInt32.max))

  /// - Parameter parse: takes the path of the input, and a path for what it writes.
  static func run(
    _ name: String, corpus: [[UInt8]], tokens: [String] = [], _ parse: (_ path: String, _ output: String) throws -> Void
  ) throws {
    let folder = "/tmp/aker-fuzz"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let (path, output) = ("\(folder)/\(name)", "\(folder)/\(name).out")
    // What a run left behind that an input ended.
    for left in [output, output + ".d"] { try? FileManager.default.removeItem(atPath: left) }
    var mutation = Mutation(corpus: corpus, tokens: tokens, seed: seed)
    let end = ContinuousClock.now + .seconds(seconds)
    var (count, refused) = (0, 0)
    // The corpus as it is, too: a fuzzer whose inputs are all refused at their first byte finds nothing.
    var reasons: [String] = []
    for bytes in corpus {
      try Data(bytes).write(to: URL(filePath: path))
      do { try parse(path, output) } catch { reasons.append("\(error)") }
    }
    refused = reasons.count
    #expect(refused < corpus.count, "\(name): all of its corpus is refused: \(reasons)")
    while ContinuousClock.now < end || count < 50 {
      let bytes = mutation.next()
      try Data(bytes).write(to: URL(filePath: path))
      do { try parse(path, output) } catch { refused += 1 }
      try? FileManager.default.removeItem(atPath: output)
      count += 1
    }
    print("fuzz \(name): \(count) inputs of seed \(seed), \(refused) refused")
    try FileManager.default.removeItem(atPath: path)
  }

  static func run(_ name: String, corpus: [String], tokens: [String] = [], _ parse: (String) throws -> Void) throws {
    try run(name, corpus: corpus.map { Array($0.utf8) }, tokens: tokens) { path, _ in
      try parse(String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self))
    }
  }
}
