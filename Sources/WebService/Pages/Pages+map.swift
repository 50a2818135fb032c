internal import Base
internal import Console
internal import Dashboard
internal import HTTPTypes

extension Pages {
  func map(_ visit: Visit) async throws -> HTML {
    let fields = visit.fields
    let known: [MappedDataset] = try await ask("listMaps", visit)
    guard let usual = known.first(where: { $0.dataset != "boundary_county" }) ?? known.first else {
      return MapPage.empty(visit.frame)
    }
    let name = fields["dataset"] ?? usual.dataset
    guard let dataset = known.first(where: { $0.dataset == name }), let newest = dataset.years.first else {
      throw Problem(
        .notFound, "there is no map of '\(OutsideText.line(name))'",
        hint: "The map's own list has the datasets with figures of counties that are published.")
    }
    let asked = fields["year"].flatMap { Int($0) }
    let year = dataset.years.first { $0.data_year == asked } ?? newest
    // What was chosen of another dataset says nothing of this one.
    let isSame = fields["of"] == nil || fields["of"] == dataset.dataset
    var query: [(name: String, value: String)] = isSame ? fields.query("measure") : []
    if let vintage = fields["as_of"], year.vintages.contains(vintage), year.vintages.count > 1 {
      query.append(("as_of", vintage))
    }
    if let state = fields["state"], StateNames.name(of: state) != nil, state.utf8.count == 2 {
      query.append(("state", state))
    }
    let chosen = isSame ? fields.items.filter { $0.name.hasPrefix("where.") && !$0.value.isEmpty } : []
    if !chosen.isEmpty {
      let members = Dictionary(
        chosen.map { (String($0.name.dropFirst("where.".count)), JSONValue.string($0.value)) },
        uniquingKeysWith: { first, _ in first })
      query.append(("where", JSONValue.object(members).json))
    }
    let map: CountyMap = try await ask(
      "getMap", visit, path: ["dataset": dataset.dataset, "year": "\(year.data_year)"], query: query)
    return MapPage(
      datasets: known, map: map, order: fields["order"].flatMap(MapPage.Order.init) ?? .highest,
      page: fields["page"].flatMap { Int($0) } ?? 1,
      unshown: isSame ? fields["as_of"].flatMap { year.vintages.contains($0) ? nil : $0 } : nil
    ).html(visit.frame)
  }
}
