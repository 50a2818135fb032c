import NIOHTTP1

/// One whole request.
struct Request: Sendable {
  var method: HTTPMethod
  /// Decoded, without the query; of `/census_acs5/data/2012/acs/acs5` when it is the server's, `/data/2012/acs/acs5` when a
  /// source's protocol sees it.
  var path: String
  var query: Query
  /// As it was sent, still encoded.
  var rawQuery: String
  var headers: HTTPHeaders
  var body: [UInt8]
  /// Who asks: the address and, since many clients share one here, what it calls itself.
  var client: String

  init(head: HTTPRequestHead, body: [UInt8], address: String) {
    let halves = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    method = head.method
    path = Query.decode(halves[0].utf8, plusIsSpace: false)
    rawQuery = halves.count > 1 ? String(halves[1]) : ""
    query = Query(rawQuery)
    headers = head.headers
    self.body = body
    client = ([address] + head.headers["user-agent"].prefix(1)).joined(separator: " ")
  }

  /// The segments of the path.
  var segments: [Substring] {
    path.split(separator: "/")
  }
}
