import Testing

@testable import HTTP

/// Where a redirect may lead.
struct RedirectTests {
  private func redirected(_ url: String, to location: String, status: Int = 302) throws -> HTTPTransfer {
    var transfer = HTTPTransfer(url: url, file: "/dev/null")
    transfer.secretHeaders = ["X-Api-Key: k"]
    transfer.credentials = "u:p"
    transfer.method = "POST"
    transfer.body = [1]
    return try Exchange(transfer).redirected(to: location, status: status).transfer
  }

  @Test(arguments: ["http://a.example/", "HTTP://a.example/", "ftp://a.example/", "file:///etc/passwd", ""])
  func itNeverLeavesHTTPS(_ location: String) throws {
    #expect(throws: HTTPTransfer.Failure.self) { try redirected("https://a.example/t", to: location) }
  }

  @Test func itMayEnterHTTPS() throws {
    let transfer = try redirected("http://a.example/t", to: "https://a.example/t")
    #expect(transfer.secretHeaders.isEmpty && transfer.credentials == nil, "another scheme is another host")
  }

  @Test(arguments: [
    ("https://a.example/u", true), ("https://A.EXAMPLE/u", true), ("https://b.example/", false),
    ("https://a.example:8443/", false), ("https://a.example.evil.example/", false),
    ("https://a.example@b.example/", false),
    ("https://a.example\\@b.example/", false),
  ])
  func keysStayWithTheirHost(_ location: String, _ areKept: Bool) throws {
    let transfer = try redirected("https://a.example/t", to: location)
    #expect(transfer.secretHeaders.isEmpty != areKept && (transfer.credentials != nil) == areKept)
  }

  @Test(arguments: [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
  func whatWasSentIsSentAgainOnlyWhereTheStatusSaysSo(_ status: Int, _ method: String) throws {
    let transfer = try redirected("https://a.example/t", to: "https://a.example/u", status: status)
    #expect(transfer.method == method && transfer.body.isEmpty == (method == "GET"))
  }
}
