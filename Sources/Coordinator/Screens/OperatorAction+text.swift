import Console

/// What an act says before and after it is done.
extension OperatorAction {
  /// Says what is about to happen to how many tasks, before it does.
  static func announce(_ text: String) {
    Terminal.standardError.write(text + "\n")
  }

  /// What nobody asked and all should know.
  static func note(_ text: String) { announce("note: " + text) }

  static func report(_ action: String, _ target: Target, count: Int, _ outcome: String, _ options: GlobalOptions) throws
  {
    if options.json {
      try printJSON(ActReport(action, target, count: count))
    } else {
      print("\(action) \(target.description): \(outcome)")
    }
  }
}
