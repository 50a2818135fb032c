import NIOHTTP1

/// `/_faults`: GET tells the rules, POST adds, DELETE removes one (`?id=`) or all.
struct FaultPage: Sendable {
  let book: FaultBook

  func answer(_ request: Request) async -> Response {
    switch request.method {
    case .GET:
      return .json(await book.report)
    case .POST:
      do { try await book.add(JSONValue(parsing: request.body)) } catch { return .text(.badRequest, "\(error)\n") }
      return .json(await book.report, status: .created)
    case .DELETE:
      let wanted = request.query["id"]
      guard wanted == nil || wanted.flatMap({ Int($0) }) != nil else { return .text(.badRequest, "id: a number\n") }
      await book.remove(id: wanted.flatMap { Int($0) })
      return Response(.noContent)
    default:
      return .text(.methodNotAllowed, "GET, POST or DELETE\n")
    }
  }
}
