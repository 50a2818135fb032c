import Base
import FoundationEssentials
import Postgres
import TestSupport
import Testing
import WebService

/// What pages tell besides: what sources are asked, what the lake's commands would do, which definition a retry is built by.
@Suite(.database)
struct PagePartTests {
  @Test func aSourcesPageTellsWhenItsQuotaRunsOutAndWhichKeysAreMissing() async throws {
    try await ServiceScene.serving { scene in
      let connection = scene.connection
      _ = try await connection.query("SELECT queue.configure_source('census_acs5', daily_quota => 500)")
      func usage() async throws -> PostgresRow {
        try await connection.one(
          """
          SELECT requests_today, requests_a_minute AS rate, quota_ends_at <= clock_timestamp() AS is_over,
            quota_ends_at < quota_resets_at AS is_before, quota_resets_at > clock_timestamp() AS resets
          FROM queue.source_usage WHERE source_id = 'census_acs5'
          """)
      }
      func take(_ count: Int) async throws {
        _ = try await connection.query("SELECT * FROM queue.take_tokens('census_acs5', $1)", [count])
      }
      #expect(try await usage().decode("rate", as: Double.self) == 0)
      try await take(30)
      _ = try await connection.query("SELECT queue.return_tokens('census_acs5', 10)")
      var found = try await usage()
      let rate: Double = try found.decode("rate")
      #expect(rate > 0 && rate <= 20, "\(rate)")
      #expect(try found.decode("requests_today", as: Int.self) == 20)
      // Twenty a minute: half an hour at most, unless the day ends before.
      let (isBefore, isOver): (Bool?, Bool?) = (try found.decode("is_before"), try found.decode("is_over"))
      #expect(isBefore != false && isOver != true)
      // Of the minute before counts what is not sixty seconds ago; of those before, nothing.
      try await connection.execute("UPDATE queue.token_bucket SET minute_at = minute_at - interval '1 minute'")
      #expect(try await usage().decode("rate", as: Double.self) <= 20)
      try await connection.execute("UPDATE queue.token_bucket SET minute_at = minute_at - interval '1 minute'")
      #expect(try await usage().decode("rate", as: Double.self) == 0)
      try await take(480)
      found = try await usage()
      #expect(try found.decode("is_over", as: Bool?.self) == true)
      #expect(try found.decode("resets", as: Bool?.self) == true)

      let page = try await scene.get("/sources")
      let row = page.body.firstMatch(of: #/<tr id="census_acs5"(.+?)<\/tr>/#)?.1 ?? ""
      #expect(row.contains("used up</b>, begins anew <time") && row.contains("500/500"), "\(row)")
      // This process was given no keys: it is told which ones datasets need, and of each whether it is there.
      #expect(page.body.contains("not set on this host") && row.contains("not set"), "\(page.body.prefix(3000))")
      let sources = try await scene.get("/api/v1/sources/census_acs5")
      #expect(sources.json.at("key_is_set") == .bool(false) && sources.body.contains("\"quota_ends_at\""), "\(sources)")
    }
  }

  @Test func whatIsPublishedIsCheckedAndTakenBackByACommandThatThePreviewHas() async throws {
    try await ServiceScene.serving { scene in
      try await MapTests.world(scene)
      // Another publication of the year, with other rows: that one is shown.
      try await scene.connection.executeScript(
        """
        UPDATE lineage.publication SET data_year = 2022, output_sha256 = repeat('1', 64)
          WHERE dataset = 'hazard_risk' AND data_year = 2020;
        UPDATE warehouse.partition SET publication_id = (SELECT max(publication_id) FROM lineage.publication
          WHERE dataset = 'hazard_risk' AND data_year = 2022) WHERE dataset = 'hazard_risk' AND data_year = 2022;
        """)
      let ids = try await scene.connection.one(
        """
        SELECT min(publication_id) AS first, max(publication_id) AS last FROM lineage.publication
        WHERE dataset = 'hazard_risk' AND data_year = 2022
        """)
      let (first, last) = (try ids.decode("first", as: Int64.self), try ids.decode("last", as: Int64.self))
      func preview(_ act: String) async throws -> String {
        let page = try await scene.ask(
          "POST", "/select", body: "act=\(act)&cell=hazard_risk+2022&cell=market_income+2020",
          headers: ["Content-Type: application/x-www-form-urlencoded"])
        #expect(page.status == 200, "\(page)")
        return page.body
      }
      let back = try await preview("rollback")
      #expect(back.contains("This replaces publication \(last) (as of 2024-05"), "\(back)")
      #expect(back.contains("by exactly what publication \(first) (as of 2024-05"), "\(back)")
      #expect(back.contains("<code>aker lake rollback hazard_risk 2022 --to \(first)</code>"), "\(back)")
      #expect(back.contains("Of market_income 2020 there is nothing to take back."), "\(back)")
      // It is done where the lake is: nothing here would do it.
      #expect(!back.contains("action=\"/act\"") && back.contains("Back, change nothing"), "\(back)")
      let checked = try await preview("validate")
      #expect(
        checked.contains("today&#39;s checks over what is published of hazard_risk 2022: 1 partition"), "\(checked)")
      #expect(checked.contains("<code>aker validate hazard_risk --years 2022</code>"), "\(checked)")
      let none = try await scene.post(
        "/api/v1/lake/preview", #"{"act": "rollback", "dataset": "</script>", "years": [2020]}"#)
      #expect(none.status == 200 && none.json.at("count") == .integer(0), "\(none)")
    }
  }

  @Test func aRetryTellsWhichDefinitionItIsBuiltBy() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      try await scene.failAll("data")
      let same = try await scene.get("/tasks/1")
      #expect(same.status == 200 && !same.body.contains("newer definition"), "\(same)")
      let (old, new) = (SHA256.hash("income"), SHA256.hash("income, mended"))
      try await scene.connection.executeScript(
        """
        INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
          VALUES ('\(new)', 'income', '', '');
        UPDATE catalog.dataset SET definition_hash = '\(new)' WHERE name = 'income';
        """)
      let page = try await scene.get("/tasks/1")
      #expect(page.body.contains("There is a newer definition") && page.body.contains("\(new.prefix(12))"), "\(page)")
      let newest = try await scene.get("/preview?act=retry&task=1")
      #expect(
        newest.body.contains("applied now, \(new.prefix(12)), and not by \(old.prefix(12)), by which it failed"),
        "\(newest)")
      let then = try await scene.get("/preview?act=retry&task=2&definition=\(old.prefix(12))")
      #expect(then.body.contains("<code>aker retry --task 2 --definition \(old.prefix(12))</code>"), "\(then)")
      for (fields, task, expected) in [("task=1", 1, new), ("task=2&definition=\(old.prefix(12))", 2, old)] {
        let form = try #require(then.headers["set-cookie"]?.firstMatch(of: #/aker_form=([^;]+)/#)?.1)
        let done = try await scene.ask(
          "POST", "/act", body: "act=retry&\(fields)&form=\(form)",
          headers: ["Content-Type: application/x-www-form-urlencoded", "Cookie: aker_form=\(form)"])
        #expect(done.status == 303, "\(done)")
        let built: String = try await scene.connection.one(
          "SELECT definition_hash AS hash FROM queue.task WHERE task_id = $1", [task]
        ).decode("hash")
        #expect(built == expected, "task \(task) is built by \(built)")
      }
      let refused = try await scene.get("/preview?act=cancel&task=3&definition=\(old.prefix(12))")
      #expect(refused.status == 422, "\(refused)")
    }
  }
}
