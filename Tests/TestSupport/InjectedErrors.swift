package import Postgres

/// A function of the real queue that fails with one SQLSTATE after another before it does what it does.
package struct InjectedErrors: Sendable {
  let connection: PostgresConnection
  let function: String

  /// - Parameter sqlStates: in this order; the last again and again where `forever`.
  package static func put(
    _ sqlStates: [String], before function: String, forever: Bool = false, _ connection: PostgresConnection
  ) async throws -> InjectedErrors {
    let row = try await connection.one(
      """
      SELECT pg_get_function_arguments(oid) AS arguments, pg_get_function_result(oid) AS result, pronargs AS count,
        proretset AS is_set
      FROM pg_proc WHERE proname = $1 AND pronamespace = 'queue'::regnamespace
      """, [function])
    let count: Int = try row.decode("count")
    let call = "queue.injected_\(function)(\((0..<count).map { "$\($0 + 1)" }.joined(separator: ", ")))"
    let result: String = try row.decode("result")
    let pass =
      if try row.decode("is_set", as: Bool.self) {
        "RETURN QUERY SELECT * FROM \(call);"
      } else if result == "void" {
        "PERFORM \(call);"
      } else {
        "RETURN \(call);"
      }
    let states = "ARRAY[\(sqlStates.map { "'\($0)'" }.joined(separator: ","))]"
    // A sequence is not undone with the transaction that fails.
    try await connection.executeScript(
      """
      ALTER FUNCTION queue.\(function) RENAME TO injected_\(function);
      CREATE SEQUENCE injected_\(function);
      CREATE FUNCTION queue.\(function)(\(try row.decode("arguments", as: String.self))) RETURNS \(result)
      LANGUAGE plpgsql SECURITY DEFINER AS $$
      #variable_conflict use_column
      DECLARE
        states text[] := \(states);
        number bigint := nextval('public.injected_\(function)');
      BEGIN
        IF number <= cardinality(states) OR \(forever) THEN
          RAISE EXCEPTION 'injected' USING ERRCODE = states[least(number, cardinality(states))];
        END IF;
        \(pass)
      END
      $$;
      """)
    return InjectedErrors(connection: connection, function: function)
  }

  /// The function is itself again.
  package func takeAway() async throws {
    let rows = try await connection.query(
      "SELECT oid::regprocedure::text AS signature FROM pg_proc WHERE proname = $1 AND pronamespace = 'queue'::regnamespace",
      [function])
    try await connection.executeScript(
      "BEGIN; DROP FUNCTION \(try rows[0].decode("signature", as: String.self)); "
        + "ALTER FUNCTION queue.injected_\(function) RENAME TO \(function); DROP SEQUENCE injected_\(function); COMMIT;"
    )
  }

  /// How often the function was called.
  package func callCount() async throws -> Int {
    try await connection.one(
      "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS n FROM injected_\(function)"
    ).decode("n")
  }
}
