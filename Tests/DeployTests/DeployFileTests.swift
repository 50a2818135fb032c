import FoundationEssentials
import TestSupport
import Testing

/// `deploy/` held to the tools that read it, and these to mistakes that they have to find.
@Suite("Files of deploy/", .whateverHappens)
struct DeployFileTests {
  private func check(_ part: String) async throws -> Program.Result {
    try await Program.run(PackageRoot.path + "/scripts/check-deploy", [part])
  }

  @Test(arguments: ["systemd", "compose", "container", "kubernetes"])
  func isClean(part: String) async throws {
    let result = try await check(part)
    #expect(result.exitCode == 0, "\(result)")
  }

  /// An unknown field, a wrong type, and what only the schema of a custom resource knows.
  @Test(arguments: [
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nautomountToken: false\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: many}\n",
    "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\nspec: {scaleTargetRef: {name: a}, triggers: [], poling: 1}\n",
    "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: a}\nspec: {instances: 3, storage: {sizes: 1Gi}}\n",
    "apiVersion: example.org/v1\nkind: Unknown\nmetadata: {name: a}\n",
  ])
  func aMistakeInAManifestIsFound(manifest: String) async throws {
    let result = try await Program.run(PackageRoot.path + "/scripts/check-kubernetes", ["-"], input: manifest)
    #expect(result.exitCode == 1 && !result.errorOutput.isEmpty, "\(result)")
  }
}
