package import Console

/// An act on many tasks, and what became of each.
package struct BatchPage: Sendable {
  package var batch: Batch
  package var tasks: [BatchTask]

  package init(batch: Batch, tasks: [BatchTask]) {
    self.batch = batch
    self.tasks = tasks
  }

  package func html(_ frame: Frame) -> HTML {
    let rows: [HTML] = tasks.map { task in
      let fact: HTML =
        switch task.result {
        case "done": Words.named("done", .published)
        case "waiting": Words.named("waiting", .waiting)
        case "cancelled": Words.named("not done", .cancelled)
        default: Words.named("left alone", .warned)
        }
      return """
        <tr data-key="\(task.task_id)"><td><a href="\(frame.site.task(task.task_id))">\(task.task_id)</a></td>\
        <td>\(task.partition)</td><td>\(fact)</td><td class="wrap">\(task.reason)</td></tr>
        """
    }
    let done = batch.done + batch.left_alone
    let acts: HTML =
      batch.state == "open" ? frame.button("Leave the rest…", "cancel-batch", [("batch", "\(batch.batch_id)")]) : .empty
    let word = ["retry": "tried again", "cancel": "cancelled", "prioritize": "put first"][batch.act] ?? batch.act
    return frame.page(
      "Act \(batch.batch_id)", .tasks,
      """
      \(frame.title(
        "\(Words.count(batch.total)) tasks are \(word)",
        "\(Words.badge(word: batch.state)) by \(batch.actor), \(Words.moment(batch.created_at))", acts))\
      <section><p class="big">\(Lists.progress(done, batch.total)) \(Words.count(batch.done)) done\
      \(batch.left_alone > 0 ? ", \(Words.count(batch.left_alone)) left alone" as HTML : "")</p></section>\
      \(Words.table("Tasks", ["Task", "Partition", "What became of it", "Why"], rows))
      """)
  }
}
