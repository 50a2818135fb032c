internal import Postgres

/// What a worker says of itself when it starts an incarnation.
package struct WorkerRegistration: Sendable {
  package let name: String
  package let host: String
  package let processID: Int32
  package let version: String
  package let slots: Int

  package init(name: String, host: String, processID: Int32, version: String, slots: Int) {
    self.name = name
    self.host = host
    self.processID = processID
    self.version = version
    self.slots = slots
  }

  var sql: String { "SELECT queue.register_worker($1, $2, $3, $4, $5, $6, $7) AS worker_id" }

  func parameters(sessionLock: Bool) -> [(any PostgresEncodable)?] {
    [name, host, processID, version, slots, sessionLock, QueueContract.number]
  }

  package func identity(_ workerID: Int) -> WorkerIdentity {
    WorkerIdentity(workerID: workerID, name: name, host: host, version: version)
  }
}
