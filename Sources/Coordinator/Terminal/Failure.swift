import ArgumentParser
import Base
import Glibc
import Postgres
import Queue
import Telemetry

/// How a command ends when it could not do what it was asked: one message, what to do, and a stable exit code (listed in
/// docs/cli.md).
struct Failure: Error {
  typealias Code = ExitStatus

  var code: Code
  var message: String
  /// What lies beneath, from near to far.
  var causes: [String]
  var advice: String?

  init(_ code: Code, _ message: String, causes: [String] = [], advice: String? = nil) {
    self.code = code
    self.message = message
    self.causes = causes
    self.advice = advice
  }

  /// Prints the error as the operator should see it, and ends the process.
  static func exit(_ error: any Error) -> Never {
    HelpWindow.widen()  // ArgumentParser lays out help whatever it is asked of an error
    guard let failure = Failure(any: error) ?? fault(error) else {
      // ArgumentParser's own: usage, --help, --version.
      let code = Aker.exitCode(for: error)
      let text = Aker.fullMessage(for: error)
      let terminal = code == .success ? Terminal.standardOutput : .standardError
      if !text.isEmpty { terminal.write(text + "\n") }
      Glibc.exit(code.rawValue)
    }
    failure.show()
    Glibc.exit(failure.code.rawValue)
  }

  /// What nobody foresaw; nil for ArgumentParser's own ways to end, of which none has the code of a plain failure.
  static func fault(_ error: any Error) -> Failure? {
    guard Aker.exitCode(for: error) == .failure, !(error is ExitCode) else { return nil }
    return Failure(
      .software, "\(error)",
      advice: "This is a fault of aker's: please report it with the command and what aker --version says.")
  }

  /// Prints an error after which the command goes on.
  static func show(_ error: any Error) {
    (Failure(any: error) ?? fault(error) ?? Failure(.software, "\(error)")).show()
  }

  /// The same without secrets, which what a server said may repeat.
  static func redacted(_ error: any Error, _ redaction: Redaction) -> any Error {
    guard error is any ClassifiedError, var failure = Failure(any: error) else { return error }
    failure.message = OutsideText.lines(redaction(failure.message))
    failure.causes = failure.causes.map { OutsideText.lines(redaction($0)) }
    failure.advice = failure.advice.map { OutsideText.lines(redaction($0)) }
    return failure
  }

  static func code(_ error: any Error) -> Code {
    Failure(any: error)?.code ?? .software
  }

  /// Nil for what is not an error of ours.
  private init?(any error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case is CancellationError: self.init(.interrupted, "interrupted")
    case let error as any ClassifiedError: self.init(error)
    default: return nil
    }
  }

  private init(_ thrown: any ClassifiedError) {
    let refused = (thrown as? PostgresError).flatMap { QueueError($0) }
    let error: any ClassifiedError = refused ?? thrown
    switch error {
    case let error as PostgresError where error.sqlState == "42501":
      self.init(
        error.exitStatus, error.message, causes: error.causes,
        advice: "This login lacks a role: aker_reader looks, aker_admin operates (docs/queue.md, Roles). Have the "
          + "database's owner grant it.")
    // read_only_sql_transaction: a standby, or a database that is set to be read.
    case let error as PostgresError where error.sqlState == "25006": self = .standby
    default: self.init(error.exitStatus, error.summary, causes: error.causes, advice: error.advice)
    }
  }

  private func show() {
    let terminal = Terminal.standardError
    let lines = ErrorLines(label: "error: ", summary: message, causes: causes, advice: advice)
      .rendered(columns: terminal.columnLimit, style: Style(terminal), unicode: Terminal.isUnicode)
    terminal.write(lines.joined(separator: "\n") + "\n")
  }
}
