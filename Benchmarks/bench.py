"""What the benchmarks share: a private cluster, sessions, waits with limits, and tables with the commit and the date."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = {"fsync": "on", "synchronous_commit": "on", "shared_buffers": "1GB", "max_wal_size": "8GB", "checkpoint_timeout": "30min",
            "wal_compression": "off", "autovacuum": "on"}


def postgres_bin():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name))
    if not found:
        sys.exit("no Postgres server in /usr/lib/postgresql: run scripts/setup")
    return found[-1]


# Of one statement, in seconds: the psql session ends with the error, and the benchmark with the statement.
STATEMENT_LIMIT = 1200


class Cluster:
    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="aker-bench-", dir="/tmp")
        self.as_owner = []
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres")
            self.as_owner = ["runuser", "-u", "postgres", "--"]
        os.chmod(self.directory, 0o755)
        self.bin = postgres_bin()
        self.run("initdb", "-D", self.directory + "/data", "-U", "aker", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        self.run("pg_ctl", "-D", self.directory + "/data", "-w", "-l", self.directory + "/log", "-o",
                 f"-k {self.directory} -c listen_addresses='' -c max_connections=100 {options}", "start")

    def run(self, program, *arguments):
        subprocess.run([*self.as_owner, str(self.bin / program), *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL)

    def dsn(self, database):
        return f"host={self.directory} user=aker dbname={database}"

    def stop(self):
        try:
            self.run("pg_ctl", "-D", self.directory + "/data", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)


class Session:
    """A psql that stays: statements are sent one by one, each answer's time is psql's own (\\timing)."""

    def __init__(self, cluster, database):
        self.process = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", cluster.dsn(database)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1, env={**os.environ, "PGOPTIONS": f"-c statement_timeout={STATEMENT_LIMIT}s"})

    def query(self, sql):
        self.process.stdin.write(sql.rstrip(";") + ";\n\\echo :::done\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.strip() == ":::done":
                return lines
            lines.append(line.rstrip("\n"))
        sys.exit(f"psql ended at: {sql[:200]}")

    def value(self, sql):
        lines = [line for line in self.query(sql) if line]
        return lines[0] if lines else None

    def timed(self, sql):
        """Milliseconds that the statement took, from psql."""
        lines = self.query("\\timing on\n" + sql.rstrip(";") + ";\n\\timing off\nSELECT 1")
        return next(float(re.search(r"Time: ([0-9.]+) ms", line).group(1)) for line in lines if line.startswith("Time:"))

    def close(self):
        self.process.stdin.close()
        ended(self.process, "psql to end")


def until(what, condition, limit=60, every=0.02):
    """Waits until condition() holds. Every wait of this file has a limit, and says what it waited for."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited {limit} s in vain: {what}")
        time.sleep(every)


def ended(process, what, limit=60):
    """Waits for a process to end."""
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        sys.exit(f"waited {limit} s in vain: {what}")


class Report:
    """What was measured: printed as it comes, and at the end as a table for docs/benchmarks.md."""

    def __init__(self, command, version):
        commit = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude", "*"], capture_output=True, text=True)
        self.results, self.loads = [], [os.getloadavg()[0]]
        self.context = {"command": command, "date": time.strftime("%Y-%m-%d"), "commit": commit.stdout.strip() or "unknown",
                        "postgres": version, "processors": os.cpu_count()}
        print(f"{self.context['date']}, commit {self.context['commit']}, load {self.loads[0]:.1f}")
        print(f"Postgres {version}, {os.cpu_count()} processors, " + ", ".join(f"{k}={v}" for k, v in SETTINGS.items()))
        print(f"{'':<58}{'value':>12} {'':<12}{'baseline':>12}{'ratio':>8}   target", flush=True)

    def record(self, name, value, unit, baseline=None, target=None, better="higher", **settings):
        self.loads.append(os.getloadavg()[0])
        ratio = round(value / baseline, 3) if baseline else None
        judged = ratio if baseline else value
        met = None if target is None else (judged >= target if better == "higher" else judged <= target)
        self.results.append({"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": ratio, "target": target,
                             "better": better, "met": met, "settings": settings})
        line = f"{name:<58}{self.number(value):>12} {unit:<12}"
        line += f"{self.number(baseline):>12}{ratio:>8.2f}" if baseline else " " * 20
        if target is not None:
            line += f"   {'≥' if better == 'higher' else '≤'} {target:<6} {'ok' if met else 'MISSED'}"
        print(line, flush=True)

    @staticmethod
    def number(value):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

    def heading(self):
        """When, of which commit, and how busy the machine was besides."""
        c = self.context
        return (f"`{c['command']}`, {c['date']}, commit {c['commit']}, Postgres {c['postgres']}, {c['processors']} processors, "
                f"load {min(self.loads):.1f} to {max(self.loads):.1f}:")

    def finish(self, output):
        """Prints the table, writes all that is known as JSON, and ends: 1 where a target was missed."""
        print("\n" + self.heading() + "\n\n| what | value | baseline | ratio | target | |\n| --- | --- | --- | --- | --- | --- |")
        for r in self.results:
            target = "" if r["target"] is None else f"{'≥' if r['better'] == 'higher' else '≤'} {r['target']}"
            cells = [r["name"], f"{self.number(r['value'])} {r['unit']}", self.number(r["baseline"]) if r["baseline"] else "",
                     f"{r['ratio']:.2f}" if r["ratio"] else "", target, {None: "", True: "ok", False: "**missed**"}[r["met"]]]
            print("| " + " | ".join(cells) + " |")
        path = Path(output)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([{**r, "settings": {**r["settings"], **SETTINGS, **self.context}} for r in self.results], indent=2) + "\n")
        print(f"\nwritten to {path}")
        sys.exit(0 if all(r["met"] is not False for r in self.results) else 1)


class Bench:
    """A cluster with databases to measure in."""

    def __init__(self, options, command):
        self.options = options
        self.cluster = Cluster()
        version = subprocess.run(["psql", "-XAtc", "SHOW server_version", self.cluster.dsn("postgres")], capture_output=True, text=True)
        self.report = Report(command, version.stdout.strip())
        self.record = self.report.record
        self.quick = options.quick

    def run_parts(self, parts):
        try:
            for part in parts:
                getattr(self, part)()
        finally:
            self.cluster.stop()
        self.report.finish(self.options.output)

    def database(self, name, migrated=True):
        admin = Session(self.cluster, "postgres")
        admin.query("SET client_min_messages = error")
        admin.query(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.query(f"CREATE DATABASE {name}")
        admin.close()
        if migrated:
            script = subprocess.run([str(ROOT / "scripts/migrations-sql")], check=True, capture_output=True).stdout
            subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.cluster.dsn(name)], check=True, input=script,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        session = Session(self.cluster, name)
        if migrated:
            session.query("SET search_path = public")
        return session

    def declare(self, session, regions, limited=True):
        """One dataset. Its source has a limit, as every real one has, which is out of reach."""
        session.query("INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql) VALUES (repeat('a', 64), 'bench', '', '')")
        session.query(f"""INSERT INTO catalog.dataset (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id)
          SELECT 'bench', repeat('a', 64), 'bench', 1900, true, array_agg('r' || i), '{{bench}}', 'bench' FROM generate_series(1, {regions}) i""")
        session.query(f"SELECT queue.configure_source('bench', max_running => {100_000 if limited else 'NULL'})")

    def enqueue(self, session, years, as_of="2024-06"):
        return session.timed(f"SELECT * FROM queue.enqueue_backfill('{{bench}}', ARRAY(SELECT generate_series(2001, 2000 + {years})), '{as_of}')")
