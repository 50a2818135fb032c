import ArgumentParser
import Base
import Catalog
import Settings
import Fetch
import FoundationEssentials
import Postgres

/// The raw cache: documents as the sources gave them.
struct CacheCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Show what the raw cache holds, or cut it down to a size.",
    discussion: """
      Documents are kept as they came, by content. What is gone is fetched again when it is needed; partitions made of it \
      cannot be reproduced meanwhile. Where AKER_CACHE_PATH is a bucket, that is meant, and --local for this host's copies.

      EXAMPLES
        aker cache ls
        aker cache forget census_acs5 --url 2012
        aker cache prune --to 50GB
      """,
    subcommands: [List.self, Forget.self, Prune.self])

  /// Which of the two there may be.
  struct Place: ParsableArguments {
    @Flag(help: "This host's copies, where AKER_CACHE_PATH is a bucket.") var local = false
    @OptionGroup var options: GlobalOptions

    func open() throws -> CacheStore {
      try CacheStore.open(try options.configuration(), local: local)
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "Show how many documents of each source are kept, and what they take.",
      discussion: "EXAMPLES\n  aker cache ls\n  aker cache ls --json")
    @OptionGroup var place: Place

    private struct Row: Encodable {
      var source: String
      var documents: Int
      var bytes: Int64
      var first_fetched_at: Date?
      var last_fetched_at: Date?
      var synthetic: Int
    }

    func run() async throws {
      let cache = try place.open()
      let rows = try await cache.usage().sorted { ($1.value.byteCount, $0.key) < ($0.value.byteCount, $1.key) }.map {
        Row(
          source: $0.key, documents: $0.value.documentCount, bytes: $0.value.byteCount,
          first_fetched_at: $0.value.firstFetchedAt, last_fetched_at: $0.value.lastFetchedAt,
          synthetic: $0.value.syntheticCount)
      }
      if place.options.json { return try printJSON(rows) }
      guard !rows.isEmpty else { return print("nothing was fetched into \(cache.path) yet") }
      let cells = rows.map { row in
        [
          row.source, "\(row.documents)", ByteCount(row.bytes).text, row.first_fetched_at?.shown(to: .day) ?? "",
          row.last_fetched_at?.shown(to: .day) ?? "", row.synthetic > 0 ? "\(row.synthetic) made up" : "",
        ]
      }
      let table = Table(headings: ["source", "documents", "size", "first fetched", "last fetched", ""], rows: cells)
      Terminal.standardOutput.write(
        table.rendered(
          Style(.standardOutput), columns: Terminal.standardOutput.columnLimit, unicode: Terminal.isUnicode))
      print(
        "\n\(rows.reduce(0) { $0 + $1.documents }.counted("document")), \(ByteCount(rows.reduce(0) { $0 + $1.bytes }).text), in \(cache.path)"
      )
    }
  }

  struct Forget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask a source again for what it answered, however fresh that is.",
      discussion: """
        For a source that has corrected what it gave. The documents stay, so that what was made of them can be reproduced. \
        Of a bucket and of this host; other hosts forget their own copies with --local.

        EXAMPLES
          aker cache forget bls_qcew
          aker cache forget census_acs5 --url /data/2012/
        """)
    @Argument(help: "The source.", completion: Names.sources) var source: String
    @Option(help: ArgumentHelp("Only what has this in its URL.", valueName: "text")) var url: String?
    @OptionGroup var place: Place

    private struct Report: Encodable {
      var source: String
      var forgotten: Int
    }

    func run() async throws {
      let registry = try SourceRegistry(directory: try place.options.configuration().catalogPath)
      guard registry[source] != nil else {
        let near = NearestName.find(source, in: registry.sources.keys).map { "Did you mean \($0)?" }
        throw Failure(.usage, "there is no source '\(source)'", advice: near ?? "aker sources lists them.")
      }
      let cache = try place.open()
      var count = try await cache.forget(sourceID: source, urlContaining: url)
      if case .bucket = cache {
        // This host would answer of its own copies.
        let own = try CacheStore.open(try place.options.configuration(), local: true)
        count = max(count, try await own.forget(sourceID: source, urlContaining: url))
      }
      if place.options.json { return try printJSON(Report(source: source, forgotten: count)) }
      print(
        count == 0
          ? "nothing of \(source)\(url.map { " with '\($0)' in its URL" } ?? "") is kept in \(cache.path)"
          : "\(source) is asked again for \(count.counted("document"))")
    }
  }

  struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove the documents that were not used for longest, until the others fit.",
      discussion: """
        Of a bucket, those that were stored longest ago: it does not know when they were used. May run beside workers: what was used within the last hour stays.

        EXAMPLES
          aker cache prune --to 50GB
          aker cache prune --to 0 --yes      # all that was not used just now
        """)
    @Option(help: ArgumentHelp("What the documents may take together.", valueName: "size")) var to: ByteCount
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup var place: Place

    private struct Report: Encodable {
      var removed: Int
      var removed_bytes: Int64
      var kept: Int
      var kept_bytes: Int64
      var abandoned: Int
    }

    func run() async throws {
      let cache = try place.open()
      // Nothing fits more than everything: this only counts.
      let now = try await cache.prune(toBytes: .max)
      if now.keptBytes > to.bytes {
        try Confirmation.ask(
          "\(cache.path) holds \(now.keptCount.counted("document")), \(ByteCount(now.keptBytes).text): \(cache.whatGoesFirst) are removed until they take \(to.text).",
          yes: yes)
      }
      let pruned = try await cache.prune(toBytes: to.bytes)
      if place.options.json {
        return try printJSON(
          Report(
            removed: pruned.removedCount, removed_bytes: pruned.removedBytes, kept: pruned.keptCount,
            kept_bytes: pruned.keptBytes, abandoned: pruned.abandonedCount))
      }
      print(
        "removed \(pruned.removedCount.counted("document")), \(ByteCount(pruned.removedBytes).text); \(pruned.keptCount) \(pruned.keptCount == 1 ? "is" : "are") kept, \(ByteCount(pruned.keptBytes).text)"
      )
      if pruned.keptBytes > to.bytes { print(cache.whatStays) }
    }
  }
}
