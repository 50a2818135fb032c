import ArgumentParser
import Base
import Catalog
import CatalogTools
import Configuration
import Console
import Database
import Engine
import Fetch
import Glibc
import Lake
import Pipeline
import Postgres
import Queue
import Telemetry

/// How a command ends when it could not do what it was asked: one message, what to do, and a stable exit code (listed in
/// docs/cli.md).
struct Failure: Error {
  enum Code: Int32 {
    /// The command ran, and what it watched or checked failed: tasks of the backfill, a validation.
    case unsuccessful = 1
    /// The arguments make no sense, or name what does not exist.
    case usage = 64
    /// A definition, a catalog or a source's data is wrong.
    case data = 65
    /// Something needed is not there: the database, PostGIS, DuckDB.
    case unavailable = 69
    /// A fault of ours.
    case software = 70
    /// A folder or file cannot be written.
    case cannotWrite = 73
    /// It may work later.
    case transient = 75
    /// The login may not do this.
    case noPermission = 77
    /// A setting is wrong.
    case configuration = 78
    /// Ctrl-C.
    case interrupted = 130
  }

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
    let code: Code
    switch error {
    case is ConfigurationError, is LakeIdentityError: code = .configuration
    case let refusal as Refusal: code = Self.code(refusal)
    case let error as PostgresError where error.isConnectionFailure: code = .unavailable
    case let error as PostgresError where error.sqlState == "42501":
      self.init(
        .noPermission, error.message, causes: error.causes,
        advice: "This login lacks a role: aker_reader looks, aker_admin operates (docs/queue.md, Roles). Have the "
          + "database's owner grant it.")
      return
    // read_only_sql_transaction: a standby, or a database that is set to be read.
    case let error as PostgresError where error.sqlState == "25006":
      self = .standby
      return
    // What the database's functions refuse: a pause or a limit passes, a name that does not exist stays a mistake.
    case QueueError.wrongState: code = .transient
    case is QueueError: code = .usage
    case is EmbeddedClusterError, is MigrationError, is EngineError: code = .unavailable
    case CatalogError.unknownDataset: code = .usage
    case is CatalogError: code = .data
    case let error as PipelineError: code = Self.code(error)
    // A source that has not what was asked, or refuses the key.
    case let error as FetchError where error.errorClass == .permanent: code = .unsuccessful
    case CatalogScaffold.Failure.cannotWrite: code = .cannotWrite
    case is CatalogScaffold.Failure: code = .usage
    default:
      code =
        switch error.errorClass {
        case .transient, .rateLimited: .transient
        case .data: .data
        case .permanent, .workerLost, .dependency: .software
        }
    }
    self.init(code, error.summary, causes: error.causes, advice: error.advice)
  }

  private static func code(_ refusal: Refusal) -> Code {
    switch refusal.kind {
    case .usage: .usage
    case .data: .data
    case .configuration: .configuration
    }
  }

  private static func code(_ error: PipelineError) -> Code {
    switch error {
    case .notPublished: .usage
    case .tooManyRows, .miscounted: .data
    case .missingExtension, .noDatabase, .upstreamNeedsDatabase: .unavailable
    case .missingUpstream, .timeLimit, .notEnqueued: .transient
    case .notReproducible, .notRestorable, .missingFile: .unsuccessful
    }
  }

  private func show() {
    let terminal = Terminal.standardError
    let lines = ErrorLines(label: "error: ", summary: message, causes: causes, advice: advice)
      .rendered(columns: terminal.columnLimit, style: Style(terminal), unicode: Terminal.isUnicode)
    terminal.write(lines.joined(separator: "\n") + "\n")
  }
}
