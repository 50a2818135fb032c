package import Catalog
internal import FoundationEssentials
internal import HTTP

/// Whether a source's endpoint can be reached from here: for `aker doctor`. Any answer will do, an error page too.
package enum EndpointProbe {
  /// - Returns: nil when it can; otherwise why not.
  package static func problem(of source: SourceDefinition) async -> String? {
    if source.endpoint.hasPrefix("file://") {
      let path = String(source.endpoint.dropFirst("file://".count))
      return FileManager.default.fileExists(atPath: path) ? nil : "there is no \(path)"
    }
    let file = FileManager.default.temporaryDirectory.appending(path: "aker-probe-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    var transfer = HTTPTransfer(url: address(of: source), file: file)
    transfer.limits.connectTimeout = .seconds(5)
    transfer.limits.totalTimeout = .seconds(10)
    transfer.limits.maximumBytes = 64 * 1024
    transfer.limits.maximumRedirects = 0
    transfer.limits.maximumResumes = 0
    transfer.allowsPrivateAddress = source.allowsPrivateAddress
    do {
      _ = try await transfer.perform()
      return nil
    } catch let failure as HTTPTransfer.Failure {
      switch failure {
      // It answered with more than is read here, or with a redirect.
      case .tooLarge, .truncated, .unsafe("too many redirects"): return nil
      case .transfer(let reason), .unsafe(let reason), .cannotWrite(let reason): return reason
      case .cancelled: return "interrupted"
      }
    } catch {
      return "\(error)"
    }
  }

  private static func address(of source: SourceDefinition) -> String {
    guard source.endpoint.hasPrefix("s3://") else { return source.endpoint + "/" }
    return (source.s3.server ?? "https://s3.\(source.s3.region).amazonaws.com") + "/"
  }
}
