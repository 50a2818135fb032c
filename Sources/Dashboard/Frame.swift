/// What is around every page: who looks, where the pages are, how forms prove that they are ours.
package struct Frame: Sendable {
  package var site: Site
  /// Who is signed in: `anonymous`, a token's name, or what a proxy says.
  package var name: String
  package var mayAct: Bool
  package var isAdmin: Bool
  /// Whether a cookie can be given up.
  package var isSignedIn: Bool
  /// Goes with every form, and is compared with a cookie.
  package var formToken: String
  /// The page's own address, to come back to after an act.
  package var here: String
  /// What an act that led here did.
  package var said: HTML?

  package init(
    site: Site, name: String, mayAct: Bool, isAdmin: Bool, isSignedIn: Bool, formToken: String, here: String,
    said: HTML? = nil
  ) {
    self.site = site
    self.name = name
    self.mayAct = mayAct
    self.isAdmin = isAdmin
    self.isSignedIn = isSignedIn
    self.formToken = formToken
    self.here = here
    self.said = said
  }

  /// The pages of the navigation.
  package enum Place: String, CaseIterable {
    case grid, backfills, tasks, datasets, map, explore, sources, workers, flows, alerts, audit, tokens

    var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
    var isForAdmins: Bool { self == .audit || self == .tokens }
  }

  /// A whole page.
  package func page(_ title: String, _ place: Place?, isWide: Bool = false, isLive: Bool = true, _ body: HTML) -> HTML {
    """
    <!DOCTYPE html>
    <html lang="en" data-prefix="\(site.prefix)"><head><meta charset="utf-8"><title>\(title) · aker</title>
    <meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
    <link rel="stylesheet" href="\(asset(.style))"><link rel="icon" type="image/svg+xml" href="\(asset(.icon))">
    <script src="\(asset(.script))" defer></script></head>
    <body><a class="skip" href="#main">To the content</a>
    <header><a class="brand" href="\(site.path(""))"><svg viewBox="0 0 16 16" aria-hidden="true"><path \
    d="M1 1h6v6H1zM9 9h6v6H9z"/><path class="pale" d="M9 1h6v6H9zM1 9h6v6H1z"/></svg>aker</a>
    <nav aria-label="Pages">\(links(place))</nav><div class="who">\(who)</div></header>
    <main id="main" tabindex="-1"\(isLive ? " data-live" as HTML : "")\(isWide ? " class=\"wide\"" as HTML : "")>\(said.map { "<p class=\"said\" role=\"status\">\($0)</p>" as HTML })\
    \(body)</main>
    <footer><span id="live" role="status"></span><span><kbd>?</kbd> shortcuts</span></footer>
    </body></html>
    """
  }

  private func links(_ place: Place?) -> [HTML] {
    Place.allCases.filter { isAdmin || !$0.isForAdmins }.map { item in
      let address = item == .grid ? site.path("") : site.path(item.rawValue)
      let current: HTML = item == place ? " aria-current=\"page\"" : ""
      return "<a href=\"\(address)\"\(current)>\(item.title)</a>"
    }
  }

  private var who: HTML {
    let out: HTML =
      isSignedIn
      ? form(site.path("sign-out"), "<button class=\"link\">Sign out</button>")
      : "<a href=\"\(site.path("sign-in"))\">Sign in</a>"
    return "<span>\(name)</span>\(out)"
  }

  /// A form that changes something: it carries the token that no other site knows.
  package func form(_ action: String, _ fields: HTML, style: String? = nil) -> HTML {
    "<form method=\"post\" action=\"\(action)\"\(style.map { " class=\"\($0)\"" as HTML })><input type=\"hidden\" name=\"form\" value=\"\(formToken)\">\(fields)</form>"
  }

  /// A link that looks like a button, to the preview of an act; nothing for those who may not act.
  package func button(_ label: String, _ act: String, _ fields: [(String, String?)], isMain: Bool = false) -> HTML {
    guard mayAct else { return .empty }
    let address = site.path("preview", query: [("act", act)] + fields + [("back", here)])
    return "<a class=\"button\(isMain ? " main" : "")\" href=\"\(address)\">\(label)</a>"
  }

  private func asset(_ asset: Asset) -> String { site.path("assets", asset.name, query: [("v", asset.version)]) }

  /// The body of a page of which only this is asked for.
  package func title(_ heading: HTML, _ detail: HTML = .empty, _ acts: HTML = .empty) -> HTML {
    "<div class=\"title\"><h1>\(heading)</h1><div class=\"detail\">\(detail)</div><div class=\"acts\">\(acts)</div></div>"
  }
}
