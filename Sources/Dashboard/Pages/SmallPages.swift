/// Pages of few words.
package enum SmallPages {
  /// - Parameter failure: why the last try did not let in.
  package static func signIn(_ frame: Frame, failure: String?, back: String) -> HTML {
    let said: HTML = failure.map { "<p class=\"reason\" role=\"alert\">\($0)</p>" } ?? .empty
    return frame.page(
      "Sign in", nil, isLive: false,
      """
      \(frame.title("Sign in"))<section class="cause">\(said)\(frame.form(
        frame.site.path("sign-in"),
        """
        <input type="hidden" name="back" value="\(back)"><label>Token <input name="token" type="password" required autofocus \
        autocomplete="current-password" size="48" spellcheck="false"></label><button class="main">Sign in</button>
        """))<p>A token is made on the host of the service:</p>\(Words.command("aker token create NAME --level operator"))</section>
      """)
  }

  /// Why there is no page, or why an act was not done.
  package static func problem(
    _ frame: Frame, title: String, detail: String, hint: String?, causes: [String], back: String?
  ) -> HTML {
    let more: HTML = causes.isEmpty ? .empty : "<ol class=\"causes\">\(causes.map { "<li>\($0)</li>" as HTML })</ol>"
    let return_: HTML = "<p><a class=\"button\" href=\"\(frame.site.safe(back))\">Back</a></p>"
    return frame.page(
      title, nil, isLive: false,
      """
      \(frame.title("\(title)"))<section class="cause bad" role="alert"><p class="reason">\(detail)</p>\(more)\
      \(hint.map(Words.advice))</section>\(return_)
      """)
  }
}
