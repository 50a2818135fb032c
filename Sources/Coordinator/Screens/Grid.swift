/// The dataset × year grid: what an operator looks at first.
///
/// Each cell is one glyph when its tasks are all in one state, and a percentage when a split year is under way, beside the
/// glyph of a failure where there is room for both. It is as wide
/// as the terminal: years shrink to two digits, and then wrap into blocks.
struct Grid {
  struct Cell: Sendable, Equatable {
    var total = 0
    var completed = 0
    var failed = 0
    var cancelled = 0
    var running = 0
    var blocked = 0
    var paused = 0
    /// Partitions that are published with warnings, by whichever backfill.
    var warned = 0
    /// Asked for, and not enqueued because there was nothing to do.
    var skipped = 0

    /// Of several datasets together.
    static func + (first: Cell, second: Cell) -> Cell {
      Cell(
        total: first.total + second.total, completed: first.completed + second.completed,
        failed: first.failed + second.failed, cancelled: first.cancelled + second.cancelled,
        running: first.running + second.running, blocked: first.blocked + second.blocked,
        paused: first.paused + second.paused, warned: first.warned + second.warned,
        skipped: first.skipped + second.skipped)
    }
  }

  /// In the order of their rows.
  var datasets: [String]
  var years: [Int]
  private var cells: [String: [Int: Cell]] = [:]

  /// - Parameter last: a row that comes after the others.
  init(_ cells: [(dataset: String, year: Int, cell: Cell)], last: String? = nil) {
    datasets = Set(cells.map(\.dataset)).sorted { ($0 == last ? 1 : 0, $0) < ($1 == last ? 1 : 0, $1) }
    years = Set(cells.map(\.year)).sorted()
    for (dataset, year, cell) in cells { self.cells[dataset, default: [:]][year] = cell }
  }

  enum State: CaseIterable {
    case published, warned, failed, running, ready, blocked, paused, cancelled, skipped

    /// One column wide, and distinct without colour.
    var glyph: Character {
      switch self {
      case .published: "■"
      case .warned: "▲"
      case .failed: "✗"
      case .running: "▶"
      case .ready: "·"
      case .blocked: "⋯"
      case .paused: "‖"
      case .cancelled: "○"
      case .skipped: "="
      }
    }

    var plainGlyph: Character {
      switch self {
      case .published: "#"
      case .warned: "!"
      case .failed: "x"
      case .running: ">"
      case .ready: "."
      case .blocked: "~"
      case .paused: "|"
      case .cancelled: "o"
      case .skipped: "="
      }
    }

    var name: String {
      switch self {
      case .published: "published"
      case .warned: "published with warnings"
      case .failed: "failed"
      case .running: "running"
      case .ready: "ready"
      case .blocked: "blocked"
      case .paused: "paused"
      case .cancelled: "cancelled"
      case .skipped: "skipped"
      }
    }

    func colored(_ text: String, _ style: Style) -> String {
      switch self {
      case .published: style.green(text)
      case .warned: style.yellow(text)
      case .failed: style.red(text)
      case .running: style.yellow(text)
      case .blocked, .ready, .skipped, .cancelled: style.dim(text)
      case .paused: style.blue(text)
      }
    }
  }

  /// What stands out of a cell's tasks: a failure before all else, then what moves.
  static func state(_ cell: Cell) -> State {
    if cell.failed > 0 { return .failed }
    if cell.running > 0 { return .running }
    let waiting = cell.total - cell.completed - cell.cancelled
    if waiting > 0 {
      if cell.paused > 0 { return .paused }
      return cell.blocked == waiting ? .blocked : .ready
    }
    if cell.cancelled > 0 { return .cancelled }
    if cell.total == 0 { return .skipped }
    return cell.warned > 0 ? .warned : .published
  }

  func rendered(columns: Int, style: Style, unicode: Bool) -> String {
    guard !datasets.isEmpty else { return "" }
    let nameWidth = datasets.map(\.count).max() ?? 0
    let room = max(5, columns - nameWidth)
    let isWide = years.count * 5 <= room
    let cellWidth = isWide ? 5 : 4
    let yearsPerBlock = max(1, room / cellWidth)
    var lines: [String] = []
    for start in stride(from: 0, to: years.count, by: yearsPerBlock) {
      let block = years[start..<min(start + yearsPerBlock, years.count)]
      let headings = block.map { year in
        Self.right(isWide ? "\(year)" : "'" + "\(year)".suffix(2), cellWidth)
      }
      lines.append(style.bold(Self.left("", nameWidth) + headings.joined()))
      for dataset in datasets {
        let row = block.map { text(cells[dataset]?[$0], cellWidth, style, unicode) }
        lines.append(Self.left(dataset, nameWidth) + row.joined())
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The glyphs in use, with their names.
  func legend(style: Style, unicode: Bool) -> String {
    let states = Set(cells.values.flatMap { $0.values.map(Self.state) })
    return State.allCases.filter(states.contains).map { state in
      state.colored(String(unicode ? state.glyph : state.plainGlyph), style) + " " + state.name
    }.joined(separator: "  ")
  }

  private func text(_ cell: Cell?, _ width: Int, _ style: Style, _ unicode: Bool) -> String {
    guard let cell else { return Self.left("", width) }
    let state = Self.state(cell)
    var text = String(unicode ? state.glyph : state.plainGlyph)
    // Under way: what was only skipped has no tasks to be a share of.
    if cell.total > 1, cell.completed > 0, cell.completed < cell.total {
      let percent = "\(cell.completed * 100 / cell.total)%"
      // A failure shows without colour, too.
      if state != .failed {
        text = percent
      } else if width > text.count + percent.count {
        text += percent
      }
    }
    // Padded before it is coloured, since the codes have no width.
    return String(repeating: " ", count: max(0, width - text.count)) + state.colored(text, style)
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
