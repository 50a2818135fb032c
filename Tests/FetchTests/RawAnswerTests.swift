import Base
import Fetch
import FoundationEssentials
import TestSupport
import Testing

/// Answers as servers and proxies send them that no library would: the right text, or a refusal by name; nothing is kept of it.
struct RawAnswerTests {
  private static let text = "fips,name\n24003,Anne Arundel\n24005,Baltimore\n"

  enum Right: Sendable {
    case text
    /// That many requests.
    case textAfter(Int)
    case refused(ErrorClass, String)
  }

  struct Answer: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// One a request; the last one again for all further ones.
    var answers: [[UInt8]]
    var right: Right
    /// As the request says it.
    var hasFinalNewline: Bool

    init(_ name: String, _ answers: [[UInt8]], _ right: Right, hasFinalNewline: Bool = true) {
      (testDescription, self.answers, self.right) = (name, answers, right)
      self.hasFinalNewline = hasFinalNewline
    }

    init(_ name: String, _ answer: [UInt8], _ right: Right, hasFinalNewline: Bool = true) {
      self.init(name, [answer], right, hasFinalNewline: hasFinalNewline)
    }
  }

  private static func ok(
    _ headers: [String] = [], _ body: some Sequence<UInt8> = Array(text.utf8), length: Int? = nil,
    status: String = "HTTP/1.1 200 OK"
  ) -> [UInt8] {
    let body = Array(body)
    let said = length == -1 ? [] : ["Content-Length: \(length ?? body.count)"]
    return Array(([status] + headers + said + ["", ""]).joined(separator: "\r\n").utf8) + body
  }

  private static func redirect(_ location: String, status: Int = 302) -> [UInt8] {
    Array("HTTP/1.1 \(status) Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n".utf8)
  }

  private static func chunks(_ pieces: [String], end: String = "0\r\n\r\n") -> [UInt8] {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    let body = pieces.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined()
    return Array((head + body + end).utf8)
  }

  private static func part(_ from: Int, _ headers: [String], _ body: [UInt8]? = nil) -> [UInt8] {
    let rest = body ?? Array(text.utf8.dropFirst(from))
    let range = "Content-Range: bytes \(from)-\(text.utf8.count - 1)/\(text.utf8.count)"
    return ok([range] + headers, rest, status: "HTTP/1.1 206 Partial Content")
  }

  private static let named = ["ETag: \"v1\""]
  /// The first ten bytes, and then the connection ends.
  private static let broken = ok(named, text.utf8.prefix(10), length: text.utf8.count)
  private static let packed = OddGzip.pack(Array(text.utf8))
  private static let gzip = ["Content-Encoding: gzip"]
  private static let half = text.utf8.count / 2

  static let redirects: [Answer] = [
    Answer("to itself", redirect("/t.csv"), .refused(.permanent, "too many redirects")),
    Answer("in a circle", (0..<8).map { redirect("/\($0 % 2)") }, .refused(.permanent, "too many redirects")),
    Answer("five times", (0..<5).map { redirect("/\($0)") } + [ok()], .textAfter(6)),
    Answer("six times", (0..<6).map { redirect("/\($0)") } + [ok()], .refused(.permanent, "too many redirects")),
    Answer("without an address", ok([], [], status: "HTTP/1.1 302 Found"), .refused(.permanent, "302")),
    Answer("to an address of its own folder", [redirect("u.csv?year=2021#top"), ok()], .textAfter(2)),
    Answer("out of HTTP", redirect("ftp://127.0.0.1/t.csv"), .refused(.permanent, "something else than http")),
    Answer(
      "to a page to log in", [redirect("/login"), ok([], "<html><head><title>Log in</title></head></html>".utf8)],
      .refused(.permanent, "'Log in'")),
    Answer("with the document in its own body", redirect("/t.csv") + text.utf8, .refused(.permanent, "too many")),
    Answer(
      "that says 300, with choices", ok([], "a,b\n".utf8, status: "HTTP/1.1 300 Choices"), .refused(.permanent, "300")),
    Answer("for good", [redirect("/moved", status: 308), ok()], .textAfter(2)),
  ]

  static let encodings: [Answer] = [
    Answer("gzip", ok(gzip, packed), .text),
    Answer("gzip in capitals", ok(["CONTENT-ENCODING: GZIP"], packed), .text),
    Answer("gzip by its old name", ok(["Content-Encoding: x-gzip"], packed), .text),
    Answer("gzip that is plain", ok(gzip), .refused(.transient, "gzip stream is corrupt")),
    Answer("plain that is gzip", ok([], packed), .text),
    Answer("brotli", ok(["Content-Encoding: br"], [0x0B, 0x02, 0x80]), .refused(.transient, "'br' was not asked for")),
    Answer("zstd", ok(["Content-Encoding: zstd"], packed), .refused(.transient, "'zstd' was not asked for")),
    Answer(
      "an encoding of letters", ok(["Content-Encoding: utf-8"]), .refused(.transient, "'utf-8' was not asked for")),
    Answer(
      "gzip twice", ok(["Content-Encoding: gzip, gzip"], OddGzip.pack(packed)), .refused(.transient, "'gzip, gzip'")),
    Answer(
      "gzip twice, on two lines", ok(gzip + gzip, OddGzip.pack(packed)), .refused(.transient, "'gzip, gzip'")),
    Answer(
      "brotli within gzip, on two lines", ok(["Content-Encoding: br"] + gzip, packed),
      .refused(.transient, "'br, gzip'")),
    Answer("gzip that was cut", ok(gzip, packed.dropLast(9)), .refused(.transient, "gzip stream was cut")),
    Answer("gzip without its checksum", ok(gzip, packed.dropLast(8)), .refused(.transient, "gzip stream was cut")),
    Answer(
      "gzip with a wrong checksum", ok(gzip, packed.dropLast(8) + [1, 2, 3, 4] + packed.suffix(4)),
      .refused(.transient, "gzip stream is corrupt")),
    Answer(
      "gzip with something behind it", ok(gzip, packed + "<!-- cached -->".utf8),
      .refused(.transient, "gzip stream is corrupt")),
    Answer(
      "gzip without a length, cut", ok(gzip, packed.dropLast(4), length: -1),
      .refused(.transient, "gzip stream was cut")),
    Answer("gzip without a length", ok(gzip, packed, length: -1), .text),
  ]

  static let lengths: [Answer] = [
    Answer("more than came", ok([], text.utf8, length: text.utf8.count + 5), .refused(.transient, "ended early")),
    Answer("less than came", ok([], text.utf8, length: text.utf8.count - 5), .refused(.transient, "more bytes than")),
    Answer(
      "less than came, of letters", ok([], "a\nñ\u{301}12345".utf8, length: 8), .refused(.transient, "more bytes than")),
    Answer("none, and it ends with a line", ok([], text.utf8, length: -1), .text),
    Answer(
      "none, and it ends within a line", ok([], text.utf8.dropLast(4), length: -1),
      .refused(.transient, "says that it is whole")),
    Answer(
      "none of HTTP 1.0", ok([], text.utf8.dropLast(4), length: -1, status: "HTTP/1.0 200 OK"),
      .refused(.transient, "says that it is whole")),
    Answer(
      "none, and what helps", ok([], text.utf8.dropLast(1), length: -1),
      .refused(.transient, "state the request's `final_newline: false`")),
    Answer(
      "none, and a last line that is said to have no end", ok([], text.utf8.dropLast(1), length: -1), .text,
      hasFinalNewline: false),
    Answer(
      "none of HTTP 1.0, and a last line that is said to have no end",
      ok([], text.utf8.dropLast(1), length: -1, status: "HTTP/1.0 200 OK"), .text, hasFinalNewline: false),
    Answer(
      "none, and a last line that is said to have no end has one", ok([], text.utf8, length: -1), .text,
      hasFinalNewline: false),
    Answer(
      "more than came of a text that is said to have no last end",
      ok([], text.utf8.dropLast(1), length: text.utf8.count + 5), .refused(.transient, "ended early"),
      hasFinalNewline: false),
    Answer(
      "none, and nothing but an error", ok([], "<html><title>Busy</title></html>".utf8, length: -1),
      .refused(.transient, "'Busy'"), hasFinalNewline: false),
    Answer("a length, and no end of a line", ok([], text.utf8.dropLast(1)), .text),
    Answer("no number", ok(["Content-Length: ten"], text.utf8, length: -1), .refused(.transient, "Content-Length")),
    Answer("two that differ", ok(["Content-Length: 20"], text.utf8), .refused(.transient, "two lengths")),
    Answer("nothing", ok([], []), .refused(.transient, "an empty body")),
    Answer("a hint before it", Array("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n".utf8) + ok(), .text),
    Answer("no head at all", Array(text.utf8), .refused(.permanent, "Unsupported protocol")),
  ]

  static let chunked: [Answer] = [
    Answer("in chunks", chunks([String(text.prefix(20)), String(text.dropFirst(20))]), .text),
    Answer("cut before the last chunk", chunks([text], end: ""), .refused(.transient, "ended early")),
    Answer(
      "cut before the last chunk of a text that is said to have no last end",
      chunks([String(text.dropLast(4))], end: ""), .refused(.transient, "ended early"), hasFinalNewline: false),
    Answer("cut within a chunk", Array(chunks([text], end: "").dropLast(9)), .refused(.transient, "ended early")),
    Answer("cut behind the last chunk's number", chunks([text], end: "0\r\n"), .refused(.transient, "ended early")),
    Answer("a size that is no number", chunks([text], end: "xyz\r\n\r\n"), .refused(.transient, "chunk")),
    Answer("a word behind it", chunks([text], end: "0\r\nX-Sum: 1\r\n\r\n"), .text),
  ]

  static let parts: [Answer] = [
    Answer("the rest", [broken, part(10, named)], .textAfter(2)),
    Answer(
      "the rest as gzip", [broken, part(10, named + gzip, OddGzip.pack(Array(text.utf8.dropFirst(10)))), ok()],
      .textAfter(3)),
    Answer("the rest of the gzip", [broken, part(10, named + gzip, Array(packed.dropFirst(10))), ok()], .textAfter(3)),
    Answer("all of it, as gzip", [broken, ok(named + gzip, packed)], .textAfter(2)),
    Answer(
      "several ranges in one",
      [
        broken,
        ok(
          named + ["Content-Type: multipart/byteranges; boundary=x"], "--x\r\n".utf8,
          status: "HTTP/1.1 206 Partial Content"), ok(),
      ],
      .textAfter(3)),
    Answer(
      "the rest with too much behind it",
      [broken, part(10, named, Array(text.utf8.dropFirst(10)) + "<!-- x -->".utf8), ok()], .textAfter(3)),
    Answer(
      "an error where the rest was due", [broken, ok([], "down".utf8, status: "HTTP/1.1 500 Down"), part(10, named)],
      .textAfter(3)),
    Answer(
      "a page where the rest was due", [broken, ok([], "<html><title>Busy</title></html>".utf8)],
      .refused(.transient, "'Busy'")),
    Answer("a redirect where the rest was due", [broken, redirect("/u.csv"), part(10, named)], .textAfter(3)),
    Answer(
      "a first answer that was gzip", [ok(named + gzip, packed.prefix(10), length: packed.count)],
      .refused(.transient, "ended early")),
  ]

  @Test(arguments: redirects + encodings + lengths + chunked + parts)
  func itIsRightOrRefused(_ answer: Answer) async throws {
    let answers = answer.answers
    try await RawServer.running({ number, _ in answers[min(number, answers.count - 1)] }) { server in
      try await FetchWorld.offline { world in
        let fetcher = try world.fetcher(
          "files", "retry: {max_tries: 1}\nlimits: {stall_seconds: 2, total_seconds: 20}",
          endpoint: "http://127.0.0.1:\(server.port)")
        do {
          var request = FetchRequest.get("files", "/t.csv", expect: .text)
          request.hasFinalNewline = answer.hasFinalNewline
          let input = try await fetcher.fetch(request)
          let bytes = Array(try #require(input.path.flatMap { FileManager.default.contents(atPath: $0) }))
          let text = bytes.starts(with: [0x1F, 0x8B]) ? OddGzip.unpack(bytes) : bytes
          switch answer.right {
          case .refused: Issue.record("it was kept: \(String(decoding: text, as: UTF8.self))")
          case .text, .textAfter:
            #expect(
              Self.text.hasPrefix(String(decoding: text, as: UTF8.self)) && text.count >= Self.text.utf8.count - 1)
          }
          if case .textAfter(let count) = answer.right { #expect(server.requests.count == count) }
        } catch let error as FetchError {
          guard case .refused(let errorClass, let words) = answer.right else {
            Issue.record("\(error)")
            return
          }
          #expect(error.errorClass == errorClass, "\(error)")
          let told = error.summary + (error.advice ?? "") + error.causes.joined()
          #expect(told.contains(words), "\(told)")
          let kept = try? FileManager.default.subpathsOfDirectory(atPath: world.cache + "/objects")
          #expect((kept ?? []).filter { $0.count > 60 }.isEmpty)
        }
      }
    }
  }

  @Test("a key in a header goes to its own host only")
  func keysStay() async throws {
    try await RawServer.running({ _, _ in Self.ok() }) { other in
      let port = other.port
      try await RawServer.running({ _, _ in Self.redirect("http://127.0.0.1:\(port)/t.csv") }) { server in
        try await FetchWorld.offline { world in
          let fetcher = try world.fetcher(
            "files", "auth: {in: header, name: X-Api-Key}\nauth_key_name: FILES_KEY",
            endpoint: "http://127.0.0.1:\(server.port)", secrets: ["FILES_KEY": "s3cret-s3cret"])
          let text = try await fetcher.fetch(.get("files", "/t.csv", expect: .text)).text
          #expect(text == Self.text)
          #expect(server.requests.allSatisfy { $0.contains("s3cret-s3cret") } && !server.requests.isEmpty)
          #expect(!other.requests.isEmpty && !other.requests.contains { $0.contains("s3cret") })
        }
      }
    }
  }
}
