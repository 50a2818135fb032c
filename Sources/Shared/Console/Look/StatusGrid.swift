package import Postgres

/// Dataset × year, with the datasets of which nothing is there yet: what the dashboard's first page shows.
package struct StatusGrid: Encodable, Sendable {
  package struct Row: Encodable, Sendable {
    package var dataset: String
    package var title: String?
    /// Nil for a dataset that the catalog has no more.
    package var first_year: Int?
    package var last_year: Int?
    /// How many years are in which state, shown or not.
    package var counts: [String: Int]
    /// By year, those of which there is something to tell, of the years that are shown.
    package var cells: [StatusCell]
  }

  /// Which cells; what is nil says nothing.
  package struct Filter: Sendable {
    /// As this backfill alone has it.
    package var backfill: Int64?
    /// As the backfills of this vintage have it, the last one of each year.
    package var asOf: String?
    /// A flow's.
    package var datasets: [String]?
    /// Part of a dataset's name.
    package var search: String?
    /// The last year that is shown; nil for the latest.
    package var until: Int?
    /// How many years are shown; nil for all.
    package var years: Int?
    /// From 1; one that is too high is the last.
    package var page: Int
    /// Datasets on a page; nil for all on one.
    package var limit: Int?

    package init(
      backfill: Int64? = nil, asOf: String? = nil, datasets: [String]? = nil, search: String? = nil,
      until: Int? = nil, years: Int? = nil, page: Int = 1, limit: Int? = nil
    ) {
      self.backfill = backfill
      self.asOf = asOf
      self.datasets = datasets
      self.search = search
      self.until = until
      self.years = years
      self.page = page
      self.limit = limit
    }

    var isWhole: Bool { backfill == nil && asOf == nil }
  }

  /// Of the page that was asked for.
  package var rows: [Row]
  /// That can be chosen from, the newest first.
  package var vintages: [String]
  /// How many cells are in which state, on this page or not.
  package var counts: [String: Int]
  /// Datasets that the search finds, and the page of them that this is.
  package var found: Int
  package var page: Int
  package var pages: Int
  /// The years that there are, and those that are shown.
  package var first_year: Int
  package var last_year: Int
  package var shown_from: Int
  package var shown_until: Int

  private static let mostVintages = 36

  package func count(_ fact: GridCell.Fact) -> Int { counts[fact.rawValue] ?? 0 }

  /// The cells and the counts are those of the last `refresh` with this filter.
  /// - Throws: `Refusal` for a backfill that there is not.
  package static func read(_ filter: Filter, _ connection: PostgresConnection) async throws -> StatusGrid {
    if let backfill = filter.backfill {
      try await TargetTasks.requireExistence(.backfill(backfill, dataset: nil), connection)
    }
    let results = try await connection.pipeline([
      page(filter),
      PostgresStatement("SELECT DISTINCT as_of FROM queue.backfill ORDER BY as_of DESC LIMIT $1", [mostVintages]),
    ])
    // There is one line at least, without a dataset where none is found.
    let total = results[0][0]
    var grid = StatusGrid(
      rows: [], vintages: try results[1].map { try $0.decode("as_of") }, counts: try counts(total, "all_counts"),
      found: try total.decode("found"), page: try total.decode("page"), pages: try total.decode("pages"),
      first_year: try total.decode("all_first"), last_year: try total.decode("all_last"),
      shown_from: try total.decode("shown_from"), shown_until: try total.decode("shown_until"))
    for line in results[0] {
      guard let name = try line.text("name") else { continue }
      if grid.rows.last?.dataset != name {
        grid.rows.append(
          Row(
            dataset: name, title: try line.text("title"), first_year: try line.decode("first_year"),
            last_year: try line.decode("last_year"), counts: try counts(line, "row_counts"), cells: []))
      }
      guard let year = try line.decode("data_year", as: Int?.self) else { continue }
      grid.rows[grid.rows.count - 1].cells.append(
        StatusCell(dataset: name, data_year: year, cell: try GridCell(cell: line)))
    }
    return grid
  }

  /// Makes those cells, or counts of a backfill or vintage, again of which something changed, with the rights of who may change
  /// what is kept.
  package static func refresh(backfill: Int64?, asOf: String?, _ connection: PostgresConnection) async throws {
    if backfill == nil, asOf == nil {
      _ = try await connection.query("SELECT service.refresh_cells()")
    } else {
      _ = try await connection.query("SELECT service.refresh_choice($1, $2)", [backfill, asOf])
    }
  }

  private static func counts(_ line: PostgresRow, _ column: String) throws -> [String: Int] {
    var counts: [String: Int] = [:]
    for item in (try line.text(column) ?? "").split(separator: ",") {
      let parts = item.split(separator: "=")
      if parts.count == 2 { counts[String(parts[0])] = Int(parts[1]) }
    }
    return counts
  }

  /// One statement tells how many cells there are of each kind and hands over those of the page: what is sent does not grow
  /// with what there is.
  private static func page(_ filter: Filter) -> PostgresStatement {
    PostgresStatement(
      """
      WITH told AS MATERIALIZED (\(filter.isWhole ? wholeCounts : choiceCounts)),
      this AS (SELECT extract(year FROM now())::integer AS year),
      known AS MATERIALIZED (
        SELECT d.name, d.title, d.first_year, d.last_year,
          $9 OR EXISTS (SELECT FROM told t WHERE t.name = d.name) AS is_shown
        FROM catalog.dataset d WHERE $3::text[] IS NULL OR d.name = ANY ($3)),
      named AS MATERIALIZED (
        SELECT n.name, row_number() OVER (ORDER BY n.name COLLATE "C") AS place
        FROM (SELECT name FROM known WHERE is_shown UNION SELECT name FROM told) n
        WHERE $4::text IS NULL OR strpos(n.name, lower($4)) > 0),
      span AS (
        SELECT coalesce(max(s.last), max(t.year)) AS last, coalesce(min(s.first), max(t.year)) AS first
        FROM this t LEFT JOIN (
          SELECT first, last FROM told
          UNION ALL
          SELECT first_year, least(coalesce(last_year, i.year), i.year) FROM known, this i WHERE $9) s ON true),
      shown AS (
        SELECT least(first, last) AS first, last, least(greatest(coalesce($5::integer, last), least(first, last)), last)
          AS until FROM span),
      total AS (
        SELECT n.found, p.pages, least($7::integer, p.pages) AS page, s.first AS all_first, s.last AS all_last,
          greatest(s.first, s.until - coalesce($6::integer, 10000) + 1) AS shown_from, s.until AS shown_until,
          (SELECT string_agg(c.state || '=' || c.n, ',') FROM (SELECT state, sum(n) AS n FROM told GROUP BY state) c)
            AS all_counts
        FROM shown s, (SELECT count(*)::integer AS found FROM named) n,
          LATERAL (SELECT greatest(1, ceil(n.found::numeric / coalesce($8::integer, 1000000000)))::integer AS pages) p),
      cell AS \(filter.isWhole ? wholeCells : choiceCells)
      SELECT t.*, n.name, k.title, k.first_year, k.last_year, r.row_counts, c.data_year, c.data, c.work, c.total,
        c.completed, c.failed, c.cancelled, c.running, c.blocked, c.paused, c.warned
      FROM total t
        LEFT JOIN named n ON n.place > (t.page - 1)::bigint * coalesce($8, 1000000000)
          AND n.place <= t.page::bigint * coalesce($8, 1000000000)
        LEFT JOIN known k ON k.name = n.name
        LEFT JOIN (SELECT name, string_agg(state || '=' || n, ',') AS row_counts FROM told GROUP BY name) r
          ON r.name = n.name
        LEFT JOIN cell c ON c.dataset = n.name AND c.data_year BETWEEN t.shown_from AND t.shown_until
      ORDER BY n.place, c.data_year
      """,
      [
        filter.backfill, filter.asOf, filter.datasets, filter.search, filter.until, filter.years, max(1, filter.page),
        filter.limit, filter.isWhole,
      ])
  }

  private static let wholeCounts = """
    SELECT dataset AS name, state, count AS n, first_year AS first, last_year AS last FROM service.cell_count
    WHERE ($3::text[] IS NULL OR dataset = ANY ($3)) AND ($1::bigint IS NULL OR true) AND ($2::text IS NULL OR true)
    """

  private static let wholeCells = "NOT MATERIALIZED (SELECT * FROM service.cell)"

  /// Of one backfill or vintage.
  private static let choiceCounts = """
    SELECT dataset AS name, state, count AS n, first_year AS first, last_year AS last FROM service.choice_count
    WHERE backfill_id = coalesce($1::bigint, 0) AND as_of = coalesce($2::text, '')
      AND ($3::text[] IS NULL OR dataset = ANY ($3))
    """

  private static let choiceCells = """
    MATERIALIZED (
      SELECT c.* FROM total t, LATERAL service.choice_cells($1, $2, ARRAY(
        SELECT n.name FROM named n WHERE n.place > (t.page - 1)::bigint * coalesce($8, 1000000000)
          AND n.place <= t.page::bigint * coalesce($8, 1000000000)), t.shown_from, t.shown_until) c)
    """
}
