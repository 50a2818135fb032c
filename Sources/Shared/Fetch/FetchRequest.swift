package import Catalog
package import HTTP

/// One document to be fetched from a source.
package struct FetchRequest: Sendable, Equatable {
  /// The name of the dataset's request that it belongs to.
  package var name: String
  package var sourceID: String
  package var method = Method.get
  /// After the source's endpoint, beginning with a slash; percent-encoded where it must be.
  package var path: String
  package var query: [Parameter] = []
  package var headers: [Parameter] = []
  package var body: [UInt8] = []
  /// A form to upload, in place of a body.
  package var multipart: [HTTPTransfer.MultipartField] = []
  package var expected: Content
  /// Whether a text's last line ends as the others do.
  package var hasFinalNewline = true
  /// 204 and 404 mean that the source does not offer this.
  package var isOptional = false

  package enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
  }

  package typealias Parameter = DatasetRequest.QueryItem

  /// What the answer must look like. An HTML page in its place is an error, whatever its status.
  package enum Content: String, Sendable, CaseIterable {
    case json, text, zip, gzip, xml, html, parquet, any
  }

  package init(name: String, sourceID: String, path: String, expected: Content) {
    self.name = name
    self.sourceID = sourceID
    self.path = path
    self.expected = expected
  }
}
