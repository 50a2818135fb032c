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
