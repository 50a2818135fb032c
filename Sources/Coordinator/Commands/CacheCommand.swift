import ArgumentParser
import Catalog
import Fetch
import FoundationEssentials
import Pipeline
import Postgres

/// The raw cache: documents as the sources gave them.
struct CacheCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Show what the raw cache holds, or cut it down to a size.",
    discussion: """
      Documents are kept as they came, by content. What is gone is fetched again when it is needed; partitions made of it \
      cannot be reproduced meanwhile.

      EXAMPLES
        aker cache ls
        aker cache forget census_acs5 --url 2012
        aker cache prune --to 50GB
      """,
    subcommands: [List.self, Forget.self, Prune.self])

  /// - Throws: `Failure` where it cannot be written.
  private static func open(_ options: GlobalOptions) throws -> (cache: RawCache, path: String) {
    let path = try options.configuration().cachePath + "/raw"
    guard !path.contains("://") else {
      throw Failure(
        .usage, "\(path) is not a folder of this host",
        advice: "Its documents are the bucket's to prune: give it a lifecycle rule.")
    }
    do {
      return (try RawCache(directory: path), path)
    } catch {
      throw Failure(.cannotWrite, "\(error)", advice: "Make it writable, or set AKER_CACHE_PATH to a folder that is.")
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "Show how many documents of each source are kept, and what they take.",
      discussion: "EXAMPLES\n  aker cache ls\n  aker cache ls --json")
    @OptionGroup var options: GlobalOptions

    private struct Row: Encodable {
      var source: String
      var documents: Int
      var bytes: Int64
      var first_fetched_at: Date?
      var last_fetched_at: Date?
      var synthetic: Int
    }

    func run() async throws {
      let (cache, path) = try open(options)
      let rows = cache.usage().sorted { ($1.value.byteCount, $0.key) < ($0.value.byteCount, $1.key) }.map {
        Row(
          source: $0.key, documents: $0.value.documentCount, bytes: $0.value.byteCount,
          first_fetched_at: $0.value.firstFetchedAt, last_fetched_at: $0.value.lastFetchedAt,
          synthetic: $0.value.syntheticCount)
      }
      if options.json { return try printJSON(rows) }
      guard !rows.isEmpty else { return print("nothing was fetched into \(path) yet") }
      let cells = rows.map { row in
        [
          row.source, "\(row.documents)", ByteCount(row.bytes).text, Self.day(row.first_fetched_at),
          Self.day(row.last_fetched_at), row.synthetic > 0 ? "\(row.synthetic) made up" : "",
        ]
      }
      let table = Table(headings: ["source", "documents", "size", "first fetched", "last fetched", ""], rows: cells)
      Terminal.standardOutput.write(table.rendered(Style(.standardOutput)))
      print(
        "\n\(rows.reduce(0) { $0 + $1.documents }) documents, \(ByteCount(rows.reduce(0) { $0 + $1.bytes }).text), in \(path)"
      )
    }

    private static func day(_ date: Date?) -> String {
      date.map { String($0.formatted(.iso8601).prefix("YYYY-MM-DD".count)) } ?? ""
    }
  }

  struct Forget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask a source again for what it answered, however fresh that is.",
      discussion: """
        For a source that has corrected what it gave. The documents stay, so that what was made of them can be reproduced.

        EXAMPLES
          aker cache forget bls_qcew
          aker cache forget census_acs5 --url /data/2012/
        """)
    @Argument(help: "The source.") var source: String
    @Option(help: ArgumentHelp("Only what has this in its URL.", valueName: "text")) var url: String?
    @OptionGroup var options: GlobalOptions

    private struct Report: Encodable {
      var source: String
      var forgotten: Int
    }

    func run() async throws {
      let registry = try SourceRegistry(directory: try options.configuration().catalogPath)
      guard registry[source] != nil else {
        let near = NearestName.find(source, in: registry.sources.keys).map { "Did you mean \($0)?" }
        throw Failure(.usage, "there is no source '\(source)'", advice: near ?? "aker sources lists them.")
      }
      let (cache, path) = try open(options)
      let count: Int
      do {
        count = try cache.forget(sourceID: source, urlContaining: url)
      } catch let failure as RawCache.Failure {
        throw Failure(.cannotWrite, failure.description, advice: "Run it as the workers' user.")
      }
      if options.json { return try printJSON(Report(source: source, forgotten: count)) }
      print(
        count == 0
          ? "nothing of \(source)\(url.map { " with '\($0)' in its URL" } ?? "") is kept in \(path)"
          : "\(source) is asked again for \(count) documents")
    }
  }

  struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove the documents that were not used for longest, until the others fit.",
      discussion: """
        May run beside workers: what was used within the last hour stays.

        EXAMPLES
          aker cache prune --to 50GB
          aker cache prune --to 0 --yes      # all that was not used just now
        """)
    @Option(help: ArgumentHelp("What the documents may take together.", valueName: "size")) var to: ByteCount
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup var options: GlobalOptions

    private struct Report: Encodable {
      var removed: Int
      var removed_bytes: Int64
      var kept: Int
      var kept_bytes: Int64
      var abandoned: Int
    }

    func run() async throws {
      let (cache, path) = try open(options)
      let pruned: RawCache.Pruned
      do {
        // Nothing fits more than everything: this only counts.
        let now = try cache.prune(toBytes: .max)
        if now.keptBytes > to.bytes {
          try Confirmation.ask(
            "\(path) holds \(now.keptCount) documents, \(ByteCount(now.keptBytes).text): those used least recently are removed until they take \(to.text).",
            yes: yes)
        }
        pruned = try cache.prune(toBytes: to.bytes)
      } catch let failure as RawCache.Failure {
        throw Failure(.cannotWrite, failure.description, advice: "Run it as the workers' user.")
      }
      if options.json {
        return try printJSON(
          Report(
            removed: pruned.removedCount, removed_bytes: pruned.removedBytes, kept: pruned.keptCount,
            kept_bytes: pruned.keptBytes, abandoned: pruned.abandonedCount))
      }
      print(
        "removed \(pruned.removedCount) documents, \(ByteCount(pruned.removedBytes).text); \(pruned.keptCount) are kept, \(ByteCount(pruned.keptBytes).text)"
      )
      if pruned.keptBytes > to.bytes { print("The rest was used within the last hour, and may be in use.") }
    }
  }
}
