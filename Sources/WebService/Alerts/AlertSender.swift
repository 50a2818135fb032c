internal import Base
internal import FoundationEssentials
internal import Glibc
internal import HTTP
package import Logging
package import Postgres
internal import ServiceLifecycle

/// Delivers what `service.notice` holds, each at least once. Any number of coordinators may do so.
package struct AlertSender: Service {
  private let destinations: [AlertDestination]
  private let pool: PostgresPool
  private let scratch: String
  private let logger: Logger

  private static let pollInterval = Duration.seconds(1)
  private static let requestTimeout = Duration.seconds(10)
  private static let batchCount = 20
  /// Longer than a batch of requests that all take their whole time.
  private static let hideInterval = "5 minutes"

  /// - Parameter scratch: a folder for the answers, which are not kept.
  package init(_ destinations: [AlertDestination], database: PostgresConfiguration, scratch: String, logger: Logger) {
    self.destinations = destinations
    pool = PostgresPool(database, maximumCount: 1)
    self.scratch = scratch
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          while try await send() > 0 {}
        } catch {
          let reason = error.inOneLine
          logger.info("notices wait", metadata: ["reason": "\(reason)"])
        }
        try? await Task.sleep(for: Self.pollInterval)
      }
    }
    await pool.close()
  }

  /// - Returns: how many were delivered.
  private func send() async throws -> Int {
    try await pool.withConnection { connection in
      let notices = try await connection.query(
        "SELECT * FROM service.take_notices($1, $2, $3::interval)",
        [destinations.map(\.kind.rawValue), Self.batchCount, Self.hideInterval]
      ).map { try AlertNotice($0) }
      var count = 0
      for notice in notices {
        guard let destination = destinations.first(where: { $0.kind.rawValue == notice.destination }) else { continue }
        let failure =
          if let mail = destination.mail {
            try await send(notice, mail, by: destination.url)
          } else {
            try await post(notice, to: destination)
          }
        if let failure {
          logger.warning(
            "a notice waits", metadata: ["destination": "\(notice.destination)", "reason": "\(failure)"])
        } else {
          count += 1
        }
        _ = try await connection.query("SELECT service.settle_notice($1, $2)", [notice.noticeID, failure])
      }
      return count
    }
  }

  /// - Returns: why it was not delivered.
  private func send(_ notice: AlertNotice, _ mail: AlertDestination.Mail, by url: String) async throws -> String? {
    let message = AlertMail(notice: notice, sender: mail.sender, recipients: mail.recipients, date: Date())
    var transfer = MailTransfer(
      url: url, sender: mail.sender, recipients: mail.recipients, message: message.bytes)
    (transfer.user, transfer.password, transfer.timeout) = (mail.user, mail.password, Self.requestTimeout)
    transfer.authorities = mail.authorities
    do {
      try await transfer.send()
      return nil
    } catch let failure as MailTransfer.Failure {
      return failure.reason
    }
  }

  /// - Returns: why it was not delivered.
  private func post(_ notice: AlertNotice, to destination: AlertDestination) async throws -> String? {
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    let file = "\(scratch)/alert-\(UUID().uuidString)"
    defer { unlink(file) }
    let body = try destination.body(notice)
    var transfer = HTTPTransfer(posting: body, to: destination.url, answerIn: file, within: Self.requestTimeout)
    if let signature = destination.signature(body, at: Int(Date().timeIntervalSince1970)) {
      transfer.headers.append("X-Aker-Signature: \(signature)")
    }
    do {
      let status = try await transfer.perform().status
      return (200..<300).contains(status) ? nil : "the endpoint answered \(status)"
    } catch HTTPTransfer.Failure.cancelled {
      throw CancellationError()
    } catch let failure as HTTPTransfer.Failure {
      // Its address may be a secret: Slack's is.
      return "\(failure)".replacing(destination.url, with: "the endpoint")
    }
  }
}
