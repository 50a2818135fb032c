extension OddInputTests {
  private static let feed = "format: feed, columns: [{name: a, in_file: title}, {name: b, in_file: link}]"
  private static let summaries = "format: feed, columns: [{name: a, in_file: title}, {name: b, in_file: summary}]"
  private static let dates = "format: feed, columns: [{name: a, in_file: title}, {name: b, in_file: published}]"
  private static let sources = "format: feed, columns: [{name: a, in_file: title}, {name: b, in_file: source}]"
  private static let told = "format: feed, columns: [{name: a, in_file: title}, {name: b, in_file: unreadable}]"

  private static func rss(_ items: String, head: String = "", before: String = "") -> String {
    let names = """
      xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/" \
      xmlns:media="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
      """
    return "\(before)<rss version=\"2.0\" \(names)><channel><title>News</title>\(head)\(items)</channel></rss>"
  }

  private static func atom(_ entries: String) -> String {
    "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>News</title>\(entries)</feed>"
  }

  private static func bytes(_ text: String, _ encoding: (UInt32) -> [UInt8]) -> [UInt8] {
    text.unicodeScalars.flatMap { encoding($0.value) }
  }

  static let feeds: [Input] = [
    // Names that several vocabularies have.
    Input(
      "a picture's title in a vocabulary of its own", feed,
      rss(
        "<item><title>A</title><title xmlns=\"http://search.yahoo.com/mrss/\">picture</title><link>u:1</link></item>"),
      .rows(["A|u:1"])),
    Input(
      "a picture's title before the item's", feed,
      rss("<item><media:title>picture</media:title><title>A</title><link>u:1</link></item>"), .rows(["A|u:1"])),
    Input(
      "Atom under another prefix", feed,
      "<x:feed xmlns:x=\"http://www.w3.org/2005/Atom\"><x:entry><x:title>A</x:title><x:link href=\"u:1\"/></x:entry></x:feed>",
      .rows(["A|u:1"])),
    Input(
      "Dublin Core under another prefix", dates,
      "<rss xmlns:q=\"http://purl.org/dc/elements/1.1/\"><channel><item><title>A</title><q:date>2026-06-10</q:date></item></channel></rss>",
      .rows(["A|2026-06-10"])),
    Input(
      "a title of Dublin Core beside the item's own", feed,
      rss("<item><title>A</title><dc:title>B</dc:title><link>u:1</link></item>"), .rows(["A|u:1"])),
    Input(
      "a date of Dublin Core before the item's own", dates,
      rss("<item><title>A</title><dc:date>2001-01-01</dc:date><pubDate>10 Jun 2026</pubDate></item>"),
      .rows(["A|10 Jun 2026"])),
    Input(
      "a date of Dublin Core behind the item's own", dates,
      rss("<item><title>A</title><pubDate>10 Jun 2026</pubDate><dc:date>2001-01-01</dc:date></item>"),
      .rows(["A|10 Jun 2026"])),
    Input(
      "a link of Atom beside the item's own", feed,
      rss("<item><title>A</title><link>u:1</link><atom:link rel=\"alternate\" href=\"u:2\"/></item>"),
      .rows(["A|u:1"])),
    Input(
      "a link of Atom alone", feed, rss("<item><title>A</title><atom:link href=\"u:2\"/></item>"), .rows(["A|u:2"])),
    Input(
      "two links of Atom, of which the first is meant", feed,
      atom(
        "<entry><title>A</title><link rel=\"edit\" href=\"u:0\"/><link href=\"u:1\"/><link rel=\"alternate\" hreflang=\"fr\" href=\"u:2\"/></entry>"
      ), .rows(["A|u:1"])),
    Input(
      "two titles that differ", feed, rss("<item><title>A</title><link>u:1</link><title>B</title></item>"),
      .refused(["line 1", "an item has two texts for 'title'", "'A'", "'B'"])),
    Input(
      "two titles that are the same", feed, rss("<item><title>A</title><title> A </title><link>u:1</link></item>"),
      .rows(["A|u:1"])),
    Input(
      "two titles that differ, where feeds may be unreadable", told,
      rss("<item><title>0</title></item><item><title>A</title><title>B</title></item>"),
      .rows([
        "0|",
        "|line 1: an item has two texts for 'title', 'A' and 'B', and nothing says which one counts",
      ])),
    Input(
      "a published and an updated date", dates,
      atom("<entry><title>A</title><updated>2026-06-11</updated><published>2026-06-10</published></entry>"),
      .rows(["A|2026-06-10"])),
    // Elements within elements.
    Input(
      "the channel's picture before its title", sources,
      "<rss><channel><image><title>Logo</title><link>u:0</link></image><title>News</title><item><title>A</title></item></channel></rss>",
      .rows(["A|News"])),
    Input(
      "an item's picture", feed,
      rss("<item><title>A</title><link>u:1</link><image><title>pic</title><link>u:2</link></image></item>"),
      .rows(["A|u:1"])),
    Input(
      "an entry that tells of the feed it is from", feed,
      atom(
        "<entry><title>A</title><link href=\"u:1\"/><source><title>Other</title><link href=\"u:2\"/></source></entry>"),
      .rows(["A|u:1"])),
    Input(
      "a title that stands within a summary", summaries,
      atom(
        "<entry><title>A</title><summary type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><svg><title>logo</title></svg>text</div></summary></entry>"
      ), .rows(["A|logo text"])),
    Input(
      "a summary that stands within a summary", summaries,
      atom(
        "<entry><title>A</title><summary type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><details><summary>one</summary>two</details>three</div></summary></entry>"
      ), .rows(["A|one two three"])),
    Input(
      "paragraphs", summaries,
      atom(
        "<entry><title>A</title><summary type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><p>10 jobs</p><p>20<br/>more</p></div></summary></entry>"
      ), .rows(["A|10 jobs 20 more"])),
    Input(
      "letters that stand out", summaries,
      atom(
        "<entry><title>A</title><summary type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><b>W</b>ord, m<sup>2</sup></div></summary></entry>"
      ), .rows(["A|Word, m2"])),
    Input(
      "an item in an item", feed, rss("<item><title>A</title><item><title>B</title></item><link>u:1</link></item>"),
      .refused(["line 1", "an item within an item"])),
    // Texts.
    Input(
      "CDATA in pieces", summaries,
      rss("<item><title><![CDATA[A & B]]> and <![CDATA[<b>C</b>]]></title></item>"), .rows(["A & B and <b>C</b>|"])),
    Input(
      "a remark and an instruction within a title", summaries, rss("<item><title>A<!-- x --><?y z?>B</title></item>"),
      .rows(["AB|"])),
    Input(
      "entities of the document's own, one of another", summaries,
      rss(
        "<item><title>&b; &amp; more</title></item>",
        before: "<!DOCTYPE rss [<!-- ]> --><!ENTITY a \"Caf&#233;\"><!ENTITY b \"&a;s\">]>"), .rows(["Cafés & more|"])),
    Input(
      "an entity that is declared twice", summaries,
      rss("<item><title>&a;</title></item>", before: "<!DOCTYPE rss [<!ENTITY a \"1\"><!ENTITY a \"2\">]>"),
      .rows(["1|"])),
    Input(
      "an entity that holds elements", summaries,
      rss("<item>&a;</item>", before: "<!DOCTYPE rss [<!ENTITY a \"<title>A</title>\">]>"), .rows(["A|"])),
    Input(
      "an entity that is declared by another", summaries,
      rss(
        "<item><title>&a;</title></item>",
        before: "<!DOCTYPE rss [<!ENTITY % p '<!ENTITY a \"A\">'> %p;]>"), .rows(["A|"])),
    Input(
      "an entity that stands for itself", summaries,
      rss("<item><title>&a;</title></item>", before: "<!DOCTYPE rss [<!ENTITY a \"&a;\">]>"),
      .refused(["line 1", "loop"])),
    Input(
      "numbers of Windows' letters", summaries,
      rss("<item><title>it&#146;s &#x93;x&#x94; &#150; &#133;</title></item>"),
      .rows(["it’s “x” – …|"])),
    Input("a number of no character", summaries, rss("<item><title>A&#11;B&#0;</title></item>"), .rows(["A B|"])),
    Input(
      "an ampersand twice escaped", summaries, rss("<item><title>AT&amp;amp;T</title></item>"), .rows(["AT&amp;T|"])),
    Input("a title of spaces", feed, rss("<item><title> \u{A0} </title><link> u:1\n</link></item>"), .rows(["|u:1"])),
    // Encodings.
    Input(
      "Latin-1 that is Windows'", summaries,
      bytes(
        rss(
          "<item><title>Caf\u{E9} \u{93}x\u{94}</title></item>", before: "<?xml version='1.0' encoding='ISO-8859-1'?>")
      ) {
        [UInt8($0)]
      }, .rows(["Café “x”|"])),
    Input(
      "UTF-8 that is said to be Latin-1", summaries,
      rss("<item><title>Café</title></item>", before: "<?xml version='1.0' encoding='ISO-8859-1'?>"),
      .refused(["it is UTF-8, and says iso-8859-1"])),
    Input(
      "Windows' letters that are said to be UTF-8", summaries,
      bytes(rss("\n<item><title>Caf\u{E9}</title></item>", before: "<?xml version='1.0' encoding='utf-8'?>")) {
        [UInt8($0)]
      },
      .refused(["line 2", "not proper UTF-8"])),
    Input(
      "UTF-8 that is said to be UTF-16", summaries,
      rss("<item><title>Café</title></item>", before: "<?xml version='1.0' encoding='utf-16'?>"),
      .refused(["it is no utf-16, as it says"])),
    Input(
      "UTF-16", summaries,
      bytes("\u{FEFF}" + rss("<item><title>Café €</title></item>", before: "<?xml version='1.0' encoding='utf-16'?>")) {
        [UInt8($0 & 0xFF), UInt8($0 >> 8)]
      }, .rows(["Café €|"])),
    Input(
      "UTF-16 with HTML's names", summaries,
      bytes("\u{FEFF}" + rss("<item><title>Caf&eacute; &amp; AT&T</title></item>")) {
        [UInt8($0 & 0xFF), UInt8($0 >> 8)]
      },
      .rows(["Café & AT&T|"])),
    Input(
      "Japanese in seven bits", summaries,
      bytes(
        rss(
          "<item><title>\u{1B}$BF|K\\\u{1B}(B &amp; \u{1B}$B!&\u{1B}(B</title></item>",
          before: "<?xml version='1.0' encoding='ISO-2022-JP'?>")
      ) { [UInt8($0)] }, .rows(["日本 & ・|"])),
    Input(
      "an encoding that nobody knows", summaries,
      rss("<item><title>A</title></item>", before: "<?xml version='1.0' encoding='klingon'?>"),
      .refused(["it says that it is klingon: there is no encoding 'klingon'"])),
    // Addresses.
    Input(
      "addresses by the nearest base", feed,
      rss("<item xml:base=\"http://a.example/b/\"><title>A</title><link xml:base=\"c/\">d?e=f</link></item>"),
      .rows(["A|http://a.example/b/c/d?e=f"])),
    Input(
      "an address without its scheme", feed,
      rss("<item><title>A</title><link>//b.example/1</link></item>", head: "<link>https://a.example/</link>"),
      .rows(["A|https://b.example/1"])),
    Input(
      "an address of a query alone", feed,
      rss("<item><title>A</title><link>?p=1</link></item>", head: "<link>https://a.example/x</link>"),
      .rows(["A|https://a.example/x?p=1"])),
    // Ends.
    Input(
      "a feed that was cut, where feeds may be unreadable", told,
      "<rss><channel>\n<item><title>A</title></item>\n<item><title>B</ti",
      .rows(["A|", "|it is not well-formed XML on line 3: Opening and ending tag mismatch: title line 3 and ti"])),
    Input(
      "a feed that was cut, and is not to be", feed,
      "<rss><channel>\n<item><title>A</title></item>\n<item><title>B</ti",
      .refused(["not well-formed XML on line 3"])),
    Input(
      "a feed that was cut behind an item", feed, "<rss><channel>\n<item><title>A</title></item>\n",
      .refused(["not well-formed XML on line 2"])),
    Input("a page behind the feed", feed, rss("<item><title>A</title></item>") + "\n<html>", .refused(["line 2"])),
    Input("an element that is not closed", feed, rss("\n<item><title>A</item>"), .refused(["line 2"])),
    Input(
      "RSS 1.0, whose items stand beside the channel", sources,
      "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\"><channel><title>News</title></channel><image><title>Logo</title></image><item><title>A</title></item></rdf:RDF>",
      .rows(["A|News"])),
    Input(
      "the same item twice", feed, rss(String(repeating: "<item><title>A</title><guid>1</guid></item>", count: 2)),
      .rows(["A|", "A|"])),
    Input("RSS in capitals", feed, "<RSS><CHANNEL><ITEM><TITLE>A</TITLE></ITEM></CHANNEL></RSS>", .refused(["'RSS'"])),
    Input("a feed as JSON", feed, #"{"version":"https://jsonfeed.org/version/1","items":[]}"#, .refused(["line 1"])),
  ]
}
