/// `upload`: the rows of a request are sent as CSV files, by multipart POST, in place of a request for each row.
package struct RequestUpload: Sendable, Equatable {
  /// The form's field that holds the file, and the name it is sent under.
  package var field: String
  package var fileName: String
  /// The form's other fields, with placeholders of the partition and of `for_each`.
  package var fields: [DatasetRequest.QueryItem] = []
  /// Rows of one file at most.
  package var size: Int
  /// Whether the file begins with the names of the columns.
  package var hasHeader = false
}
