import TestSupport
import Testing

/// Clients that take their time: none holds a connection for longer than the service has patience.
@Suite(.database)
struct PatienceTests {
  /// Runs Python with `sock` connected to the service, and returns what it prints.
  private func client(_ scene: ServiceScene, _ script: String) async throws -> String {
    let address = scene.url.dropFirst("http://".count).split(separator: ":")
    let result = try await Program.run(
      "python3",
      [
        "-c",
        """
        import socket, sys, time
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((sys.argv[1], int(sys.argv[2])))
        sock.settimeout(60)
        def rest():
            got = b""
            try:
                while piece := sock.recv(65536):
                    got += piece
            except ConnectionResetError:
                pass
            return got
        \(script)
        """, String(address[0]), String(address[1]),
      ])
    guard result.exitCode == 0 else { throw TestFailure("\(result)") }
    return result.output
  }

  @Test func aHeadThatNeverEndsIsNotWaitedFor() async throws {
    try await ServiceScene.serving(patience: .seconds(1)) { scene in
      let output = try await client(
        scene,
        """
        sock.sendall(b"GET /livez HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nX-A: ")
        try:
            for _ in range(200):
                sock.sendall(b"a")
                time.sleep(0.05)
        except (BrokenPipeError, ConnectionResetError):
            print("closed")
        """)
      #expect(output == "closed\n")
    }
  }

  @Test func aBodyThatNeverEndsIsNotWaitedFor() async throws {
    try await ServiceScene.serving(patience: .seconds(1)) { scene in
      let output = try await client(
        scene,
        """
        sock.sendall(b"POST /api/v1/plan HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Type: application/json\\r\\n"
                     b"Content-Length: 1000\\r\\n\\r\\n{")
        try:
            for _ in range(100):
                sock.sendall(b" ")
                time.sleep(0.1)
        except (BrokenPipeError, ConnectionResetError):
            print("closed")
            sys.exit()
        print("still open")
        """)
      #expect(output == "closed\n")
    }
  }

  @Test func anAnswerThatNobodyReadsIsNotKept() async throws {
    try await ServiceScene.serving(patience: .seconds(1)) { scene in
      let length = try await scene.get("/openapi.json").body.utf8.count
      let output = try await client(
        scene,
        """
        sock.sendall(b"GET /openapi.json HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n" * 400)
        time.sleep(4)
        print(len(rest()))
        """)
      let got = try #require(Int(output.filter(\.isNumber)))
      #expect(got < 300 * length, "\(got) bytes of \(400 * length)")
    }
  }

  @Test func aHeadThatIsTooLargeIsRefused() async throws {
    try await ServiceScene.serving { scene in
      let output = try await client(
        scene,
        """
        sock.sendall(b"GET /livez HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n")
        try:
            for n in range(2000):
                sock.sendall(b"X-%d: %s\\r\\n" % (n, b"a" * 100))
            sock.sendall(b"\\r\\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        print(rest()[:12].decode())
        """)
      #expect(!output.contains("200"), "\(output)")
      #expect(try await scene.get("/livez").status == 200)
    }
  }
}
