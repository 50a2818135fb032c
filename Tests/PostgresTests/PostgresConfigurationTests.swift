import Testing

@testable import Postgres

struct PostgresConfigurationTests {
  @Test(arguments: [
    "postgresql://me:s3cret@db.example:5433/warehouse?sslmode=require",
    "host=db.example port=5433 user=me password='s3cret' dbname=warehouse sslpassword=s3cret",
  ])
  func aPasswordIsNeverShown(dsn: String) {
    let configuration = PostgresConfiguration(dsn: dsn)
    #expect(!configuration.redactedDSN.contains("s3cret"))
    #expect(configuration.redactedDSN.contains("host=db.example"))
    #expect(configuration.redactedDSN.contains("dbname=warehouse"))
  }

  @Test(arguments: [
    (
      "postgresql://me:s3cret@db.example:5433/warehouse?sslmode=require",
      "postgresql://me@db.example:5433/warehouse?sslmode=require"
    ),
    ("user=aker dbname=aker host='/srv/a b/socket'", "postgresql://aker@/aker?host=/srv/a%20b/socket"),
    ("host=::1 port=5432 user='o''k' dbname=w", "postgresql://o%27k@[::1]:5432/w"),
  ])
  func aURLSaysTheSame(dsn: String, url: String) {
    let configuration = PostgresConfiguration(dsn: dsn.replacing("''", with: "\\'"))
    #expect(configuration.redactedURL == url)
    let again = PostgresConfiguration(dsn: url)
    for keyword in ["host", "port", "user", "dbname", "sslmode"] {
      #expect(again.setting(keyword) == configuration.setting(keyword), "\(keyword)")
    }
  }

  @Test func aStringThatDoesNotParseIsNotShownEither() {
    let configuration = PostgresConfiguration(dsn: "postgresql://me:s3cret@[::1/x")
    #expect(!configuration.redactedDSN.contains("s3cret"))
    #expect(configuration.parseProblem != nil)
  }

  @Test func anotherDatabaseKeepsTheRest() {
    let configuration = PostgresConfiguration(dsn: "postgresql://me:it's@db.example/warehouse").database("it's")
    #expect(configuration.setting("dbname") == "it's")
    #expect(configuration.setting("host") == "db.example")
    #expect(configuration.setting("password") == "it's")
  }
}
