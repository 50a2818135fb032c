import FoundationEssentials

extension Date {
  /// How much of a time is shown.
  enum Precision: String {
    case day = "YYYY-MM-DD"
    case minute = "YYYY-MM-DD HH:MM"
    case second = "YYYY-MM-DD HH:MM:SS"
  }

  /// By UTC, for people: `2024-06-30 14:05`.
  func shown(to precision: Precision = .minute) -> String {
    String(formatted(.iso8601).replacing("T", with: " ").prefix(precision.rawValue.count))
  }
}
