import Base
import FoundationEssentials
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
    if let mail = try mailDestination() { destinations.append(mail) }
    return destinations
  }

  private func mailDestination() throws -> AlertDestination? {
    guard let url = try secret("ALERT_EMAIL_URL") else { return nil }
    guard url.wholeMatch(of: /smtps?:\/\/[^\s\/@]+\/?/) != nil else {
      throw Failure(
        .configuration, "AKER_ALERT_EMAIL_URL is no address of SMTP",
        advice: "It is to be such as smtps://mail.example.org; user and password have variables of their own.")
    }
    let sender = try secret("ALERT_EMAIL_FROM") ?? ""
    let recipients = (try secret("ALERT_EMAIL_TO") ?? "").split(separator: ",").map { part in
      part.filter { $0 != " " }
    }
    for (name, addresses) in [("FROM", [sender]), ("TO", recipients)]
    where addresses.isEmpty || !addresses.allSatisfy(Self.isMailAddress) {
      throw Failure(
        .configuration, "AKER_ALERT_EMAIL_\(name) is no address of e-mail",
        advice: "It is to be such as aker@example.org\(name == "TO" ? "; several have commas between them" : "").")
    }
    return AlertDestination(
      .email, url: url,
      mail: .init(
        sender: sender, recipients: recipients, user: try secret("ALERT_EMAIL_USER"),
        password: try secret("ALERT_EMAIL_PASSWORD"), authorities: try mailAuthorities()))
  }

  /// - Throws: `Failure` for a file that cannot be read: found at the start, and not with the first alert.
  private func mailAuthorities() throws -> String? {
    guard let file = environment["AKER_ALERT_EMAIL_CA_FILE"], !file.isEmpty else { return nil }
    guard let text = FileManager.default.contents(atPath: file),
      String(decoding: text, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----")
    else {
      throw Failure(
        .configuration, "AKER_ALERT_EMAIL_CA_FILE is no file of certificates: \(OutsideText.line(file))",
        advice: "It is to be in PEM: what begins with -----BEGIN CERTIFICATE-----")
    }
    return file
  }

  /// Nothing that could end a line or a command of SMTP, or be a second address.
  private static func isMailAddress(_ text: String) -> Bool {
    text.wholeMatch(of: /[A-Za-z0-9.!#$%&'*+\/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}/) != nil
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
