/// What a publication changed against the vintage it follows: a source that rewrites its past shows here.
package struct MeasuredChange: Sendable, Codable, Equatable {
  package var againstAsOf: String
  package var rowsAdded: Int
  package var rowsRemoved: Int
  package var rowsChanged: Int
  package var cellsChanged: Int

  enum CodingKeys: String, CodingKey {
    case againstAsOf = "against_as_of"
    case rowsAdded = "rows_added"
    case rowsRemoved = "rows_removed"
    case rowsChanged = "rows_changed"
    case cellsChanged = "cells_changed"
  }

  package init(againstAsOf: String, rowsAdded: Int, rowsRemoved: Int, rowsChanged: Int, cellsChanged: Int) {
    self.againstAsOf = againstAsOf
    self.rowsAdded = rowsAdded
    self.rowsRemoved = rowsRemoved
    self.rowsChanged = rowsChanged
    self.cellsChanged = cellsChanged
  }
}
