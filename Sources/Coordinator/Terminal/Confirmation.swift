import Base
import Glibc

/// Asks before something large, where there is somebody to ask.
enum Confirmation {
  /// Shows what is about to happen; asks when standard input is a terminal, and goes ahead when it is not (a script said
  /// what it wanted).
  ///
  /// - Throws: `Failure` when the answer is not yes.
  static func ask(_ what: String, yes: Bool) throws {
    Terminal.standardError.write(what + "\n")
    guard !yes, isatty(STDIN_FILENO) == 1 else { return }
    Terminal.standardError.write("Go ahead? [y/N] ")
    let answer = readLine()?.lowercased() ?? ""
    guard ["y", "yes"].contains(answer) else { throw Failure(.usage, "nothing was changed") }
  }

  /// For what must not happen unasked: without a terminal, it needs `--yes`.
  static func require(_ what: String, yes: Bool) throws {
    guard !yes else { return }
    guard isatty(STDIN_FILENO) == 1 else { throw Failure(.usage, what, advice: "To go ahead: --yes") }
    try ask(what, yes: false)
  }
}
