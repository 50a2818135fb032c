/// One named input of a dataset: what is asked of a source, and the columns that its answer is declared to have.
package struct DatasetRequest: Sendable, Equatable {
  package var name: String
  package var sourceID: String
  package var method = Method.get
  /// Path below the source's endpoint, with placeholders to be filled in.
  package var path: String
  package var query: [QueryItem]
  /// What a POST sends, with placeholders; nil for none.
  package var body: RequestBodyTemplate?
  /// `for_each`: one document for each combination of their values, the last variable changing fastest.
  package var variables: [RequestVariable] = []
  /// The file of the dataset's folder that selects what is asked for: its rows' columns are placeholders, too.
  package var rowsFile: String?
  /// How the selected rows are uploaded together; nil for a request for each row.
  package var upload: RequestUpload?
  /// How an answer that comes in pages is asked for.
  package var pages: RequestPages?
  /// What the answer must hold, so that one that was cut silently is not taken for a whole one.
  package var verifications: [RequestVerification] = []
  /// What every row of the answer must say, so that one about something else is not taken for it.
  package var answers: [RequestAnswer] = []
  package var format: InputFormat
  package var input = InputOptions()
  /// What is declared, for all years or per range of years; the first that contains the year counts.
  package var vintages: [RequestColumns]
  /// A level that the source does not offer every year: its absence is recorded, and its view is empty.
  package var isOptional: Bool
  /// The years that it is asked for; nil for all. In the others its view is empty.
  package var years: YearRange?
  /// Regular expression of the regions that it is asked for; nil for all. In the others its view is empty.
  package var regionsPattern: String?
  /// What is said of its number and its answers' size, for forecasts; nil where nobody said.
  package var cost: RequestCost?
  /// Where it stands in dataset.yml.
  package var line: Int

  package enum Method: String, Sendable, CaseIterable {
    case get, post
  }

  package struct QueryItem: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Placeholders that every request has.
  package static let partitionPlaceholders = ["data_year", "yy", "region", "as_of"]

  /// - Parameter region: nil counts for all.
  package func isAsked(in year: Int, _ region: String?) -> Bool {
    guard years?.contains(year) ?? true else { return false }
    guard let regionsPattern, let region else { return true }
    // Read with the definition, which refuses one that is none.
    return (try? Regex(regionsPattern).wholeMatch(in: region)) != nil
  }

  package func columns(year: Int) -> RequestColumns? {
    vintages.first { $0.contains(year) }
  }

  /// Every column that some year declares, in order of first mention: what the request's view always has.
  package var allColumns: [String] {
    var seen: Set<String> = []
    return vintages.flatMap(\.names).filter { seen.insert($0).inserted }
  }

  /// Variables that have one value in each document, and so are columns of the view beside those of the answer. Those of
  /// `rowsFile` come besides, where each row is a document.
  package var columnVariables: [String] { variables.filter { $0.groupSize == nil }.map(\.name) }

  /// Whether each selected row is a document, with its columns beside those of the answer.
  package var hasRowColumns: Bool { rowsFile != nil && upload == nil }

  /// The placeholders that its texts name.
  package var placeholders: [String] {
    ([path] + query.map(\.value) + (body?.texts ?? []) + (upload?.fields.map(\.value) ?? []))
      .flatMap(Placeholder.names(in:))
  }

  /// How many documents a partition has at least: each combination of the variables, and of one that is asked in groups
  /// each group. Selected rows may be none.
  package var documentCount: Int { rowsFile != nil ? 0 : variables.reduce(1) { $0 * $1.groups.count } }

  /// Whether a feed that cannot be read is told in a row, rather than stop the partition.
  package var declaresUnreadableFeeds: Bool {
    format == .feed
      && vintages.contains { declared in
        declared.names.contains { declared.possibleNames($0).contains(InputFormat.unreadableColumn) }
      }
  }

  /// Whether a column stands for all that match a pattern, in any year.
  package func isPattern(_ column: String) -> Bool { vintages.contains { $0.patterns[column] != nil } }
}
