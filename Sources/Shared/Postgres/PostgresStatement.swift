/// A statement with its parameters, for a pipeline.
package struct PostgresStatement: Sendable {
  package var sql: String
  package var parameters: [(any PostgresEncodable)?]

  package init(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) {
    self.sql = sql
    self.parameters = parameters
  }
}
