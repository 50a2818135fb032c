"""Two Postgres servers that Patroni keeps, each on its host, with an etcd member; the third member is on PgBouncer's host, as is
HAProxy, which knows who leads."""
import glob, json, os, re, shutil, signal

from .network import ADDRESS, Away, Host, ROOT, WORK, Wrong, until

PG = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[4]))[-1]
NODES = ("db1", "db2")
MEMBERS = (*NODES, "pool")
PORT, REST, ETCD, PEERS = 5432, 8008, 2379, 2380


def filled(path, **values):
    """A file of deploy/, with its names between at signs filled in."""
    text = open(f"{ROOT}/deploy/{path}").read()
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    left = re.search("@[a-z]+@", text)
    if left:
        raise Wrong(f"deploy/{path}: {left.group(0)} is not filled in")
    return text


class Patroni:
    def __init__(self):
        """- Leaves both hosts with a leader, and a follower that may still be copying."""
        cluster = ",".join(f"{name}=http://{ADDRESS[name]}:{PEERS}" for name in MEMBERS)
        self.hosts = {name: Host(name) for name in MEMBERS}
        for name, host in self.hosts.items():
            shutil.chown(host.home, "postgres")
            address = f"http://{ADDRESS[name]}"
            host.start("etcd", "/usr/bin/etcd", "--name", name, "--data-dir", f"{host.home}/etcd", "--unsafe-no-fsync",
                       # A member that comes back does not begin an election first.
                       "--pre-vote",
                       "--listen-client-urls", f"{address}:{ETCD}", "--advertise-client-urls", f"{address}:{ETCD}",
                       "--listen-peer-urls", f"{address}:{PEERS}", "--initial-advertise-peer-urls", f"{address}:{PEERS}",
                       "--initial-cluster", cluster, user="postgres")
        # Patroni would wait five seconds for one that is not there yet.
        until("etcd", lambda: all(self.ask(name, ETCD, "health") for name in MEMBERS))
        settings = f"{WORK}/postgresql.conf"
        shutil.copy(f"{ROOT}/deploy/postgres/postgresql.conf", settings)
        for name in NODES:
            home = self.hosts[name].home
            open(f"{home}/patroni.yml", "w").write(filled(
                "postgres/patroni.yml", name=name, host=ADDRESS[name], rest=REST, etcd=f"{ADDRESS[name]}:{ETCD}", network="10.77.0.0/24",
                port=PORT, data=f"{home}/data", bin=PG, settings=settings))
            self.start(name)
        open(f"{WORK}/haproxy.cfg", "w").write(filled(
            "postgres/haproxy.cfg", listen=ADDRESS["pool"], port=PORT, rest=REST, first=ADDRESS["db1"], second=ADDRESS["db2"]))
        self.hosts["pool"].start("haproxy", "/usr/sbin/haproxy", "-db", "-f", f"{WORK}/haproxy.cfg")
        until("a leader of the servers", self.leads)

    def start(self, name):
        self.hosts[name].start("patroni", "/usr/bin/patroni", f"{self.hosts[name].home}/patroni.yml", user="postgres")

    def come_back(self, host):
        """The host of a primary that was cut off, once its Patroni has let go: it begins anew. One before 3.0.3 that goes on writes itself
        the leader, unasked, where the network comes back in the middle of its round: two would lead, on one timeline."""
        def has_let_go():
            told = self.ask(host.name, REST, "patroni", by=host.name) or {}
            return (told.get("role"), told.get("state")) == ("replica", "running")
        until(f"{host.name} has let go", has_let_go)
        host.signal(signal.SIGKILL, ["patroni"])
        host.programs["patroni"].wait()
        host.mend()
        until(f"etcd on {host.name}", lambda: self.ask(host.name, ETCD, "health"))
        self.start(host.name)

    def ask(self, name, port, path, by="pool"):
        """- Returns: nil when it does not answer, or has no good news."""
        told = self.hosts[by].call("curl", "-sf", "-m", "2", f"http://{ADDRESS[name]}:{port}/{path}", check=False)
        return json.loads(told.stdout) if told.returncode == 0 else None

    def members(self):
        """The role of each node, as any that answers tells it."""
        for name in NODES:
            if told := self.ask(name, REST, "cluster"):
                return {member["name"]: member["role"] for member in told["members"] if member["state"] in ("running", "streaming")}
        raise Away("no Patroni answers")

    def leads(self):
        """The host that leads; nil while none does."""
        return next((self.hosts[name] for name, role in self.members().items() if role == "leader"), None)

    def is_synchronous(self):
        return sorted(self.members().values()) == ["leader", "sync_standby"]

    def crash(self):
        """The server that leads is gone, as by a fault of its own. Patroni on its host looks away for as long as `look` is not called."""
        self.crashed = self.leads()
        self.crashed.signal(signal.SIGSTOP, ["patroni"])
        os.kill(int(open(f"{self.crashed.home}/data/postmaster.pid").readline()), signal.SIGQUIT)

    def look(self):
        self.crashed.signal(signal.SIGCONT, ["patroni"])
