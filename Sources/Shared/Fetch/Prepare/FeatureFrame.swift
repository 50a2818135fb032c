internal import Catalog

/// What a document of features says about them, beside them: the reference system of its coordinates, and whether there are
/// more. Readers of features see neither.
enum FeatureFrame {
  /// In degrees, longitude first, and apart by less than what is drawn.
  private static let degrees = ["4326", "4269", "CRS84", "CRS83", "84", "83"]
  private static let flags = ["exceededTransferLimit", "properties.exceededTransferLimit"]
  private static let systems = [
    "crs.properties.name", "crs.properties.code", "crs.properties.href", "spatialReference.wkid",
  ]

  /// - Throws: `TextCheck.Failure`.
  static func check(_ path: String, _ request: DatasetRequest) throws {
    let isGeoJSON = request.format == .geojson
    guard isGeoJSON || request.format == .json && request.input.jsonPath?.hasPrefix("features") == true,
      // What is no JSON is told of by the reader.
      let scan = try? JSONScan(file: path, paths: flags + systems)
    else { return }
    if request.pages == nil, scan.texts[..<flags.count].contains(where: { $0.contains("true") }) {
      throw TextCheck.Failure(
        summary: "it says exceededTransferLimit: the layer has more features than it sent",
        advice: "State how they are asked for: `pages: {style: arcgis, size: 500}`.")
    }
    guard isGeoJSON, request.input.geometry.crs == nil,
      let named = scan.texts[flags.count...].first(where: { !$0.isEmpty })?.first
    else { return }
    let code = named.split(whereSeparator: { ":/#".contains($0) }).last.map(String.init) ?? named
    if !degrees.contains(code.uppercased()) {
      let known = code.allSatisfy(\.isNumber) ? "EPSG:\(code)" : "EPSG:..."
      throw TextCheck.Failure(
        summary: "its coordinates are said to be in '\(named)', which are not degrees of EPSG:4326",
        advice: "State the request's `geometry: {crs: \"\(known)\"}`, by which they are reprojected.")
    }
  }
}
