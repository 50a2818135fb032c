/// Everything that the API offers.
enum Operations {
  static let all: [Operation] =
    looking + dashboard + maps + data + exploring + planning + acting + flows + batches + alerts + access

  /// Commands that the API does not offer, each with the reason.
  static let withheld: [String: String] = [
    "run": "runs in the process that asks", "config": "tells of the process that asks",
    "doctor": "looks at the host that asks", "demo env": "is of the host that asks",
    "demo start": "is of the host that asks", "demo stop": "is of the host that asks", "serve": "is this service",
    "database start": "is of the host that asks", "database stop": "is of the host that asks",
    "database remove": "is of the host that asks", "database psql": "is of the host that asks",
    "database url": "is of the host that asks", "migrate": "is done before a service starts",
    "cache ls": "is of the host that asks", "cache prune": "is of the host that asks",
    "cache forget": "is of the host that asks", "catalog ls": "reads files of whoever asks",
    "catalog check": "reads files of whoever asks", "catalog new": "writes files of whoever asks",
    "catalog docs": "writes files of whoever asks",
    "catalog apply": "definitions come from the service's own folder, with each backfill",
    "lake repair": "works on the lake's files for long", "lake move": "works on the lake's files for long",
    "lake prune": "works on the lake's files for long", "lake adopt": "is done once, by hand",
    "lake rollback": "builds in the process that asks", "lake withdraw": "works in the process that asks",
    "reproduce": "builds in the process that asks", "validate": "works in the process that asks",
    "lineage export": "writes files of whoever asks",
  ]

  static let limit = Operation.Parameter(
    name: "limit", place: .query, schema: .integer(least: 1, most: 1000), summary: "At most so many on a page.")
  static let cursor = Operation.Parameter(
    name: "cursor", place: .query, schema: .string(pattern: "^c[0-9]{1,18}$"),
    summary: "From the Link of the page before.")

  static func parameter(_ name: String, _ schema: Schema, _ summary: String) -> Operation.Parameter {
    Operation.Parameter(name: name, place: .query, schema: schema, summary: summary)
  }
}
