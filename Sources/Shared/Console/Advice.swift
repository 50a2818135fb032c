/// What the programs tell a person to do next: all of it stands here, so that each text can be followed by a test
/// (AdviceWalkTests), which fails for one that nobody walked. Errors of the rooms below carry their own advice; that each
/// command which any of them names is one that there is, AdviceCommandsTests shows.
package enum Advice: String, CaseIterable, Sendable {
  // After a look at one task.
  case itsLineage = "where it came from: aker lineage {dataset} {year}{region}"
  case stopIt = "stop it: aker cancel --task {task}"
  case enqueueAgain = "enqueue it again: aker backfill {dataset} --years {year}{vintage}"
  case beforeAllOthers = "before all others: aker prioritize --task {task}"
  case notAtAll = "not at all: aker cancel --task {task}"
  case lookWithoutPublishing =
    "look at it without publishing: aker run {dataset} --year {year}{region}{vintage} --dry-run"
  case whenTheSourceHasCorrected = "when the source has corrected its data, retry it: aker retry --task {task}"
  case whenTheDefinitionFollows =
    "when the definition is to follow: change catalog/datasets/{dataset}, then aker catalog check {dataset}, then aker retry --task {task}"
  case whyTheOtherFailed = "why {partition} did not complete: aker task {upstream}"
  case tryBothAgain = "try it again, and this one with it: aker retry --task {upstream}"
  case enqueueBothAgain =
    "it was cancelled; enqueue both again: aker backfill {upstream} {dataset} --years {year}{vintage}"
  case seeWhereItEnds = "see where it ends: aker run {dataset} --year {year}{region}{vintage} --dry-run"
  case howTheSourceIs = "how the source is doing: aker sources {source}"
  case thenRetry = "then: aker retry --task {task}"
  case whenItsCauseIsGone = "when its cause is gone: aker retry --task {task}"

  // After a list, a watch or the grid.
  case wholeStory = "the whole story of one, with its causes and what to do: aker task {task}"
  case storyOfOne = "the whole story of one: aker task {task}"
  case whyThoseFailed = "why: aker tasks --backfill {backfill} --state failed"
  case whatFailed = "what failed, and why: aker tasks --state failed"
  case retryBackfill = "when the cause is gone: aker retry --backfill {backfill}"
  case retryOne = "when the cause is gone: aker retry --task {task}"
  case goesOn =
    "stopped watching; backfill {backfill} goes on as workers find it: aker watch {backfill}, or aker cancel --backfill {backfill}"

  // Before and after enqueueing.
  case noWorker = "no worker is alive: start one, here or on another host: aker-worker --slots 4"
  case sourceIsOff =
    "source {source} is off, since it is licensed: {datasets} will fail; set {variable} to where yours is, or enabled: true in catalog/sources_supplement.yml"
  case keyIsNotSet =
    "{variable} is not set here; {datasets} cannot be fetched without it: set it for the workers, too (aker sources says for what)"
  case sourceIsUnreachable =
    "{sources} cannot be reached from this host, and {datasets} may fail: {reason} (aker doctor)"
  case missingUpstream = "{what}, of which {years} is neither published nor under way. First: {command}"
  case runningBefore =
    "{tasks} of {dataset} will end by the one before (then: aker backfill {dataset} --years YEARS --only stale)"
  case nothingToDo =
    "nothing needs to be done: {partitions} skipped (--dry-run says why; --force builds them again)"
  case nothingYet = "nothing was backfilled yet: aker backfill --help"

  /// What is to be filled in.
  package var placeholders: [String] { rawValue.matches(of: /\{([a-z]+)\}/).map { String($0.1) } }

  /// - Parameter values: of each placeholder; a missing one is a fault, and stays visible.
  package func text(_ values: [String: String] = [:]) -> String {
    rawValue.replacing(/\{([a-z]+)\}/) { values[String($0.1)] ?? String($0.0) }
  }
}
