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
