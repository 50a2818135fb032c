import TestSupport

/// Makes inputs out of those of a corpus: cut, doubled, spliced, with bytes changed and what a grammar trips over put in.
struct Mutation {
  let corpus: [[UInt8]]
  /// What means something to the parser.
  let tokens: [[UInt8]]
  private(set) var random: SeededRandom

  /// Larger inputs find nothing more, and take longer.
  private static let mostBytes = 65_536

  /// What trips any parser: ends, signs, numbers beyond all types, letters that are no letters.
  private static let anywhere: [[UInt8]] = [
    [0], [0xFF], [0xEF, 0xBB, 0xBF], [0xC3, 0x28], [0xED, 0xA0, 0x80], Array("\r\n".utf8), Array("\u{202E}".utf8),
    Array("99999999999999999999999999".utf8), Array("-9223372036854775808".utf8), Array("1e999999".utf8),
    Array("NaN".utf8),
    Array("\u{2028}".utf8), Array("e\u{301}\u{301}\u{301}".utf8), Array("../../../../etc/passwd".utf8),
    Array("$(touch /tmp/aker-fuzz)".utf8), Array("'; DROP TABLE x; --".utf8), Array("%00%2e%2e".utf8),
  ]

  init(corpus: [[UInt8]], tokens: [String], seed: UInt64) {
    self.corpus = corpus
    self.tokens = tokens.map { Array($0.utf8) } + Self.anywhere
    random = SeededRandom(seed: seed)
  }

  mutating func next() -> [UInt8] {
    var bytes = corpus[random.below(corpus.count)]
    for _ in 0...random.below(6) { change(&bytes) }
    return Array(bytes.prefix(Self.mostBytes))
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let place = random.below(bytes.count + 1)
    let length = random.below(min(64, bytes.count - place) + 1)
    switch random.below(9) {
    case 0: bytes.removeSubrange(place..<place + length)
    case 1: bytes.removeSubrange(place...)
    case 2: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
    case 3:
      // Depth and length come of repetition.
      let piece = tokens[random.below(tokens.count)]
      let count = [1, 2, 100, 2000][random.below(4)]
      bytes.insert(contentsOf: (0..<count).flatMap { _ in piece }, at: place)
    case 4: bytes.insert(contentsOf: tokens[random.below(tokens.count)], at: place)
    case 5:
      let other = corpus[random.below(corpus.count)]
      bytes = Array(bytes[..<place]) + other[random.below(other.count + 1)...]
    case 6 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.below(8))
    case 7 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
    default: bytes.replaceSubrange(place..<place + length, with: tokens[random.below(tokens.count)])
    }
  }
}
