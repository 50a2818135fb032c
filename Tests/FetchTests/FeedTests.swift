@testable import Catalog
import Fetch
import FoundationEssentials
import TestSupport
import Testing

/// Feeds as the world writes them.
struct FeedTests {
  private func items(_ text: String) throws -> [FeedReader.Item] {
    let file = "/tmp/aker-feed-\(UUID().uuidString).xml"
    defer { try? FileManager.default.removeItem(atPath: file) }
    try FetchWorld.write(Data(text.utf8), to: file)
    var items: [FeedReader.Item] = []
    try FeedReader.read(file) { items.append($0) }
    return items
  }

  @Test func entitiesThatTheDocumentDeclaresAreText() throws {
    let found = try items(
      """
      <!DOCTYPE rss [<!ENTITY eacute "&#233;"><!ENTITY name "Caf&eacute;"><!ENTITY pound "&#163;">]>
      <rss><channel><item><title>&name; Br&#251;lerie: &pound;40 &amp; more</title></item></channel></rss>
      """)
    #expect(found.map(\.title) == ["Café Brûlerie: £40 & more"])
  }

  /// Prepared as a build does it.
  private func prepared(_ text: String) async throws -> [FeedReader.Item] {
    let folder = "/tmp/aker-feed-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FetchWorld.write(Data(text.utf8), to: folder + "/a.rss")
    let request = DatasetRequest(
      name: "feed", sourceID: "s", path: "/", query: [], format: .feed, vintages: [], isOptional: false, line: 1)
    let input = FetchedInput(
      requestName: "feed", sourceID: "s", url: "/", status: 200, fetchedAt: Date(), sha256: nil, byteCount: 0,
      cacheHit: false, path: folder + "/a.rss")
    var preparation = InputPreparation(folder: folder + "/prepared", year: 2020)
    let path = try #require(try await preparation.prepare([input], for: [request])[0].path)
    let lines = try #require(FileManager.default.contents(atPath: path)).split(separator: UInt8(ascii: "\n"))
    return try lines.map { try JSONDecoder().decode(FeedReader.Item.self, from: Data($0)) }
  }

  @Test func namesOfHTMLAndBareAmpersandsCostNoFeed() async throws {
    func title(_ text: String, before: String = "") async throws -> String? {
      try await prepared("\(before)<rss><channel><item><title>\(text)</title></item></channel></rss>").first?.title
    }
    #expect(try await title("40&nbsp;jobs &ndash; caf&eacute; &amp; more") == "40\u{A0}jobs – café & more")
    #expect(try await title("AT&T, R&D & so on; a&b=c") == "AT&T, R&D & so on; a&b=c")
    #expect(try await title("&#233;&#xE9;&lt;b&gt;") == "éé<b>")
    // As the document says, whatever HTML says; and what is text already stays so.
    #expect(try await title("&nbsp;x", before: "<!DOCTYPE rss [<!ENTITY nbsp \"[blank]\">]>") == "[blank]x")
    #expect(try await title("<![CDATA[a &nbsp; b & c]]>") == "a &nbsp; b & c")
    #expect(try await title("a", before: "<?xml version='1.0'?><!-- a & b &nbsp; -->") == "a")
    await #expect(throws: FetchError.self) { try await title("a &nosuchname; b") }
    // What no XML may hold, and what stands before the declaration.
    #expect(try await title("a\u{B}b") == "a b")
    #expect(try await title("a", before: "\n\n<?xml version='1.0'?>") == "a")
    // A text that a file or an address would have: it would be left out in silence.
    for document in ["<!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>", "<!DOCTYPE rss SYSTEM \"x.dtd\">"]
    {
      do {
        _ = try await title("a &x; b", before: document)
        Issue.record("\(document) was read")
      } catch let error as FetchError {
        #expect(error.summary.contains("line 1: '&x;' stands for a text that is not in the document"), "\(error)")
      }
    }
    do {
      _ = try await title("a <b", before: "")
      Issue.record("read")
    } catch let error as FetchError {
      #expect(error.summary.contains("well-formed XML on line 1: "), "\(error)")
    }
  }

  @Test func nothingOutsideTheDocumentIsRead() throws {
    let file = "/tmp/aker-secret-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: file) }
    try FetchWorld.write(Data("<!ENTITY planted 'SECRET'>SECRET".utf8), to: file)
    for document in [
      "<!DOCTYPE rss [<!ENTITY x SYSTEM \"file://\(file)\">]><rss><channel><item><title>a&x;b</title></item></channel></rss>",
      "<!DOCTYPE rss [<!ENTITY % x SYSTEM \"file://\(file)\">%x;]><rss><channel><item><title>a&planted;b</title></item></channel></rss>",
      "<!DOCTYPE rss SYSTEM \"file://\(file)\"><rss><channel><item><title>a&planted;b</title></item></channel></rss>",
      "<rss xmlns:xi='http://www.w3.org/2001/XInclude'><channel><item><title>a<xi:include href='file://\(file)' parse='text'/>b</title></item></channel></rss>",
    ] {
      // Read without it, or told to be unreadable.
      let found = (try? items(document)) ?? []
      #expect(!"\(found)".contains("SECRET"), "\(document)")
    }
  }

  @Test func aBombIsRefused() throws {
    let levels = (1...9).map { "<!ENTITY e\($0) \"" + String(repeating: "&e\($0 - 1);", count: 10) + "\">" }.joined()
    let document =
      "<!DOCTYPE rss [<!ENTITY e0 \"0123456789\">\(levels)]><rss><channel><item><title>&e9;</title></item></channel></rss>"
    #expect(throws: FeedReader.Failure.self) { try items(document) }
  }

  @Test func relativeLinksAreResolved() throws {
    let atom = try items(
      """
      <feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://news.example/a/">
        <link rel="alternate" href="/home"/><link rel="self" href="https://feeds.example/atom.xml"/>
        <entry><link href="1.html"/></entry>
        <entry xml:base="b/"><link href="2.html"/></entry>
        <entry><link href="https://other.example/3"/></entry>
        <entry><link href="../4"/></entry>
      </feed>
      """)
    #expect(
      atom.map(\.link) == [
        "https://news.example/a/1.html", "https://news.example/a/b/2.html", "https://other.example/3",
        "https://news.example/4",
      ])
    let rss = try items(
      """
      <rss><channel><link>https://news.example/start</link>
      <item><link>/5</link></item><item><link>6?a=b&amp;c=d</link></item></channel></rss>
      """)
    #expect(rss.map(\.link) == ["https://news.example/5", "https://news.example/6?a=b&c=d"])
    #expect(try items("<rss><channel><item><link>/7</link></item></channel></rss>").map(\.link) == ["/7"])
  }
}
