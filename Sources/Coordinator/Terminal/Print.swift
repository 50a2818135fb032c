/// Instead of Swift's own, which says nothing when its text goes nowhere: a full disk must not look like success.
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {
  Terminal.standardOutput.write(items.map { "\($0)" }.joined(separator: separator) + terminator)
}
