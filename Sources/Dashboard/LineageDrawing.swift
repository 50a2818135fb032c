internal import Lineage

/// Where a partition came from, as layers from left to right, with the same as a list beside it.
struct LineageDrawing {
  private struct Node {
    var title: String
    var detail: String
    var address: String?
    var layer: Int
    var row = 0
    var isDocument: Bool
  }

  private let tree: LineageTree
  private static let mostNodes = 60
  private static let (width, height, gap) = (210, 44, 60)

  init(_ tree: LineageTree) { self.tree = tree }

  func html(_ frame: Frame) -> HTML {
    var nodes: [Node] = []
    var edges: [(Int, Int)] = []
    add(tree, layer: 0, &nodes, &edges, frame)
    return """
      \(drawing(nodes, edges))<details><summary>As a list</summary><ul class="lineage">\(list(tree, frame))</ul></details>
      """
  }

  /// - Returns: the number of the node.
  @discardableResult
  private func add(_ tree: LineageTree, layer: Int, _ nodes: inout [Node], _ edges: inout [(Int, Int)], _ frame: Frame)
    -> Int
  {
    let own = nodes.count
    nodes.append(
      Node(
        title: tree.partition, detail: "as of \(tree.asOf), \(Words.count(tree.rowCount)) rows",
        address: frame.site.task(tree.taskID), layer: layer, isDocument: false))
    for input in tree.inputs where nodes.count < Self.mostNodes {
      if let publication = input.publication {
        edges.append((add(publication, layer: layer + 1, &nodes, &edges, frame), own))
      } else {
        edges.append((nodes.count, own))
        nodes.append(
          Node(
            title: input.request, detail: [input.source ?? "", Words.bytes(input.byteCount)].joined(separator: " · "),
            address: nil, layer: layer + 1, isDocument: true))
      }
    }
    return own
  }

  private func drawing(_ given: [Node], _ edges: [(Int, Int)]) -> HTML {
    var nodes = given
    let layers = (nodes.map(\.layer).max() ?? 0) + 1
    var filled = [Int](repeating: 0, count: layers)
    for index in nodes.indices {
      nodes[index].row = filled[nodes[index].layer]
      filled[nodes[index].layer] += 1
    }
    let rows = filled.max() ?? 1
    let width = layers * Self.width + (layers - 1) * Self.gap + 2
    let height = rows * (Self.height + 10) + 2
    // What it is made of stands left of it.
    func x(_ node: Node) -> Int { (layers - 1 - node.layer) * (Self.width + Self.gap) + 1 }
    func y(_ node: Node) -> Int { node.row * (Self.height + 10) + 1 }
    let lines: [HTML] = edges.map { from, to in
      let (a, b) = (nodes[from], nodes[to])
      let (x1, y1, x2, y2) = (x(a) + Self.width, y(a) + Self.height / 2, x(b), y(b) + Self.height / 2)
      return "<path d=\"M\(x1) \(y1)C\(x1 + Self.gap / 2) \(y1) \(x2 - Self.gap / 2) \(y2) \(x2) \(y2)\"/>"
    }
    let boxes: [HTML] = nodes.map { node in
      let box: HTML = """
        <g class="\(node.isDocument ? "document" : "made")"><title>\(node.title), \(node.detail)</title>\
        <rect x="\(x(node))" y="\(y(node))" width="\(Self.width)" height="\(Self.height)" rx="4"/>\
        <text x="\(x(node) + 10)" y="\(y(node) + 18)">\(Self.short(node.title))</text>\
        <text class="small" x="\(x(node) + 10)" y="\(y(node) + 34)">\(Self.short(node.detail))</text></g>
        """
      return node.address.map { "<a href=\"\($0)\">\(box)</a>" } ?? box
    }
    let cut: HTML =
      given.count >= Self.mostNodes
      ? "<p class=\"small\">The first \(Self.mostNodes) are drawn; the list has all.</p>" : .empty
    return """
      <div class="scroll" role="region" aria-label="Lineage" tabindex="0"><svg class="lineage" width="\(width)" \
      height="\(height)" viewBox="0 0 \(width) \(height)">\(lines)\(boxes)</svg></div>\(cut)
      """
  }

  private static func short(_ text: String) -> String { text.count > 30 ? text.prefix(29) + "…" : text }

  private func list(_ tree: LineageTree, _ frame: Frame) -> HTML {
    let inputs: [HTML] = tree.inputs.map { input in
      if let publication = input.publication { return list(publication, frame) }
      return """
        <li>\(input.request) · \(TaskPage.link(input.url)) · \(Words.bytes(input.byteCount)) · \
        <code title="\(input.sha256)">\(String((input.sha256 ?? "–").prefix(12)))</code> · \(Words.moment(input.fetchedAt))</li>
        """
    }
    let used: HTML =
      tree.usedBy.isEmpty ? .empty : "<br><small>read by \(tree.usedBy.joined(separator: ", "))</small>"
    return """
      <li><a href="\(frame.site.task(tree.taskID))">\(tree.partition)</a> as of \(tree.asOf), \(Words.count(tree.rowCount)) rows, \
      <code>\(tree.lakePath)</code>\(used)\(inputs.isEmpty ? .empty : "<ul>\(inputs)</ul>" as HTML)</li>
      """
  }
}
