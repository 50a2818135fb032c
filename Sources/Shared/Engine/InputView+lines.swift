internal import Catalog

extension InputView {
  /// The files' lines, as the one column `line`.
  func lines(_ files: [String]) -> String {
    // No character divides a line, and none quotes: chr(1) is in no text.
    """
    read_csv(\(SQL.list(files)), auto_detect = false, header = false, columns = {'line': 'VARCHAR'}, delim = chr(1), \
    quote = '', escape = '', strict_mode = false, null_padding = true, max_line_size = \(Self.lineByteLimit), \
    buffer_size = \(2 * Self.lineByteLimit)\(compression))
    """
  }

  /// 16 MiB: a feature a line, and Alaska has tens of thousands of points.
  private static let lineByteLimit = 16_777_216

  /// The lines cut where the columns stand. Blank ones, and what is blank in them, are nothing.
  func fixedWidth(_ files: [String], _ columns: RequestColumns?) -> String {
    let cells = (columns?.positions ?? [:]).sorted { $0.value.lowerBound < $1.value.lowerBound }.map { name, place in
      """
      nullif(trim(substr(line, \(place.lowerBound), \(place.count))), '') AS \
      \(SQL.identifier(columns?.sourceName(name) ?? name))
      """
    }
    // What a tab stands for is known to who wrote it alone; what goes on beyond its column would be cut.
    let cuts = Self.borders((columns?.positions ?? [:]).map(\.value)).map { place in
      """
      WHEN regexp_full_match(substr(line, \(place), 2), '[0-9.,]{2}|\\pL{2}') THEN error('''' || line || ''' is no text of fixed \
      width as declared: a number or a word goes over the border of a column, at characters \(place) and \(place + 1); correct its \
      `at:`, or declare what stands beside it as a column, too')
      """
    }
    let isRow =
      "CASE WHEN contains(line, chr(9)) THEN error('''' || line || ''' is no text of fixed width: it has a tab') "
      + cuts.joined(separator: " ") + " ELSE trim(line) <> '' END"
    return "(SELECT \(cells.joined(separator: ", ")) FROM \(lines(files)) WHERE \(isRow))"
  }

  /// The last characters before a place where a column begins or ends beside what no column has.
  static func borders(_ places: [ClosedRange<Int>]) -> [Int] {
    func isDeclared(_ character: Int) -> Bool { places.contains { $0.contains(character) } }
    let ends = places.map(\.upperBound).filter { !isDeclared($0 + 1) }
    let starts = places.map { $0.lowerBound - 1 }.filter { $0 > 0 && !isDeclared($0) }
    return Set(ends + starts).sorted()
  }

  /// The columns that lie within the longest of the first lines: a file of shorter ones has lost some.
  func fixedWidthHeader(_ file: String) -> String {
    let declared = request.columns(year: year)
    let places = (declared?.names ?? []).map { name in
      """
      {'name': \(SQL.literal(declared?.sourceName(name) ?? name)), \
      'start': \(declared?.positions[name]?.lowerBound ?? 0)}
      """
    }
    return """
      SELECT list_transform(list_filter([\(places.joined(separator: ", "))], lambda c: c.start <= width), lambda c: c.name) \
      AS columns FROM (SELECT max(length(line)) AS width FROM (SELECT line FROM \(lines([file])) LIMIT 1000))
      """
  }
}
