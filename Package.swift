// swift-tools-version: 6.2
import PackageDescription

/// Swift 6 language mode with the upcoming features that keep imports and existentials honest; a warning is an error,
/// so that none survives a review.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")

/// A room of `Sources/Shared`: one small target, so that the compiler keeps the walls.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/Shared/\(name)", swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["Base", "TestSupport"], path: "Tests/\(name)", exclude: exclude,
    swiftSettings: strict)
}

let package = Package(
  name: "aker",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "aker", targets: ["Coordinator"]),
    .executable(name: "aker-worker", targets: ["Worker"]),
    .executable(name: "aker-confine", targets: ["Confine"]),
    .executable(name: "source-simulator", targets: ["SourceSimulator"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ],
  targets: [
    // System libraries.
    .systemLibrary(
      name: "CLibpq", path: "Sources/Shared/CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(
      name: "CLibcurl", path: "Sources/Shared/CLibcurl", pkgConfig: "libcurl",
      providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(
      name: "CLibcrypto", path: "Sources/Shared/CLibcrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CLibssl", path: "Sources/Shared/CLibssl", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CZlib", path: "Sources/Shared/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CLibarchive", path: "Sources/Shared/CLibarchive", pkgConfig: "libarchive",
      providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(
      name: "CLibxml2", path: "Sources/Shared/CLibxml2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),

    // The rooms. Arrows point downwards only.
    room("Base", ["CLibcrypto"]),
    room("Telemetry", ["Base", logging]),
    room("Postgres", ["Base", "CLibpq", "Telemetry", logging]),
    room("Catalog", ["Base", logging, yams]),
    room("Settings", ["Base", "Catalog", "Postgres", logging]),
    room("Database", ["Base", "Settings", "Postgres", logging, subprocess, systemPackage]),
    room("AppliedCatalog", ["Base", "Catalog", "Postgres"]),
    room("Queue", ["Base", "Catalog", "Postgres", "Telemetry", logging]),
    room("Schedule", ["Catalog", "Postgres"]),
    room("Exposition", ["Base", "Postgres", logging]),
    room("HTTP", ["Base", "CLibcurl", "CZlib", "Telemetry"]),
    room("S3", ["Base", "HTTP", "Telemetry"]),
    room(
      "Fetch", ["Base", "Catalog", "CLibarchive", "CLibxml2", "CZlib", "HTTP", "Postgres", "S3", "Telemetry", logging]),
    room("Engine", ["Base", "Catalog", "Telemetry", logging, subprocess, systemPackage]),
    room("Quality", ["Base", "Catalog", "Engine", "Postgres", logging]),
    room("Lake", ["AppliedCatalog", "Base", "Catalog", "HTTP", "Postgres", "S3", "Telemetry", logging]),
    room("Lineage", ["Base", "Catalog", "Postgres", logging]),
    room(
      "OpenLineage",
      [
        "AppliedCatalog", "Base", "Catalog", "Settings", "HTTP", "Lineage", "Postgres", "Quality", "Queue",
        logging,
        serviceLifecycle,
      ]),
    room("CatalogTools", ["Base", "Catalog", "Engine", "Postgres", "Quality", logging]),
    room(
      "Pipeline",
      [
        "AppliedCatalog", "Base", "Catalog", "Settings", "Engine", "Fetch", "HTTP", "Lake", "Lineage",
        "OpenLineage", "Postgres", "Quality", "Queue", "S3", "Telemetry", logging, subprocess,
      ]),

    room(
      "Console", ["Base", "Catalog", "CatalogTools", "Lake", "Lineage", "Postgres", "Queue", "Schedule", "Settings"]),

    // The pages of `aker serve`: what operations answered, as HTML; it asks nothing itself.
    .target(
      name: "Dashboard",
      dependencies: ["Base", "Catalog", "CZlib", "Console", "Lineage", "Queue", "Schedule"],
      resources: [
        .embedInCode("Assets/dashboard.css"), .embedInCode("Assets/dashboard.js"), .embedInCode("Assets/icon.svg"),
      ],
      swiftSettings: strict),

    // What `aker serve` serves. The only target that depends on an HTTP server's library: it takes minutes to build.
    .target(
      name: "WebService",
      dependencies: [
        "Base", "Catalog", "CatalogTools", "CLibcrypto", "Console", "Dashboard", "Exposition", "HTTP", "Lineage",
        "Postgres",
        "Queue",
        "Schedule", "Settings", "Telemetry", httpTypes, hummingbird, hummingbirdCore, logging, nioCore,
        serviceLifecycle,
      ],
      swiftSettings: strict),

    // The executables.
    .executableTarget(
      name: "Coordinator",
      dependencies: [
        "AppliedCatalog", "Base", "Catalog", "CatalogTools", "Settings", "Console", "Database", "Engine", "Fetch",
        "Exposition", "Lake", "Lineage", "OpenLineage", "Pipeline", "Postgres", "Quality", "Queue", "Schedule",
        "Telemetry",
        "WebService", argumentParser,
        logging, serviceLifecycle, unixSignals, subprocess, systemPackage,
      ],
      swiftSettings: strict, plugins: ["BuildCommit"]),
    .executableTarget(
      name: "Worker",
      dependencies: [
        "Base", "Catalog", "Settings", "Database", "Exposition", "OpenLineage", "Pipeline", "Postgres", "Queue",
        "Telemetry",
        argumentParser, logging, serviceLifecycle, unixSignals,
      ],
      swiftSettings: strict, plugins: ["BuildCommit"]),
    // Starts DuckDB with what it may touch, and nothing else; installed beside the other two.
    .executableTarget(name: "Confine", cSettings: [.define("_GNU_SOURCE")]),
    .executableTarget(
      name: "SourceSimulator",
      dependencies: ["CLibssl", argumentParser, nioCore, nioPosix, nioHTTP1, unixSignals, yams],
      swiftSettings: strict),

    .plugin(name: "BuildCommit", capability: .buildTool()),

    // The tests.
    .target(
      name: "TestSupport", dependencies: ["Base", "Database", "Postgres", subprocess, systemPackage],
      path: "Tests/TestSupport",
      swiftSettings: strict),
    .executableTarget(
      name: "FetchProbe", dependencies: ["Base", "Catalog", "Fetch", "HTTP", "Postgres", "Telemetry", logging],
      path: "Tests/FetchProbe", swiftSettings: strict),
    tests("BaseTests", []),
    tests("SettingsTests", ["Settings", logging]),
    tests("ConsoleTests", ["Console", "Queue"]),
    tests("QualityTests", ["Catalog", "Engine", "Quality", logging]),
    tests("HTTPTests", ["HTTP"]),
    tests("LakeTests", ["Settings", "HTTP", "Lake", "Pipeline", "S3"]),
    tests("LineageTests", ["Lineage"]),
    tests("TelemetryTests", ["Telemetry", logging]),
    tests("PostgresTests", ["Settings", "Database", "Postgres"], exclude: ["schema.sql"]),
    tests("CatalogTests", ["Catalog", "CatalogTools"]),
    tests("QueueTests", ["Base", "Console", "Queue", "Postgres", "Telemetry", logging]),
    tests("ExplorationTests", ["Postgres"], exclude: ["explore.sql", "record.sql"]),
    tests(
      "ServiceTests",
      ["Console", "Exposition", "Postgres", "Queue", "Schedule", "Settings", "WebService", httpTypes, logging]),
    tests("ScheduleTests", ["Catalog", "Postgres", "Schedule"]),
    tests("FetchTests", ["Fetch", "Catalog", "HTTP", "Postgres", "Queue", "S3", logging]),
    tests("FuzzTests", ["Catalog", "Engine", "Fetch", "HTTP"]),
    tests("EngineTests", ["Engine", "Telemetry", logging]),
    tests(
      "PipelineTests",
      [
        "AppliedCatalog", "Catalog", "CatalogTools", "Settings", "Engine", "Fetch", "HTTP", "Lake", "Lineage",
        "OpenLineage", "Pipeline", "Postgres", "Quality", "Queue", "S3", "Telemetry", logging, systemPackage,
      ]),
    tests(
      "CoordinatorTests",
      [
        "Catalog", "CatalogTools", "Settings", "Console", "Coordinator", "Pipeline", "Postgres", "WebService",
        argumentParser,
      ]),
    tests("WorkerTests", ["Worker", "Postgres", "Queue", "Telemetry", logging, serviceLifecycle]),
    tests("SimulatorTests", ["SourceSimulator", nioCore, nioPosix]),
    tests("EndToEndTests", ["Console", "Postgres", subprocess, systemPackage]),
    tests(
      "DeployTests", ["Database", "Postgres", "Queue", "Telemetry", subprocess, systemPackage], exclude: ["schemas"]),
    tests("EnvironmentTests", ["Database", "Postgres", subprocess, systemPackage]),
  ]
)
