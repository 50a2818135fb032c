import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// The autoscaler of `deploy/kubernetes/base/scaling.yaml`, simulated: its own question and figures, and real workers as its
/// pods. It decides at once and as often as it can, which is harsher than any autoscaler does.
@Suite("Scaling", .database, .whateverHappens)
struct ScalingTests {
  @Test("never more pods than useful slots, and no attempt is lost when one is taken away")
  func podsFollowTheQueue() async throws {
    let rule = try Rule()
    #expect(rule.target == rule.slots, "as many pods as the slots of each are wanted")
    let scene = try await ChaosScene.make(tasks: 80)
    let fixture = scene.fixture
    let scaler = try await fixture.playing("aker_monitor")
    var pods = Pods(rule: rule, dsn: fixture.database.dsn)
    var seen: Set<Int> = []
    // What the source allows while so many effects are not there yet: up, and down again under running tasks.
    for (limit, effects) in [(4, 20), (12, 60), (2, 80)] {
      try await fixture.run("SELECT queue.configure_source('tiles_source', $1)", [limit])
      try await eventually(within: .seconds(90), "\(effects) effects under a limit of \(limit)") {
        // Counted before the question, since both only fall.
        let left = 80 - (try await scene.effectCount())
        let running: Int = try await fixture.value("SELECT count(*) FROM queue.lease")
        let useful = min(left, max(limit, running))
        let wanted = rule.pods(for: try await scaler.value(rule.question))
        #expect(wanted * rule.slots < useful + rule.slots, "\(wanted) pods for \(useful) useful slots")
        try await pods.become(wanted)
        seen.insert(wanted)
        return 80 - left >= effects
      }
    }
    try await scene.expectEachEffectOnce()
    try await eventually { rule.pods(for: try await scaler.value(rule.question)) == 0 }
    try await pods.become(0)
    for (name, pod) in pods.taken {
      let result = try await pod.wait()
      #expect(result.exitCode == 0, "\(name): \(result)")
    }
    #expect(seen.isSuperset(of: [2, 6, 1]), "\(seen)")
    #expect(pods.taken.count >= 6)
    // What was given back was given back with its attempt.
    #expect(try await fixture.value("SELECT max(attempt_count) FROM queue.task") == 1)
    #expect(try await fixture.value("SELECT count(*) FROM queue.attempt WHERE error_class IS NOT NULL") == 0)
    #expect(try await fixture.value("SELECT count(*) FROM queue.worker WHERE state = 'lost'") == 0)
  }

  /// The manifests' figures.
  struct Rule {
    let question: String
    let slots: Int
    let target: Int
    let activation: Int
    let least: Int
    let most: Int

    init() throws {
      let folder = PackageRoot.path + "/deploy/kubernetes/base/"
      let scaling = try String(contentsOfFile: folder + "scaling.yaml", encoding: .utf8)
      let worker = try String(contentsOfFile: folder + "worker.yaml", encoding: .utf8)
      func number(_ pattern: String, in text: String) throws -> Int {
        let found = text.firstMatch(of: try Regex(pattern))?[1].substring.map(String.init)
        return try #require(found.flatMap(Int.init), "\(pattern)")
      }
      question = try #require(scaling.firstMatch(of: /query: (SELECT .+)/).map { String($0.1) })
      slots = try number(#"--slots, "(\d+)""#, in: worker)
      target = try number(#"\btargetQueryValue: "(\d+)""#, in: scaling)
      activation = try number(#"activationTargetQueryValue: "(\d+)""#, in: scaling)
      least = try number(#"minReplicaCount: (\d+)"#, in: scaling)
      most = try number(#"maxReplicaCount: (\d+)"#, in: scaling)
    }

    /// As KEDA decides whether there are any, and the horizontal autoscaler how many.
    func pods(for value: Int) -> Int {
      value <= activation ? least : min(most, max(1, least, (value + target - 1) / target))
    }
  }

  /// Workers as a Deployment has them: the newest goes first, by SIGTERM.
  struct Pods {
    let rule: Rule
    let dsn: String
    private var running: [(String, Program)] = []
    private(set) var taken: [(String, Program)] = []

    init(rule: Rule, dsn: String) { (self.rule, self.dsn) = (rule, dsn) }

    mutating func become(_ count: Int) async throws {
      while running.count > count {
        let pod = running.removeLast()
        pod.1.send(SIGTERM)
        taken.append(pod)
      }
      while running.count < count {
        let number = running.count + taken.count
        // Each second one has no time to end anything: it gives back at once what it holds.
        let arguments = [
          "--slots", "\(rule.slots)", "--name", "pod-\(number)", "--no-op-table", "effect", "--no-op-milliseconds",
          "150",
          "--drain-timeout", number.isMultiple(of: 2) ? "0" : "20",
        ]
        let program = try await Program.start(Executable.worker, arguments, environment: ["AKER_POSTGIS_DSN": dsn])
        running.append(("pod-\(number)", program))
      }
    }
  }
}
