/// `recordings/<source>/manifest.yml`, as far as it changes what is served; the rest of it is for people.
struct Manifest: Decodable, Sendable {
  /// Made up, rather than recorded from the source: served with `X-Simulator-Synthetic: true`.
  var synthetic = false

  init() {}

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    synthetic = try values.decodeIfPresent(Bool.self, forKey: .synthetic) ?? false
  }

  private enum CodingKeys: String, CodingKey {
    case synthetic
  }
}
