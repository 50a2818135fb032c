internal import Catalog
internal import FoundationEssentials
package import Base

/// `aker catalog new NAME`: a dataset that passes `aker catalog check`, to be changed into the one that is wanted.
package enum CatalogScaffold {
  package enum Failure: ClassifiedError {
    case unusableName(String)
    case noSource(String?, near: String?, all: [String])
    case exists(String)
    case cannotWrite(String, reason: String)
    /// Neither a URL nor a file that is there.
    case noDocument(String)
    case elsewhere(String, source: String, endpoint: String)
    case credentials(String)
    /// Nothing in the document is a table.
    case noRows
    case unknownFormat(String)
    case unreadable(String)

    package var errorClass: ErrorClass { .permanent }
    package var exitStatus: ExitStatus {
      switch self {
      case .cannotWrite: .cannotWrite
      case .noRows, .unreadable: .data
      default: .usage
      }
    }
    package var summary: String {
      switch self {
      case .unusableName(let name):
        "'\(name)' is not usable as a name: a-z, then a-z, 0-9 and '_', at most \(DatasetSpec.nameLimit)"
      case .noSource(nil, _, let all):
        "--source is missing: which does it ask? There are \(all.joined(separator: ", "))"
      case .noSource(let source?, let near, _):
        "there is no source '\(source)'" + (near.map { "; did you mean '\($0)'?" } ?? "")
      case .exists(let folder): "\(folder) is there already"
      case .cannotWrite(let path, let reason): "\(path) cannot be written: \(reason)"
      case .noDocument(let text): "'\(text)' is neither a file that can be read nor an address"
      case .elsewhere(let text, let source, let endpoint): "\(text) is not of source \(source), which is \(endpoint)"
      case .credentials: "an address with a user and a password is not written into a catalog"
      case .noRows: "there is no table in the document: no list of rows that have named columns"
      case .unknownFormat(let text): "nothing tells what kind of document \(text) is"
      case .unreadable(let reason): "the document cannot be asked for: \(reason)"
      }
    }

    package var advice: String? {
      switch self {
      case .noSource: "aker sources tells more of each; docs/sources.md, how to add one."
      case .noDocument: "Name a file, or an address that begins with https:// or http://."
      case .elsewhere: "Leave --source out: the source is found by the address, or made."
      case .credentials: "Leave them out, and give the source its auth in sources.yml (docs/sources.md)."
      case .noRows: "Name its format (--format), or write the dataset by hand: aker catalog new NAME --source ID"
      case .unknownFormat:
        "Name it: --format \(InputFormat.allCases.map(\.rawValue).joined(separator: ", "))"
      case .unusableName, .exists, .cannotWrite, .unreadable: nil
      }
    }
  }

  /// Writes `<catalog>/datasets/<name>/{dataset.yml,transform.sql}`.
  /// - Returns: the files written.
  package static func create(_ name: String, source: String?, catalog directory: String) throws -> [String] {
    try requireFree(name, catalog: directory)
    let known = try SourceRegistry(directory: directory).sources.keys
    guard let source, known.contains(source) else {
      throw Failure.noSource(
        source, near: source.flatMap { NearestName.find($0, in: known) }, all: known.sorted())
    }
    return try write(name, datasetYAML: datasetYAML(name, source), transformSQL: transformSQL, catalog: directory)
  }

  /// - Throws: `Failure` where the name cannot be used, or is.
  package static func requireFree(_ name: String, catalog directory: String) throws {
    guard DatasetSpec.isIdentifier(name, limit: DatasetSpec.nameLimit) else { throw Failure.unusableName(name) }
    let folder = "\(directory)/datasets/\(name)"
    if FileManager.default.fileExists(atPath: folder) { throw Failure.exists(folder) }
  }

  /// - Returns: the files written.
  package static func write(
    _ name: String, datasetYAML: String, transformSQL: String, catalog directory: String
  ) throws -> [String] {
    let folder = "\(directory)/datasets/\(name)"
    let files = [("dataset.yml", datasetYAML), ("transform.sql", transformSQL)]
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for (file, text) in files { try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(file)")) }
    } catch {
      throw Failure.cannotWrite(folder, reason: "\(error)")
    }
    return files.map { "\(folder)/\($0.0)" }
  }

  /// `sources.yml` with one source more, which must be readable afterwards.
  ///
  /// - Returns: the text.
  package static func sources(_ directory: String, adding entry: String) throws -> String {
    let file = "\(directory)/sources.yml"
    var text = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? "sources:\n"
    if !text.hasSuffix("\n") { text += "\n" }
    text += "\n" + entry
    do {
      _ = try SourceRegistry([YAMLNode.parse(text, file: file)])
    } catch {
      throw Failure.cannotWrite(file, reason: "an entry at its end would not be read; add it yourself:\n\(entry)")
    }
    return text
  }

  package static func write(sources text: String, catalog directory: String) throws {
    do {
      try Data(text.utf8).write(to: URL(filePath: "\(directory)/sources.yml"), options: .atomic)
    } catch {
      throw Failure.cannotWrite("\(directory)/sources.yml", reason: "\(error)")
    }
  }

  private static func datasetYAML(_ name: String, _ source: String) -> String {
    """
    # docs/datasets.md tells what each field means.
    name: \(name)
    title: One line for people
    description: >-
      What a row stands for, where the figures come from, and what is odd about them.
    owner: data team

    partitions:
      years: 2009-                # 2009-2020 for a dataset that has ended
      # regions: [md, va]         # cuts a year further, for what is too large
      # other_regions: '[a-z]{2}' # those that may be asked for besides

    requests:                     # each becomes the view raw.<name>, all columns text
      - name: state
        source: \(source)
        path: "/data/{data_year}/acs/acs5"
        query: {get: "NAME,B01003_001E", for: "state:*"}
        format: json_table
        columns: [NAME, B01003_001E, state]

    columns:                      # of the published table
      - {name: state, type: text, description: State FIPS code.}
      - {name: name, type: text, description: Name of the state.}
      - {name: population, type: bigint, unit: persons, description: Total population., from: [state.B01003_001E]}

    key: [state]

    checks:
      - expect_table_row_count_to_be_between: {min_value: 1}
      - expect_column_values_to_be_between: {column: population, min_value: 0}

    """
  }

  private static let transformSQL = """
    -- DuckDB SQL: one SELECT. Partition: getvariable('data_year'), getvariable('region'), getvariable('as_of').
    SELECT
      state,
      "NAME" AS name,
      CAST("B01003_001E" AS BIGINT) AS population
    FROM raw.state

    """
}
