import Base
import Settings
import WebService

extension AkerConfiguration {
  /// Where notices go: each variable, or the file that `<NAME>_FILE` names, is one.
  ///
  /// - Throws: `Failure` for what is no address.
  func alertDestinations() throws -> [AlertDestination] {
    var destinations: [AlertDestination] = []
    if let url = try address("ALERT_WEBHOOK_URL") {
      destinations.append(AlertDestination(.webhook, url: url, secret: try secret("ALERT_WEBHOOK_SECRET")))
    }
    if let url = try address("ALERT_SLACK_URL") {
      destinations.append(AlertDestination(.slack, url: url))
    }
    return destinations
  }

  private func address(_ name: String) throws -> String? {
    guard let url = try secret(name) else { return nil }
    guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
      throw Failure(
        .configuration, "AKER_\(name) is no address of HTTP",
        advice: "It is to be such as https://hooks.example.org/aker")
    }
    return url
  }
}
