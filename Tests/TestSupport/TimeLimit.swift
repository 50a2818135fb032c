package import Testing

extension Trait where Self == TimeLimitTrait {
  /// For tests that would wait for ever if the code under test did. swift-testing counts the time that a test waits for its
  /// turn, too, so the limit is about that of a whole room in `scripts/test`: single waits are limited by `eventually`.
  package static var whateverHappens: Self { whateverHappens(beyond: 0) }

  /// For those that go on for as long as they are told to.
  /// - Parameter seconds: how long that is about.
  package static func whateverHappens(beyond seconds: Int) -> Self { .timeLimit(.minutes(19 + seconds / 60)) }
}
