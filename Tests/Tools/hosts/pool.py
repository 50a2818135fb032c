"""What runs on the hosts, and how it is asked: PgBouncer before the database, sources, the lake, workers, coordinators."""
import glob, json, os, re, shutil, signal

from .network import ADDRESS, Away, BIN, BUILT, Host, ROOT, WORK, Wrong, until
from .patroni import NODES, PG, PORT, Patroni, filled

POOLER, S3 = 6432, 9000  # ports
SERVERS = ",".join(ADDRESS[name] for name in NODES)
# The sources' own limits are for the sources. These are for the check of the end.
PER_SECOND, BURST, CONCURRENCY = 40, 40, 4
PROBED = "census_acs5"  # the source of the datasets that measure the throughput, which is to be the workers' alone
PROBE_REGIONS = {1: 4, 2: 8, 4: 16, 6: 24}  # by workers of two slots: eight partitions for each slot, four years a region


def environment(host, direct=False):
    keys = {f"AKER_{key}": "demo" for key in re.findall(r"auth_key_name: *(\S+)", open(f"{ROOT}/catalog/sources.yml").read())}
    sources = {f"AKER_SOURCE_{os.path.basename(f).upper()}_ENDPOINT": f"http://{ADDRESS['src']}:8899/{os.path.basename(f)}"
               for f in glob.glob(f"{ROOT}/recordings/*") if os.path.isdir(f)}
    pooler, s3 = (host.address, host.address) if host.way else (ADDRESS["pool"], ADDRESS["s3"])
    server = f"host={SERVERS} port={PORT}" if direct else f"host={pooler} port={POOLER}"
    return {**keys, **sources, "AKER_POSTGIS_DSN": f"{server} user=aker dbname=aker",
            "AKER_CACHE_PATH": "s3://aker", "AWS_ENDPOINT_URL": f"http://{s3}:{S3}",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret", "AWS_REGION": "us-east-1",
            "AKER_HOME": host.home, "AKER_DUCKDB": f"{ROOT}/.aker/tools/duckdb", "AKER_CONFIG": f"{ROOT}/recordings/aker.yml",
            "AKER_CATALOG_PATH": f"{WORK}/catalog", "AKER_MIGRATIONS_PATH": f"{WORK}/migrations"}


def aker(*arguments, check=True, direct=False):
    host = Host.all["c1"]
    return host.call(f"{BIN}/aker", *arguments, check=check, cwd=WORK, env={**os.environ, **environment(host, direct)})


def sql(query, database="aker"):
    """As the owner, past PgBouncer; a list of rows of text."""
    server = (f"host={SERVERS} port={PORT} user=aker dbname={database} target_session_attrs=read-write connect_timeout=2 "
              "keepalives_idle=2 keepalives_interval=1 keepalives_count=3 tcp_user_timeout=4000")
    done = Host.all["pool"].call(f"{PG}/psql", "-AtXF", "\t", "-d", server, "-c", query, check=False)
    if done.returncode:
        # 2: no connection, or it was lost.
        raise (Away if done.returncode == 2 or "server closed the connection" in done.stderr else Wrong)(f"{query}: {done.stderr}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def number(query):
    return int(sql(query)[0][0])


def http(host, url, method="GET", body=None):
    data = ["-d", body] if body else []
    return Host.all[host].call("curl", "-sf", "-m", "5", "-X", method, *data, url, check=False)


def simulator(path, method="GET", body=None):
    done = http("src", f"http://{ADDRESS['src']}:8899/{path}", method, body)
    return json.loads(done.stdout or "null") if done.returncode == 0 else None


def catalog():
    """And all else that is read again and again: who edits or builds meanwhile changes nothing here."""
    for name in ("catalog", "migrations"):
        shutil.copytree(f"{ROOT}/{name}", f"{WORK}/{name}")
    os.makedirs(BIN)
    for program in ("aker", "aker-worker", "aker-confine", "source-simulator"):
        shutil.copy(f"{BUILT}/{program}", f"{BIN}/{program}")
    # The coordinators' schedules are the real ones: whatever is due while this runs would ask for years that nobody recorded.
    open(f"{WORK}/catalog/flows.yml", "w").write("flows: []\n")
    with open(f"{WORK}/catalog/sources_supplement.yml", "w") as file:
        file.write("sources:\n")
        for source in re.findall(r"^ *- id: *(\S+)", open(f"{ROOT}/catalog/sources.yml").read(), re.M):
            concurrency = 16 if source == PROBED else CONCURRENCY
            file.write(f"  - {{id: {source}, rate_limit: {{per_second: {PER_SECOND}, burst: {BURST}, concurrency: {concurrency}}}}}\n")
    for workers, regions in PROBE_REGIONS.items():
        folder = f"{WORK}/catalog/datasets/probe_{workers}"
        os.makedirs(folder)
        names = ", ".join(f"r{i:02d}" for i in range(1, regions + 1))
        # Each partition asks for a document of its own, so that none has it from another.
        open(f"{folder}/dataset.yml", "w").write(f"""name: probe_{workers}
title: States, for {workers} workers
partitions: {{years: 2009-2012, regions: [{names}]}}
requests:
  - name: state
    source: {PROBED}
    path: "/data/{{data_year}}/acs/acs5"
    query: {{get: "NAME,B19013_001E,B01003_001E", for: "state:*", part: "{workers}-{{region}}"}}
    format: json_table
    columns: [NAME, B19013_001E, B01003_001E, state]
columns:
  - {{name: state, type: text, description: State.}}
  - {{name: income, type: bigint, unit: USD, description: Income.}}
key: [state]
checks:
  - expect_table_row_count_to_equal: {{value: 52}}
""")
        open(f"{folder}/transform.sql", "w").write('SELECT state, CAST("B19013_001E" AS BIGINT) AS income FROM raw.state\n')


class Pool:
    def __init__(self):
        catalog()
        self.servers = Patroni()
        self.pooler, self.src, self.s3 = Host.all["pool"], Host("src"), Host("s3")
        self.start_pgbouncer()
        self.src.start("simulator", f"{BIN}/source-simulator", "--recordings", f"{ROOT}/recordings", "--host", ADDRESS["src"], "--port", "8899")
        self.sick = f"{self.s3.home}/sick"
        self.s3.start("moto", "python3", f"{ROOT}/Tests/Tools/sick_s3.py", ADDRESS["s3"], str(S3), self.sick,
                      env={"PYTHONPATH": f"{ROOT}/.aker/tools/python/moto"})
        until("S3", lambda: http("s3", f"http://{ADDRESS['s3']}:{S3}/aker", "PUT").returncode == 0)
        until("the simulator", lambda: simulator("_log") is not None)
        self.coordinators = [Host("c1"), Host("c2")]
        sql("CREATE DATABASE aker", "postgres")
        until("a synchronous follower", self.servers.is_synchronous, 120)
        aker("migrate", direct=True)

    def start_pgbouncer(self):
        folder = f"{WORK}/pgbouncer"
        os.makedirs(folder, exist_ok=True)
        shutil.chown(folder, "postgres")
        # By HAProxy beside it: whoever leads.
        open(f"{folder}/ini", "w").write(filled(
            "postgres/pgbouncer.ini", database="aker", host=ADDRESS["pool"], user="aker", listen=ADDRESS["pool"], port=POOLER,
            socket=folder, auth="any", mode="transaction", pool=40))
        self.pooler.start("pgbouncer", "/usr/sbin/pgbouncer", "-q", f"{folder}/ini", user="postgres")

    def crash_pgbouncer(self):
        pid = f"{WORK}/pgbouncer/pid"
        os.kill(int(open(pid).read()), signal.SIGKILL)
        self.pooler.programs["pgbouncer"].wait()
        os.remove(pid)

    def give_a_way(self, host):
        """Its programs reach PgBouncer and S3 by a proxy of its own, which can be made slow."""
        host.way = f"{host.home}/way"
        for server, port in (("pool", POOLER), ("s3", S3)):
            host.start(f"way-{server}", "python3", f"{ROOT}/Tests/Tools/slow_way.py", host.address, str(port), ADDRESS[server], str(port), host.way)
            until(f"the way to {server}", lambda: host.call("bash", "-c", f"exec 3<>/dev/tcp/{host.address}/{port}", check=False).returncode == 0)

    def worker(self, host, label, program=f"{BIN}/aker-worker", contract=None):
        """Of two slots; of another release where it keeps another contract with the queue."""
        other = {"AKER_CONTRACT": str(contract)} if contract else {}
        host.start(label, program, "--slots", "2", "--drain-timeout", "30", env={**environment(host), **other})

    def coordinator(self, host):
        host.start("serve", f"{BIN}/aker", "serve", env=environment(host))


def running(count):
    until(f"{count} workers", lambda: number("SELECT count(*) FROM queue.workers WHERE state = 'running'") == count)


def held_by(name):
    """The leases of a host's workers."""
    return {row[0] for row in sql(
        f"SELECT l.lease_token FROM queue.lease l JOIN queue.worker w USING (worker_id) WHERE w.host = '{name}'")}


def published():
    return number("SELECT count(*) FROM lineage.publication")


def unfinished():
    return number("SELECT count(*) FROM queue.task WHERE state IN ('ready', 'blocked', 'running')")
