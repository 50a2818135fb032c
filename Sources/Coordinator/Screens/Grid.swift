import Console

/// The dataset × year grid: what an operator looks at first.
///
/// Each cell is two facts, what the data is and what the last work on it does or did, of which each has one sign. It is as
/// wide as the terminal: years shrink to two digits, and then wrap into blocks.
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

  /// The signs in use, with what they mean: first of the data, then of the work.
  func legend(style: Style, unicode: Bool) -> String {
    var used: Set<GridCell.Fact> = []
    for cell in cells.values.flatMap(\.values) {
      if let work = cell.work { used.insert(work) }
      if cell.work == nil || cell.data != .none { used.insert(cell.data) }
    }
    return GridCell.Fact.allCases.filter(used.contains).map { fact in
      fact.colored(String(unicode ? fact.sign : fact.plainSign), style) + " "
        + (fact == .none ? "nothing published" : fact.rawValue)
    }.joined(separator: "  ")
  }

  /// The data's sign, then the work's: `■✗` is published, and the last work on it failed. Nothing is said of data that is
  /// not there while there is work on it, and a share stands for the data while a year is under way.
  private func text(_ cell: GridCell?, _ width: Int, _ style: Style, _ unicode: Bool) -> String {
    guard let cell else { return Self.left("", width) }
    func sign(_ fact: GridCell.Fact) -> String { String(unicode ? fact.sign : fact.plainSign) }
    guard let work = cell.work else {
      return Self.left("", width - 1) + cell.data.colored(sign(cell.data), style)
    }
    var data = cell.data == .none ? "" : sign(cell.data)
    if cell.total > 1, cell.completed > 0, cell.completed < cell.total {
      data = "\(cell.completed * 100 / cell.total)%"
      // A failure shows before a share does.
      if data.count + 1 >= width { data = work == .failed ? "" : data }
    }
    let shown = data.count + 1 < width ? (data, sign(work)) : data.isEmpty ? ("", sign(work)) : (data, "")
    // Padded before it is coloured, since the codes have no width.
    let room = String(repeating: " ", count: max(0, width - shown.0.count - shown.1.count))
    let isShare = data.hasSuffix("%")
    return room + (shown.0.isEmpty ? "" : (isShare ? work : cell.data).colored(shown.0, style))
      + (shown.1.isEmpty ? "" : work.colored(shown.1, style))
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

extension GridCell.Fact {
  /// For terminals without Unicode.
  var plainSign: Character {
    switch self {
    case .none: "-"
    case .published: "#"
    case .warned: "!"
    case .stale: "*"
    case .other: "<"
    case .failed: "x"
    case .running: ">"
    case .waiting: "."
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
    case .warned, .running, .stale, .other: style.yellow(text)
    case .none, .blocked, .waiting, .skipped, .cancelled: style.dim(text)
    case .paused: style.blue(text)
    }
  }
}
