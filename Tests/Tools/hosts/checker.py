"""What must hold when all is done: each partition published once, rows = files = lineage, nothing left behind, and no
source asked more than it allows."""
import glob, json, re

from .network import WORK, say
from .pool import BURST, PER_SECOND, aker, published, simulator, sql


def database_problems():
    for what, query in {
        "tasks that are not completed": "SELECT task_id, dataset, data_year, region, state, reason FROM queue.task WHERE state <> 'completed'",
        "tasks that were not published exactly once": """
          SELECT t.task_id, count(p.*) FROM queue.task t LEFT JOIN lineage.publication p USING (task_id) GROUP BY 1 HAVING count(p.*) <> 1""",
        "files without their name": "SELECT path FROM lake.manifest WHERE state <> 'in_place'",
        "files that lineage tells otherwise": """
          SELECT m.path FROM lake.manifest m JOIN lineage.publication p USING (publication_id)
          WHERE (m.sha256, m.row_count) IS DISTINCT FROM (p.output_sha256, p.row_count)""",
        "leases left behind": "SELECT task_id FROM queue.lease",
        "staging tables left behind": "SELECT table_name FROM warehouse.staging",
        "upstreams read with another hash than was published": """
          SELECT i.publication_id FROM lineage.input i JOIN lineage.publication u ON u.publication_id = i.input_publication_id
          WHERE i.kind = 'dataset' AND i.sha256 <> u.output_sha256""",
    }.items():
        yield what, sql(query)
    for dataset, in sql("SELECT DISTINCT dataset FROM warehouse.partition WHERE publication_id IS NOT NULL"):
        yield f"partitions of {dataset} whose rows are not those of their publication", sql(f"""
          SELECT w.data_year, w.row_count, w.n FROM (
            SELECT w.data_year, sum(w.row_count) AS row_count,
              (SELECT count(*) FROM public."{dataset}" r WHERE r.data_year = w.data_year) AS n
            FROM warehouse.partition w WHERE w.dataset = '{dataset}' AND w.publication_id IS NOT NULL GROUP BY w.data_year) w
          WHERE w.row_count <> w.n""")


def lake_problems():
    """Every file read, and its hash and rows compared with the manifest's."""
    report = json.loads(aker("lake", "repair", "--report", "--verify", "--json", check=False).stdout)
    for what in ("missing", "orphans", "unknown_publications", "finished", "removed", "notes"):
        yield f"the lake: {what}", report[what]


def promise_problems():
    """What a worker was told is published, though the primary was lost since, is there."""
    kept = {row[0] for row in sql("SELECT publication_id FROM lineage.publication")}
    told = {match for log in glob.glob(f"{WORK}/w*.log") for match in re.findall(r"publication=(\d+)", open(log, errors="replace").read())}
    yield "publications that workers were told of, and that are lost", sorted(told - kept)
    yield "what workers tell of publications", [] if told else ["nothing"]


def most_beyond(per_second):
    """The worst of all windows of time: requests beyond burst and rate, where a second's edges may fall badly."""
    counts = {int(second): count for second, count in per_second.items()}
    worst = 0
    for start in counts:
        total = 0
        for length in range(1, 31):
            total += counts.get(start + length - 1, 0)
            worst = max(worst, total - BURST - PER_SECOND * length)
    return worst


def source_problems():
    asked = simulator("_log")
    for source, log in asked["sources"].items():
        beyond = most_beyond(log["per_second"])
        yield f"requests to {source} beyond what it allows", [beyond] if beyond > 0 else []
    yield "the simulator's requests", [] if asked["total"] else ["none"]


def check():
    """- Returns: what is wrong, a line each."""
    # What a killed worker had published, and not named: the next worker's start does this.
    repaired = json.loads(aker("lake", "repair", "--json").stdout)
    say(f"repaired: {len(repaired['finished'])} files got their name, {len(repaired['removed'])} leftovers were removed")
    problems = [f"{what}: {len(rows)}, such as {rows[0]}"
                for look in (database_problems, promise_problems, lake_problems, source_problems) for what, rows in look() if rows]
    asked = simulator("_log")
    say(f"{published()} publications; {asked['total']} requests, at most "
        f"{max(source['most_in_a_second'] for source in asked['sources'].values())} of a source in a second; "
        f"attempts by end: {dict(sql('SELECT state, count(*) FROM queue.attempt GROUP BY 1 ORDER BY 1'))}")
    return problems
