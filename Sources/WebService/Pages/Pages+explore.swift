internal import Base
internal import Console
internal import Dashboard
internal import HTTPTypes
internal import Hummingbird

/// Questions in SQL. An address fills the box and asks nothing; what is asked is posted, with the page's own token: no other
/// site asks by a link or a picture, and no question stands in histories, logs of proxies or referrers.
extension Pages {
  func explore(_ visit: Visit) async throws -> HTML {
    let question = OutsideText.lines(visit.fields["sql"] ?? "", atMost: QuestionLimits.textBytes)
    return try await explorePage(visit, question).html(visit.frame)
  }

  /// The box's own form: asks, downloads, or looks for tables.
  func ask(_ request: Request, _ context: APIContext) async throws -> Response {
    try await Routes.whileListening(request) { request in
      try await answering(request, context, isAct: true) { visit in
        // As browsers send it.
        let question = (visit.fields["sql"] ?? "").replacing("\r\n", with: "\n")
        var page = try await explorePage(visit, question)
        do {
          switch visit.fields["do"] {
          case "find": break
          case "csv": return Routes.csv(try await desk.explorer.download(question, as: visit.caller))
          default: page.answer = try await answer(question, visit)
          }
        } catch let problem as Problem where problem.status != .unauthorized {
          page.refusal = ExplorePage.Refusal(
            detail: problem.detail, hint: problem.hint, causes: problem.causes, position: problem.position)
          return respond(page.html(visit.frame), problem.status, visit, request)
        }
        return respond(page.html(visit.frame), .ok, visit, request)
      }
    }
  }

  private func answer(_ question: String, _ visit: Visit) async throws -> QuestionAnswer {
    try await ask("explore", visit, body: ["sql": .string(question), "form": .string("texts")])
  }

  private func explorePage(_ visit: Visit, _ question: String) async throws -> ExplorePage {
    let relations: [Relation] = try await ask("listRelations", visit)
    let limits = desk.explorer.limits
    return ExplorePage(
      relations: relations, question: question, search: visit.fields["find"],
      limits: .init(seconds: limits.seconds, rows: QuestionLimits.rows, downloadRows: limits.downloadRows))
  }
}
