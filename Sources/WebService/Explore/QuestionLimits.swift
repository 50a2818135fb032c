/// What a question in SQL may cost.
package struct QuestionLimits: Sendable {
  /// Until the last row is read, however many there are.
  package var time: Duration
  /// The same of a download. While it goes on, the server keeps rows that were deleted meanwhile.
  package var downloadTime: Duration
  package var downloadRows: Int
  package var downloadBytes: Int
  /// Questions at once: of one who asks, and of all.
  package var perCaller: Int
  package var inAll: Int

  package init(
    time: Duration = .seconds(15), downloadTime: Duration = .seconds(120), downloadRows: Int = 5_000_000,
    downloadBytes: Int = 1_000_000_000, perCaller: Int = 2, inAll: Int = 4
  ) {
    self.time = time
    self.downloadTime = downloadTime
    self.downloadRows = downloadRows
    self.downloadBytes = downloadBytes
    self.perCaller = perCaller
    self.inAll = inAll
  }

  /// Rows of an answer, unless fewer or more are asked for.
  static let rows = 1_000
  static let mostRows = 10_000
  /// Bytes of an answer that is no download: it is kept in memory.
  static let answerBytes = 4_000_000
  /// Bytes of one row; a state's boundary has a few million.
  static let rowBytes = 16_000_000
  /// Of the question itself.
  static let textBytes = 65_536
  /// What sorts and intermediate results may take of the server's disk; where the login may say so.
  static let temporaryFiles = "2GB"
}
