import FoundationEssentials
import Glibc
import Testing

/// A way to a server of this host, which can be cut: connections stay open, and nothing passes any more.
package struct Way: Sendable {
  package let port: Int
  private let program: Program

  /// Forwards until its parent is gone.
  private static let script = """
    import os, socket, sys, threading, time
    parent, target = os.getppid(), int(sys.argv[2])
    server = socket.create_server(('127.0.0.1', 0))
    def pump(source, sink):
        try:
            while data := source.recv(65536): sink.sendall(data)
        except OSError: pass
        for end in (source, sink):
            try: end.shutdown(socket.SHUT_RDWR)
            except OSError: pass
    def serve():
        while True:
            near, _ = server.accept()
            try: far = socket.create_connection(('127.0.0.1', target))
            except OSError: near.close(); continue
            for pair in ((near, far), (far, near)): threading.Thread(target=pump, args=pair, daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    with open(sys.argv[1] + '.new', 'w') as file: file.write(str(server.getsockname()[1]))
    os.rename(sys.argv[1] + '.new', sys.argv[1])
    while os.getppid() == parent: time.sleep(0.2)
    """

  package static func open(to target: Int, _ body: (Way) async throws -> Void) async throws {
    let portFile = "/tmp/aker-way-\(UUID().uuidString).port"
    defer { try? FileManager.default.removeItem(atPath: portFile) }
    let program = try await Program.start("python3", ["-c", script, portFile, "\(target)"])
    defer { program.send(SIGKILL) }
    var port: Int?
    try await eventually(within: .seconds(60), "the way is open") {
      port = FileManager.default.contents(atPath: portFile).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
      return port != nil
    }
    guard let port else { throw TestFailure("there is no way") }
    try await body(Way(port: port, program: program))
  }

  package func cut() { program.send(SIGSTOP) }
  package func mend() { program.send(SIGCONT) }
}
