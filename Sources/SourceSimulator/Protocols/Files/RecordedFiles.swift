import FoundationEssentials
import NIOHTTP1

/// `GET /<path>` from `recordings/<source>/<path>`, byte for byte.
///
/// Where the answer depends on the query, the files are named `<last segment>@<name>=<value>&…[.<extension>]`: of those
/// whose every parameter was asked, the one with the most parameters is sent. See recordings/README.md.
struct RecordedFiles: SourceProtocol {
  let folder: String

  func answer(_ request: Request, source: String) throws -> Response {
    guard request.method == .GET || request.method == .HEAD else { return .text(.methodNotAllowed, "GET only\n") }
    guard let path = file(for: request), let body = FileBody(path), let stamp = Files.stamp(path) else {
      return .html(.notFound, title: "404 Not Found", text: "The requested URL was not found on this server.")
    }
    var response = Response(
      .ok,
      headers: [
        "Content-Type": ContentType.of(fileName: path),
        "Last-Modified": HTTPDate.text(unixSeconds: stamp.seconds),
        "ETag": stamp.entityTag,
      ], body: body)
    response.offersRanges = true
    return response
  }

  /// The file that answers, if there is one.
  func file(for request: Request) -> String? {
    var segments = request.segments.map { String($0) }
    // What is hidden, and what is said about the recordings, is not part of them; nothing is above them.
    guard !segments.contains(where: { $0.hasPrefix(".") }), segments != ["manifest.yml"] else { return nil }
    if request.path.hasSuffix("/") { segments.append("index") }
    guard let name = segments.popLast() else { return nil }
    let parent = ([folder] + segments).joined(separator: "/")
    let variants = ((try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [])
      .compactMap { QueryVariant(fileName: $0, segment: name) }
    let best = variants.filter { $0.matches(request.query) }
      .min { ($1.parameters.count, $0.fileName) < ($0.parameters.count, $1.fileName) }
    return best.map { parent + "/" + $0.fileName } ?? parent + "/" + name
  }
}
