# SPDX-License-Identifier: BSD-3-Clause
"""Starts servers, measures their CPU time and memory, runs the load generator, prints tables."""
import atexit
import json
import os
import resource
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get("LARDER_BUILD", os.path.join(HERE, "..", "..", "build"))
BUILD = os.path.join(ROOT, "release")
os.environ["PATH"] += os.pathsep + os.path.join(ROOT, "bin")  # utils/find-oracle puts redis-server here
LOADGEN = os.path.join(BUILD, "utils", "bench", "loadgen")
OURS = os.path.join(BUILD, "larder-server") + " --port {port} --bind 127.0.0.1 --threads {threads} --maxclients 15000 --io-engine "
SERVERS = {
    "larder": OURS + "io_uring",
    "larder-libev": OURS + "libev",
    "redis": "redis-server --port {port} --bind 127.0.0.1 --save '' --maxclients 15000 --io-threads {threads}",
}
# A server of one thread runs on the first core and its client on the second, if there are two.
CORES = sorted(os.sched_getaffinity(0))


def raise_open_files():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


raise_open_files()


def add_arguments(parser, servers="larder,larder-libev,redis", rounds=5):
    """Adds the arguments that every script takes"""
    parser.add_argument("--server", action="append", default=[], metavar="NAME='COMMAND {port} {threads}'",
                        help="an additional server to measure, or a different command for a known name")
    parser.add_argument("--servers", default=servers, help="names, comma-separated; known: " + ", ".join(SERVERS))
    parser.add_argument("--rounds", type=int, default=rounds)


def chosen(args):
    """Returns the names of the servers to measure"""
    names = args.servers.split(",") if args.servers else []
    for text in args.server:
        name, command = text.split("=", 1)
        SERVERS[name] = command
        if name not in names:
            names.append(name)
    for name in names:
        if name not in SERVERS:
            sys.exit("unknown server " + name)
    present = [n for n in names if shutil.which(shlex.split(SERVERS[n])[0])]
    for name in set(names) - set(present):
        print("%s is not installed: left out" % shlex.split(SERVERS[name])[0], file=sys.stderr)
    return present


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A running server. It is killed when the script ends."""

    def __init__(self, name, threads=1, pin=True):
        """pin: bind the server to a core if it has one thread only"""
        self.name = name
        self.port = free_port()
        self.dir = tempfile.mkdtemp(prefix="bench-")
        self.pinned = pin and threads == 1 and len(CORES) > 1
        bound = ["taskset", "-c", str(CORES[0])] if self.pinned else []
        command = SERVERS[name].format(port=self.port, threads=threads)
        self.log = os.path.join(self.dir, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(bound + shlex.split(command), stdout=log, stderr=log, cwd=self.dir)
        atexit.register(self.stop)
        self.wait_until_ready()

    def wait_until_ready(self):
        for _ in range(500):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(.02)
        with open(self.log, errors="replace") as log:
            raise RuntimeError("%s does not start: %s" % (self.name, log.read()[-600:]))

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def cpu(self):
        """The CPU time of all threads, in seconds"""
        total = 0
        for thread in os.listdir("/proc/%d/task" % self.process.pid):
            with open("/proc/%d/task/%s/schedstat" % (self.process.pid, thread)) as f:
                total += int(f.read().split()[0])
        return total / 1e9

    def rss(self):
        """The resident memory, in bytes"""
        with open("/proc/%d/status" % self.process.pid) as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS"))

    def settled_rss(self):
        """The resident memory once it stays constant, or after ten seconds"""
        last = self.rss()
        for _ in range(20):
            time.sleep(.5)
            this = self.rss()
            if abs(this - last) < 65536:
                break
            last = this
        return self.rss()

    def on_client_core(self, *argv):
        return ["taskset", "-c", str(CORES[1]), *argv] if self.pinned else list(argv)

    def loadgen(self, *options, core=None):
        """Starts the load generator, on the given core if there is one. finish() returns its result."""
        argv = [LOADGEN, "-p", str(self.port), *map(str, options)]
        argv = self.on_client_core(*argv) if core is None else ["taskset", "-c", str(core), *argv]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)

    def load(self, *options):
        """Runs the load generator to its end. cpu_us of the result is the server's CPU time per request."""
        before = self.cpu()
        result = finish(self.loadgen(*options))
        result["cpu_us"] = (self.cpu() - before) * 1e6 / max(result["ops"], 1)
        return result

    def fill(self, keys, value_bytes=32, *options):
        return self.load("-l", "-k", keys, "-d", value_bytes, "-P", 64, "-c", 8, *options)

    def client(self):
        return Client(self.port)


def finish(process):
    out = process.communicate()[0]
    if process.returncode != 0:
        raise RuntimeError("the load generator failed")
    return json.loads(out)


class Client:
    """A simple blocking client: sends a command and returns the reply"""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def __call__(self, *words):
        self.socket.sendall(request(*words))
        return self.reply()

    def reply(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        return int(rest) if kind == b":" else rest

    def info(self, field):
        for line in self("INFO").decode().splitlines():
            if line.startswith(field + ":"):
                return line.split(":", 1)[1]
        return None


def request(*words):
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def turns(things, rounds):
    """Yields (round, thing) for each thing in each round. The order rotates by one per round."""
    for r in range(rounds):
        for thing in things[r % len(things):] + things[:r % len(things)]:
            yield r, thing


def median_ratio(these, those):
    """The median of the ratios between two lists of results of the same rounds"""
    return statistics.median(a / b for a, b in zip(these, those))


def print_table(head, rows):
    print("\n| " + " | ".join(head) + " |")
    print("|---" + "|--:" * (len(head) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.stdout.flush()
