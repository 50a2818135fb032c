"""Hosts as network namespaces on one bridge: each with its own address, name and home."""
import os, shutil, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILT = os.path.abspath(os.environ.get("BIN", f"{ROOT}/.build/debug"))
BEGAN = time.monotonic()
NAMES = ["db1", "db2", "pool", "src", "s3", "w1", "w2", "w3", "w4", "w5", "w6", "c1", "c2"]
ADDRESS = {name: f"10.77.0.{i + 10}" for i, name in enumerate(NAMES)}
WORK = tempfile.mkdtemp(prefix="aker-hosts-", dir="/tmp")
os.chmod(WORK, 0o755)
BIN = f"{WORK}/bin"


class Wrong(Exception):
    """Something that must not be; ends the test."""


class Away(Exception):
    """The database does not answer: nothing is known."""


def elapsed():
    return time.monotonic() - BEGAN


def say(text):
    print(f"{elapsed():6.1f} s  {text}", flush=True)


def run(*command, check=True, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if check and done.returncode:
        raise Wrong(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def until(what, condition, seconds=60):
    """While the database is away, nothing is so."""
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except Away:
            pass
        if time.monotonic() > end:
            raise Wrong(f"waited {seconds} s for: {what}")
        time.sleep(0.1)


class Beside:
    """A function that runs beside what follows; `join` ends as it ended."""

    def __init__(self, function, *arguments):
        self.error = None

        def body():
            try:
                function(*arguments)
            except Exception as error:
                self.error = error
        self.thread = threading.Thread(target=body, daemon=True)
        self.thread.start()

    def join(self):
        self.thread.join()
        if self.error:
            raise self.error


class Host:
    all = {}

    def __init__(self, name, home_size=None):
        self.name, self.address, self.programs = name, ADDRESS[name], {}
        self.home = f"{WORK}/{name}"
        self.way = None  # to the pooler and the lake, where it is one of its own
        os.makedirs(self.home)
        if home_size:
            run("mount", "-t", "tmpfs", "-o", f"size={home_size},mode=777", "none", self.home)
        os.symlink(f"{ROOT}/.aker/tools", f"{self.home}/tools")
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"v{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"v{name}", "master", "bridge", "up")
        for command in (f"addr add {self.address}/24 dev eth0", "link set eth0 up", "link set lo up"):
            run("ip", "-n", name, *command.split())
        self.nft("add table inet cut", "add chain inet cut in { type filter hook input priority 0 ; }",
                 "add chain inet cut out { type filter hook output priority 0 ; }")
        Host.all[name] = self

    def nft(self, *lines):
        run("ip", "netns", "exec", self.name, "nft", "\n".join(lines))

    def cut(self, *directions):
        """Without a word: packets are dropped, no connection is reset."""
        for direction in directions:
            side = "iifname" if direction == "in" else "oifname"
            self.nft(f'add rule inet cut {direction} {side} "eth0" drop')

    def mend(self):
        self.nft("flush chain inet cut in", "flush chain inet cut out")

    def start(self, label, *command, user=None, env=None):
        """In the host's network, with its name as the host's."""
        log = open(f"{WORK}/{self.name}-{label}.log", "ab")
        inner = (["setpriv", "--reuid", user, "--regid", user, "--init-groups"] if user else []) + list(command)
        self.programs[label] = subprocess.Popen(
            ["ip", "netns", "exec", self.name, "unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', self.name] + inner,
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.home, env={**os.environ, **(env or {})})
        return self.programs[label]

    def call(self, *command, check=True, **more):
        return run("ip", "netns", "exec", self.name, *command, check=check, **more)

    def signal(self, number, labels=None):
        """To its programs that still run, or those with these labels; they are the answer."""
        living = {label: p for label, p in self.programs.items() if p.poll() is None and (labels is None or label in labels)}
        for program in living.values():
            program.send_signal(number)
        return living


def make_network():
    """In this process's own namespaces, which end with it."""
    run("mount", "--make-rprivate", "/")
    os.makedirs("/run/netns", exist_ok=True)
    run("mount", "-t", "tmpfs", "none", "/run/netns")
    run("ip", "link", "add", "bridge", "type", "bridge")
    run("ip", "link", "set", "bridge", "up")


def be_init():
    """Process 1 takes what lost its parent and ended, as on any host: Patroni would take a server that is a zombie for one that runs.
    The test goes on in a child of it."""
    child = os.fork() if os.getpid() == 1 else 0
    while child:
        ended, status = os.wait()
        if ended == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def enter_namespaces():
    """Runs this program again where all it does to network, mounts and processes is its own, and gone at its end."""
    if os.environ.get("AKER_HOSTS_INSIDE") == "1":
        be_init()
        return
    shutil.rmtree(WORK)
    sys.stdout.flush()
    os.execvpe("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable,
                           *sys.argv], {**os.environ, "AKER_HOSTS_INSIDE": "1"})
