internal import Base
package import Console

/// Counties by a measure: a form, a picture, and the same as a table.
package struct MapPage: Sendable {
  package enum Order: String, CaseIterable, Sendable {
    case highest, lowest, name
  }

  /// What the form can choose from.
  package var datasets: [MappedDataset]
  package var map: CountyMap
  package var order: Order
  /// Of the table, from 1.
  package var page: Int
  /// A vintage that was asked for and that the warehouse does not show.
  package var unshown: String?

  package init(datasets: [MappedDataset], map: CountyMap, order: Order, page: Int, unshown: String? = nil) {
    self.unshown = unshown
    self.datasets = datasets
    self.map = map
    self.order = order
    self.page = page
  }

  private static let rowCount = 100
  private static let colourless: HTML = " class=\"missing\" fill=\"url(#missing)\""

  private var isWhole: Bool { ["integer", "bigint"].contains(map.measure.type) }
  private var unit: String { map.measure.unit ?? "" }
  private var subject: String { map.measure.name.replacing("_", with: " ") }
  private var missing: Int { map.places.count { $0.value == nil } }

  /// A page without anything that could be drawn.
  package static func empty(_ frame: Frame) -> HTML {
    frame.page(
      "Map", .map, isLive: false,
      """
      \(frame.title("Map"))\(Words.nothing(
        "Nothing can be drawn yet: no dataset with figures of counties is published. A backfill publishes them:"))\
      \(Words.command("aker backfill market_unemployment boundary_county --years 2022"))
      """)
  }

  package func html(_ frame: Frame) -> HTML {
    let place = map.state.flatMap { StateNames.name(of: $0) } ?? "counties"
    let heading: HTML = "\(Self.capital(map.measure.name)), \(place) \(map.data_year)"
    let detail: HTML = """
      <a href="\(frame.site.partition(map.dataset, map.data_year))">\(map.dataset) \(map.data_year)</a>, \
      \(map.as_of.map { "vintage \($0)" as HTML } ?? "vintage \(map.vintages.joined(separator: ", "))")
      """
    let about: HTML = map.measure.description.isEmpty ? .empty : "<p class=\"about\">\(map.measure.description)</p>"
    return frame.page(
      "\(subject) \(map.data_year)", .map, isWide: true, isLive: false,
      "\(frame.title(heading, detail))\(form(frame))\(vintageNote(frame))\(about)<div class=\"beside\">\(figure)\(table(frame))</div>\(notes(frame))"
    )
  }

  // MARK: The form

  private func form(_ frame: Frame) -> HTML {
    func select(_ label: String, _ name: String, _ values: [(String, String)], _ chosen: String) -> HTML {
      let options: [HTML] = values.map {
        "<option value=\"\($0.0)\"\($0.0 == chosen ? " selected" as HTML : "")>\($0.1)</option>"
      }
      return "<label>\(label) <select name=\"\(name)\">\(options)</select></label>"
    }
    let years = datasets.first { $0.dataset == map.dataset }?.years ?? []
    let vintages = map.vintages.map { ($0, $0) }
    let choices: [HTML] = map.choices.map { choice in
      select(
        Self.capital(choice.name), "where.\(choice.name)", choice.values.map { ($0, $0) }, choice.chosen)
    }
    return """
      <form method="get" action="\(frame.site.path("map"))" class="filters"><input type="hidden" name="of" value="\(map.dataset)">
      \(select("Dataset", "dataset", datasets.map { ($0.dataset, $0.dataset) }, map.dataset))
      \(select("Measure", "measure", map.measures.map { ($0.name, $0.name.replacing("_", with: " ")) }, map.measure.name))
      \(select("Year", "year", years.map { ("\($0.data_year)", "\($0.data_year)") }, "\(map.data_year)"))
      \(select("Vintage", "as_of", vintages.count > 1 ? [("", "all shown")] + vintages : vintages, map.as_of ?? (vintages.count > 1 ? "" : vintages.first?.0 ?? "")))
      \(choices)
      \(select("State", "state", [("", "all")] + StateNames.all.map { ($0.code, $0.name) }, map.state ?? ""))
      \(select("Table by", "order", Order.allCases.map { ($0.rawValue, $0.rawValue) }, order.rawValue))
      <button class="main">Show</button></form>
      """
  }

  /// The address of what is shown, with other members.
  private func address(_ frame: Frame, page: Int) -> String {
    let choices = map.choices.map { ("where.\($0.name)", Optional($0.chosen)) }
    return frame.site.path(
      "map",
      query: [
        ("dataset", map.dataset), ("measure", map.measure.name), ("year", "\(map.data_year)"), ("as_of", map.as_of),
        ("state", map.state), ("order", order.rawValue), ("of", map.dataset),
      ] + choices + [("page", "\(page)")])
  }

  /// A map is of what the warehouse shows: of a vintage that only the lake has it is told how to show it.
  private func vintageNote(_ frame: Frame) -> HTML {
    guard let unshown else { return .empty }
    let command = "aker lake rollback \(map.dataset) \(map.data_year) --to PUBLICATION"
    return """
      <ul class="notes"><li><b>Vintage \(unshown) is not shown</b>: the warehouse shows \(map.vintages.joined(separator: ", ")), and \
      so does this map. <a href="\(frame.site.partition(map.dataset, map.data_year))">The year's page</a> lists the publications that \
      the lake keeps; this shows one of them again: <code>\(command)</code>\
      </li></ul>
      """
  }

  // MARK: The picture

  private var figure: HTML {
    guard map.outline_year != nil else {
      return """
        <figure class="map">\(Words.nothing(
          "No outlines are drawn yet: aker serve does so after each publication of boundary_county."))\
        \(Words.command("aker backfill boundary_county --years 2022"))</figure>
        """
    }
    let groups: [HTML] = (0..<max(1, map.breaks.count + 1)).map { group in
      "<g class=\"m\(group)\">\(map.places.filter { $0.group == group }.map(path))</g>"
    }
    let box = map.box
    let borders: [HTML] = map.borders.map { "<path d=\"\(Self.drawn($0.path))\"/>" }
    let hatch = box.width / 200
    return """
      <figure class="map"><svg role="img" aria-label="\(label)" viewBox="\(Self.short(box.x)) \(Self.short(box.y)) \
      \(Self.short(box.width)) \(Self.short(box.height))"><defs><pattern id="missing" width="\(Self.short(hatch))" \
      height="\(Self.short(hatch))" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" \
      d="M0 0V\(Self.short(hatch))" stroke-width="\(Self.short(hatch))"/></pattern></defs>\(groups)\
      <g\(Self.colourless)>\(map.places.filter { $0.group == nil }.map(path))</g><g class="border">\(borders)</g></svg>\
      \(legend)</figure>
      """
  }

  private var label: String {
    let values = map.places.compactMap(\.value)
    guard let least = values.min(), let most = values.max() else { return "A map without figures" }
    return "Map of \(subject), from \(shown(least)) to \(shown(most)) \(unit). The table has each county's."
  }

  private func path(_ place: CountyMap.Place) -> HTML {
    guard let path = place.path else { return .empty }
    return "<path d=\"\(Self.drawn(path))\"><title>\(place.name), \(state(place)): \(told(place))</title></path>"
  }

  private var legend: HTML {
    let counts = Dictionary(grouping: map.places.compactMap(\.group), by: { $0 }).mapValues(\.count)
    let breaks = map.breaks
    let values = map.places.compactMap(\.value)
    var items: [HTML] = []
    if let least = values.min(), let most = values.max() {
      for group in 0...breaks.count {
        let from = shown(group == 0 ? least : breaks[group - 1])
        let range: HTML =
          group == breaks.count
          ? (from == shown(most) ? "\(from)" : "\(from) to \(shown(most))") : "\(from) to below \(shown(breaks[group]))"
        items.append("<li><i class=\"m\(group)\"></i>\(range) <small>\(counts[group] ?? 0)</small></li>")
      }
    }
    if missing > 0 { items.append("<li><i class=\"missing\"></i>no figure <small>\(missing)</small></li>") }
    let caption: HTML =
      "\(subject)\(unit.isEmpty ? .empty : ", \(unit)" as HTML); as many counties in each class as can be"
    return "<figcaption>\(caption)<ul class=\"legend shades\">\(items)</ul></figcaption>"
  }

  // MARK: The table

  private var sorted: [CountyMap.Place] {
    switch order {
    case .name: map.places.sorted { ($0.name, $0.geo_id) < ($1.name, $1.geo_id) }
    case .highest: map.places.sorted { ($0.value ?? -.infinity, $1.geo_id) > ($1.value ?? -.infinity, $0.geo_id) }
    case .lowest: map.places.sorted { ($0.value ?? .infinity, $0.geo_id) < ($1.value ?? .infinity, $1.geo_id) }
    }
  }

  private func table(_ frame: Frame) -> HTML {
    let pages = max(1, (map.places.count + Self.rowCount - 1) / Self.rowCount)
    let page = min(max(1, page), pages)
    let shown = sorted.dropFirst((page - 1) * Self.rowCount).prefix(Self.rowCount)
    let rows: [HTML] = shown.map { place in
      let swatch: HTML = place.group.map { "<i class=\"m\($0)\"></i>" } ?? "<i class=\"missing\"></i>"
      return """
        <tr><td class="wrap">\(place.name.isEmpty ? "not among the outlines" : place.name) <small>\(state(place)) \(place.geo_id)</small></td>\
        <td class="number shades">\(swatch) \(told(place))</td></tr>
        """
    }
    var links: HTML = .empty
    if pages > 1 {
      let back: HTML =
        page > 1
        ? "<a href=\"\(address(frame, page: page - 1))#table\">before</a>" : "<span class=\"none\">before</span>"
      let on: HTML =
        page < pages
        ? "<a href=\"\(address(frame, page: page + 1))#table\">next</a>" : "<span class=\"none\">next</span>"
      links = "<p class=\"pager\">\(back) <span>\(page) of \(pages)</span> \(on)</p>"
    }
    return """
      <section id="table">\(Words.table("Figures of counties", ["County", "Figure"], rows, style: "narrow"))\(links)</section>
      """
  }

  private func notes(_ frame: Frame) -> HTML {
    var lines: [HTML] = []
    if let year = map.outline_year, year != map.data_year {
      lines.append("Outlines of \(year): those of \(map.data_year) are not published.")
    }
    let several = map.places.count { $0.row_count > 1 }
    if several > 0 { lines.append("\(several) counties have several rows; the first by key is shown.") }
    let undrawn = map.places.count { $0.path == nil }
    if undrawn > 0, map.outline_year != nil {
      lines.append("\(undrawn) are in the table alone: the picture leaves them out, or the outlines lack them.")
    }
    let chosen = JSONValue.object(
      Dictionary(map.choices.map { ($0.name, .string($0.chosen)) }, uniquingKeysWith: { first, _ in first }))
    var tiles =
      frame.site.path("tiles", map.dataset, "\(map.data_year)") + "/{z}/{x}/{y}.mvt?measure=\(map.measure.name)"
    if let vintage = map.as_of { tiles += "&as_of=\(vintage)" }
    if !map.choices.isEmpty { tiles += "&where=\(PercentEncoding.encoded(chosen.json))" }
    lines.append("Vector tiles for QGIS and MapLibre, layer counties: <code>\(tiles)</code>")
    return HTML(lines.map { "<p class=\"small\">\($0)</p>" })
  }

  // MARK: Words

  /// `per_capita_income` as one writes it at the beginning.
  private static func capital(_ name: String) -> String {
    let words = name.replacing("_", with: " ")
    return words.prefix(1).uppercased() + words.dropFirst()
  }

  private func state(_ place: CountyMap.Place) -> String { StateNames.name(of: place.geo_id) ?? "–" }
  private func told(_ place: CountyMap.Place) -> String { place.value.map(shown) ?? "no figure" }
  private func shown(_ value: Double) -> String { Words.figure(value, isWhole: isWhole) }

  /// Digits enough for where a line is.
  private static func short(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }

  /// A path is no text: it may be longer than any, and has nothing but what draws.
  private static func drawn(_ path: String) -> HTML {
    let isPath = path.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): true
      case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."): true
      case UInt8(ascii: "M"), UInt8(ascii: "L"), UInt8(ascii: "Z"): true
      case UInt8(ascii: "m"), UInt8(ascii: "l"), UInt8(ascii: "z"): true
      default: false
      }
    }
    return isPath ? HTML(stringLiteral: path) : .empty
  }
}
