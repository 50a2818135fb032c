import Console

/// The dataset × year grid: what an operator looks at first.
///
/// Each cell is one glyph when its tasks are all in one state, and a percentage when a split year is under way, beside the
/// glyph of a failure where there is room for both. It is as wide
/// as the terminal: years shrink to two digits, and then wrap into blocks.
struct Grid {
  /// In the order of their rows.
  var datasets: [String]
  var years: [Int]
  private var cells: [String: [Int: GridCell]] = [:]

  /// - Parameter last: a row that comes after the others.
  init(_ cells: [(dataset: String, year: Int, cell: GridCell)], last: String? = nil) {
    datasets = Set(cells.map(\.dataset)).sorted { ($0 == last ? 1 : 0, $0) < ($1 == last ? 1 : 0, $1) }
    years = Set(cells.map(\.year)).sorted()
    for (dataset, year, cell) in cells { self.cells[dataset, default: [:]][year] = cell }
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
    let states = Set(cells.values.flatMap { $0.values.map(\.state) })
    return GridCell.State.allCases.filter(states.contains).map { state in
      state.colored(String(unicode ? state.glyph : state.plainGlyph), style) + " " + state.rawValue
    }.joined(separator: "  ")
  }

  private func text(_ cell: GridCell?, _ width: Int, _ style: Style, _ unicode: Bool) -> String {
    guard let cell else { return Self.left("", width) }
    let state = cell.state
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

extension GridCell.State {
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

  func colored(_ text: String, _ style: Style) -> String {
    switch self {
    case .published: style.green(text)
    case .failed: style.red(text)
    case .warned, .running: style.yellow(text)
    case .blocked, .ready, .skipped, .cancelled: style.dim(text)
    case .paused: style.blue(text)
    }
  }
}
