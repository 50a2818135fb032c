/// What an act is about: exactly one of these.
package enum Target: Equatable {
  case task(Int64)
  case backfill(Int64, dataset: String?)
  case dataset(String)
  case source(String)
  case queue

  package enum Kind: String, CaseIterable {
    case task, backfill, dataset, source, queue
  }

  package var kind: Kind {
    switch self {
    case .task: .task
    case .backfill: .backfill
    case .dataset: .dataset
    case .source: .source
    case .queue: .queue
    }
  }

  /// Of one backfill, all is meant; of a dataset or a source, whichever backfill tried it last.
  package var isOfManyBackfills: Bool { kind == .dataset || kind == .source }

  package var description: String {
    switch self {
    case .task(let id): "task \(id)"
    case .backfill(let id, nil): "backfill \(id)"
    case .backfill(let id, let dataset?): "\(dataset) in backfill \(id)"
    case .dataset(let name): "dataset \(name)"
    case .source(let id): "source \(id)"
    case .queue: "the whole queue"
    }
  }
}
