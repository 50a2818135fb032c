import Catalog
import FoundationEssentials
import TestSupport
import Testing

/// The JSON Schemas for editors say what the readers of the catalog's files take, and no more.
struct SchemaTests {
  private static let folder = PackageRoot.catalog + "/schemas"
  private static let sources = PackageRoot.path + "/Sources/Shared/Catalog"

  private static func text(_ file: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
  }

  /// The names of the fields of each mapping that a schema describes and closes.
  private static func mappings(_ schema: String) throws -> [Set<String>] {
    struct Node: Decodable {
      var mappings: [Set<String>] = []

      init(from decoder: any Decoder) throws {
        if let list = try? decoder.singleValueContainer().decode([Node].self) {
          mappings = list.flatMap(\.mappings)
        } else if let object = try? decoder.singleValueContainer().decode([String: Node].self) {
          mappings = object.values.flatMap(\.mappings)
          if object["additionalProperties"] != nil, let properties = try? decoder.container(keyedBy: Key.self),
            let fields = try? properties.decode([String: Node].self, forKey: .properties)
          {
            mappings.append(Set(fields.keys))
          }
        }
      }

      enum Key: CodingKey { case properties }
    }
    return try JSONDecoder().decode(Node.self, from: Data(text("\(folder)/\(schema).schema.json").utf8)).mappings
  }

  private static func words(_ text: Substring) -> Set<String> { Set(text.matches(of: /"(\w+)"/).map { String($0.1) }) }

  /// What readers take, from where they say so: `fields(known: [...])`, and the lists that are handed to it by name.
  private static func known(in folders: [String]) throws -> [Set<String>] {
    var lists: [Set<String>] = []
    for folder in folders {
      for file in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where file.hasSuffix(".swift") {
        let text = try text("\(folder)/\(file)")
        lists += text.matches(of: /known: \[("[^\]]*)\]/).map { words($0.1) }
        lists += text.matches(of: /(?:fieldNames|argumentNames) = \[([^\]]*)\]/).map { words($0.1) }
      }
    }
    return lists
  }

  @Test func datasetsAndFlowsHaveTheFieldsThatAreRead() throws {
    let read = try Self.known(in: ["\(Self.sources)/Dataset", "\(Self.sources)/Flow"])
    let said = try Self.mappings("dataset") + Self.mappings("flows")
    // A request's own fields, and those that say how its file is read, are one mapping.
    let requests = read.filter { $0.contains("for_each") || $0.contains("skip_lines") }
    #expect(requests.count == 2)
    let expected = read.filter { !requests.contains($0) } + [requests.reduce(into: []) { $0.formUnion($1) }]
    let checks = Set(CheckName.allCases.map(\.rawValue))
    for fields in expected { #expect(said.contains(fields), "no schema has exactly \(fields.sorted())") }
    for fields in said { #expect(expected.contains(fields) || fields == checks, "nobody reads \(fields.sorted())") }
    #expect(said.contains(checks))
  }

  @Test func sourcesHaveTheFieldsThatAreRead() throws {
    let text = try Self.text("\(Self.sources)/Source/SourceDefinition+yaml.swift")
    let read = Set(text.matches(of: /(?:take|require|positive)\("(\w+)"\)/).map { String($0.1) })
    let said = try Self.mappings("sources").reduce(into: Set<String>()) { $0.formUnion($1) }
    #expect(read.union(["sources"]) == said)
  }

  @Test func formatsTypesAndAuthenticationAreThoseThatAreRead() throws {
    let dataset = try Self.text("\(Self.folder)/dataset.schema.json")
    for format in InputFormat.allCases { #expect(dataset.contains("\"\(format.rawValue)\""), "\(format)") }
    for type in RequestColumns.RawType.allCases { #expect(dataset.contains("\"\(type.rawValue)\""), "\(type)") }
  }

  /// By a validator that is not ours.
  @Test func theCatalogItselfIsValidAndMistakesAreNot() async throws {
    let script = """
      import glob, json, sys, yaml
      from jsonschema import Draft202012Validator
      root = sys.argv[1]
      def validator(name):
          schema = json.load(open(f"{root}/schemas/{name}.schema.json"))
          Draft202012Validator.check_schema(schema)
          return Draft202012Validator(schema)
      files = [("dataset", f) for f in sorted(glob.glob(f"{root}/datasets/*/dataset.yml"))]
      files += [("flows", f"{root}/flows.yml"), ("sources", f"{root}/sources.yml")]
      for name, file in files:
          for error in validator(name).iter_errors(yaml.safe_load(open(file))):
              print(file, list(error.path), error.message)
      definition = yaml.safe_load(open(f"{root}/datasets/market_income/dataset.yml"))
      for field, value in [("depend_on", ["a"]), ("partitions", {"year": "2009-"}), ("key", 3), ("checks", [{"expect_nothing": {}}])]:
          if not list(validator("dataset").iter_errors({**definition, field: value})): print(field, "passes")
      print(len(files), "files")
      """
    let packages = PackageRoot.path + "/.aker/tools/python/jsonschema"
    let result = try await Program.run(
      "python3", ["-c", script, PackageRoot.catalog], environment: ["PYTHONPATH": packages])
    let count = try FileManager.default.contentsOfDirectory(atPath: PackageRoot.catalog + "/datasets").count
    #expect(result.exitCode == 0 && result.output == "\(count + 2) files\n", "\(result)")
  }
}
