/// One source of the registry: where it is, how politely it is asked, and how its errors are told from its data.
package struct SourceDefinition: Sendable, Equatable {
  package var id: String
  package var name: String
  /// Disabled sources (licensed feeds) refuse to run until they are configured.
  package var isEnabled = true
  /// Base URL: `https://`, `http://`, `s3://bucket` or `file:///folder`, without a trailing slash.
  package var endpoint: String
  package var geography: [String] = []
  package var cadence: String?
  /// How long a cached answer counts as fresh, in days; 0 asks the source each time whether it changed.
  package var cacheTTLDays: Double = 1
  package var license: String?
  package var rateLimit = RateLimit()
  package var authentication: Authentication?
  /// The environment's name of the secret, after `AKER_`.
  package var authKeyName: String?
  package var userAgent: String?
  /// An e-mail address that goes into the User-Agent, where the source wants one.
  package var contact: String?
  package var retry = RetryPolicy()
  /// Whether its endpoint may be a private address.
  package var allowsPrivateAddress = false
  package var limits = TransferLimits()
  package var s3 = S3Settings()
  package var errorRules: [ErrorRule] = []
  package var notes: String?

  package struct RateLimit: Sendable, Equatable {
    package var perSecond: Double?
    package var perMinute: Double?
    package var perDay: Int?
    /// Requests that may be sent at once after a quiet while.
    package var burst: Int?
    /// Tasks that may run against the source at once, over all hosts.
    package var concurrency: Int?

    /// The tighter of the two rates, in requests a second; nil for no limit.
    package var requestsPerSecond: Double? {
      [perSecond, perMinute.map { $0 / 60 }].compactMap { $0 }.min()
    }
  }

  /// Where a key goes.
  package enum Authentication: Sendable, Equatable {
    case query(name: String)
    case header(name: String)
    case bearer
    /// The secret is `user:password`.
    case basic
    /// In the request's body, in the place of `{key}`.
    case body
    /// Signs requests to S3; the secret is `access key:secret key`.
    case aws
  }

  package struct RetryPolicy: Sendable, Equatable {
    /// Tries of one request within one attempt of a task, the first included.
    package var maxTries = 3
    /// Classes by HTTP status, where they differ from the usual ones.
    package var permanentStatuses: [Int] = []
    package var transientStatuses: [Int] = []
  }

  /// Of a source at `s3://`.
  package struct S3Settings: Sendable, Equatable {
    package var region = "us-east-1"
    /// Another server than AWS.
    package var server: String?
    /// How buckets are named in addresses; nil for what suits the server.
    package var addressing: Addressing?

    package enum Addressing: String, Sendable, CaseIterable {
      /// `https://server/bucket/key`
      case path
      /// `https://bucket.server/key`
      case virtualHost = "virtual_host"
    }
  }

  /// What one document may take; nil leaves what suits any source.
  package struct TransferLimits: Sendable, Equatable {
    package var maximumMegabytes: Int?
    package var connectSeconds: Int?
    /// Seconds without a byte until a transfer counts as stalled.
    package var stallSeconds: Int?
    package var totalSeconds: Int?
  }

  /// How an error looks that comes as a success: in the body, or as another kind of content.
  package struct ErrorRule: Sendable, Equatable {
    package enum Verdict: String, Sendable, CaseIterable {
      case transient
      case rateLimited = "rate_limited"
      case permanent
      case data
    }

    /// A header that errors have, by its lower-case name.
    package var header: String?
    /// The rule is for these statuses only; for all when empty.
    package var statuses: [Int] = []
    /// A regular expression over the first 64 KiB of the body.
    package var bodyPattern: String?
    /// A dotted path into a JSON body that exists in errors only, such as `BEAAPI.Error`.
    package var jsonPath: String?
    /// What the value at `jsonPath` must match; any value when nil.
    package var valuePattern: String?
    /// A dotted path to the message for the operator.
    package var messagePath: String?
    package var verdict: Verdict
    package var advice: String?
  }
}
