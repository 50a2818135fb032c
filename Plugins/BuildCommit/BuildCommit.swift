import Foundation
import PackagePlugin

/// Writes `BuildCommit.text`, the commit that a program is built from, into its target before each build.
@main
struct BuildCommit: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
    let output = context.pluginWorkDirectoryURL.appending(path: "Sources")
    try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    // The file is left alone when it says so already, and nothing is compiled then. Outside a clone (an archive of the
    // sources) there is no commit to name.
    let script = """
      commit=$(git -C "$0" --no-optional-locks describe --always --dirty --abbrev=9 --exclude '*' 2>/dev/null || echo unknown)
      text="/// What this program was built from.
      enum BuildCommit {
        static let text = \\"$commit\\"
      }"
      [ "$(cat "$1" 2>/dev/null)" = "$text" ] || printf '%s\\n' "$text" >"$1"
      """
    return [
      .prebuildCommand(
        displayName: "Naming the commit of \(target.name)", executable: URL(filePath: "/bin/sh"),
        arguments: ["-c", script, context.package.directoryURL.path, output.appending(path: "BuildCommit.swift").path],
        outputFilesDirectory: output)
    ]
  }
}
