/// What `aker-confine` is told on its standard input: see Sources/Confine/main.c for the records.
struct ConfinedProgram {
  private var records: [UInt8] = []
  private var payload: [UInt8] = []

  init(_ program: String, parent: Int32) {
    record("p", String(parent))
    record("x", program)
  }

  mutating func argument(_ text: String) { record("a", text) }

  /// A file or folder that may be read.
  mutating func read(_ path: String) { record("r", path) }

  /// A folder that may be written to.
  mutating func write(_ folder: String) { record("w", folder) }

  /// How large a file may become.
  mutating func limitFiles(to byteCount: Int) { record("n", String(byteCount)) }

  /// How much memory of its own the process may ask for, beyond which allocations fail.
  mutating func limitMemory(to byteCount: Int) { record("m", String(byteCount)) }

  /// How many seconds of the processors' time it may take, beyond which it is ended by SIGXCPU.
  mutating func limitTime(to seconds: Int) { record("t", String(seconds)) }

  mutating func part(_ part: EngineScript.Part) {
    let (kind, text) =
      switch part {
      case .script(let text): ("f", text)
      case .statements(let text): ("c", text)
      }
    record(kind, String(text.utf8.count))
    payload += text.utf8
  }

  var bytes: [UInt8] { records + [0] + payload }

  private mutating func record(_ kind: String, _ text: String) {
    // No path has a NUL, and what would have one is none.
    records += kind.utf8 + text.utf8.filter { $0 != 0 } + [0]
  }
}
