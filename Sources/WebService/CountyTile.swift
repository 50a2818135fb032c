/// Limits of tiles.
enum CountyTile {
  /// A county fills a screen long before.
  static let mostZoom = 14
  static let mostPlace = (1 << mostZoom) - 1
  /// Seconds for which a client need not ask again.
  static let keptSeconds = 60
}
