/// Colours, where the terminal shows them; the same text where it does not.
struct Style: Sendable {
  let showsColor: Bool

  init(_ terminal: Terminal) {
    showsColor = terminal.showsColor
  }

  init(showsColor: Bool) {
    self.showsColor = showsColor
  }

  func red(_ text: String) -> String { wrap(text, 31) }
  func green(_ text: String) -> String { wrap(text, 32) }
  func yellow(_ text: String) -> String { wrap(text, 33) }
  func blue(_ text: String) -> String { wrap(text, 34) }
  func cyan(_ text: String) -> String { wrap(text, 36) }
  func dim(_ text: String) -> String { wrap(text, 2) }
  func bold(_ text: String) -> String { wrap(text, 1) }

  private func wrap(_ text: String, _ code: Int) -> String {
    showsColor && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
