/// The host of a URL, as an operator would look it up: without credentials, path and query.
enum URLHost {
  static func of(_ url: String) -> String {
    let address = url.split(separator: "://", maxSplits: 1).last ?? ""
    let authority = address.prefix { !"/?#".contains($0) }
    return String(authority.split(separator: "@").last ?? authority)
  }
}
