import FoundationEssentials

/// Files of `deploy/` as the tests run them: examples for people, with their `@name@` filled in.
package enum DeployedFile {
  /// - Throws: `TestFailure` where the file has a name that is not given, or lacks one that is.
  package static func filled(_ path: String, _ values: [String: String]) throws -> String {
    let file = PackageRoot.path + "/deploy/" + path
    guard let contents = FileManager.default.contents(atPath: file) else { throw TestFailure("there is no \(file)") }
    var text = String(decoding: contents, as: UTF8.self)
    for (name, value) in values {
      guard text.contains("@\(name)@") else { throw TestFailure("\(path) has no @\(name)@") }
      text.replace("@\(name)@", with: value)
    }
    if let left = text.firstMatch(of: /@[a-z]+@/) { throw TestFailure("\(path): \(left.0) is not filled in") }
    return text
  }
}
