internal import Base

extension DatasetSpec {
  /// SHA-256 of both files, each preceded by its length and a newline; then of the further SQL files in the order of their
  /// names, each preceded by that and its length.
  package var definitionHash: String {
    SHA256.hash(
      "\(datasetYAML.utf8.count)\n\(datasetYAML)\(transformSQL.utf8.count)\n\(transformSQL)"
        + otherSQL.sorted { $0.key < $1.key }.map { "\($0)\n\($1.utf8.count)\n\($1)" }.joined())
  }
}
