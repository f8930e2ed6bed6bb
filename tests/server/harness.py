# SPDX-License-Identifier: BSD-3-Clause
"""Shared by the process tests: cases, servers started as children, clients, what the kernel knows of a process.

A case is a function with a sentence for its name. It gets a Scene, starts servers with it, and fails by Failure
(expect, equal, contains, wait) or ends by Skip. Each runs in a process of its own, so it may change whatever a process
can change about itself.
"""
import ctypes
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "protocol"))
from resp import Closed, Conn                   # noqa: E402

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
READY = "Ready to accept connections"

CASES = []      # (sentence, function, whether the engine matters)


def case(sentence, engines=True):
    """Registers a case; with engines it runs once on each."""
    def add(function):
        CASES.append((sentence, function, engines))
        return function
    return add


class Failure(Exception):
    pass


class Skip(Exception):
    """The case cannot be run here; the reason."""


def expect(condition, what):
    if not condition:
        raise Failure(what)


def equal(got, wanted, what):
    expect(got == wanted, "%s: %r, expected %r" % (what, got, wanted))


def contains(text, part):
    expect(part in text, "%r is not in: %s" % (part, text))


class Client(Conn):
    """A connection to a port, or over any socket that `make` returns connected."""

    def __init__(self, port=0, host="127.0.0.1", timeout=10, make=None):
        self.make = make or (lambda: socket.create_connection((host, port), timeout))
        super().__init__(host, port, timeout)

    def connect(self):
        self.s = self.make()
        self.s.settimeout(self.timeout)
        self.buf, self.pos, self.pushes = b"", 0, []

    def ask(self, *words):
        """The reply's value; an error reply is a failure"""
        kind, value = self.cmd(*words)
        expect(kind != "-", "%s: %r" % (" ".join(map(str, words))[:100], value))
        return value

    def text(self, *words):
        return self.ask(*words).decode()

    def error(self, *words):
        """The text of the error that the request is answered with"""
        kind, value = self.cmd(*words)
        expect(kind == "-", "%s: no error but %r" % (" ".join(map(str, words))[:100], value))
        return value.decode()

    def info(self, field):
        m = re.search(r"^%s:(.*?)\r$" % field, self.text("INFO", "everything"), re.M)
        expect(m, "INFO has no %s" % field)
        return m[1]

    def number(self, field):
        return int(self.info(field))

    def worker(self):
        """The number of the worker that serves this client"""
        return int(re.search(r" io-thread=(\d+)", self.text("CLIENT", "INFO"))[1])

    def set(self, *pairs):
        equal(self.ask("CONFIG", "SET", *pairs), b"OK", "CONFIG SET")

    def get(self, name):
        return self.ask("CONFIG", "GET", name)[1][1].decode()

    def ended(self):
        """Waits until the server closes the connection. -> what it sent before. A failure if it does not close."""
        self.s.settimeout(self.timeout)
        said = self.buf[self.pos:]
        try:
            while True:
                d = self.s.recv(1 << 20)
                if not d:
                    return said
                said += d
        except ConnectionError:
            return said
        except socket.timeout:
            raise Failure("the connection is not closed; it said %r" % said[:200]) from None

    def is_alive(self):
        try:
            return self.cmd("PING") == ("+", b"PONG")
        except (Closed, OSError):
            return False


def in_child(prepare):
    """Runs in the child before it executes the server"""
    def act():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if prepare:
            prepare()
    return act


class Server:
    """A server that runs, or has run"""

    def __init__(self, scene, port, p, log):
        self.scene, self.port, self.p, self.log = scene, port, p, log
        self.pid = p.pid

    def output(self):
        try:
            with open(self.log, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def lines(self, part):
        """Lines of the log that have the part in them"""
        return [line for line in self.output().splitlines() if part in line]

    def client(self, **how):
        return self.scene.client(self.port, **how)

    def wait_log(self, part):
        self.scene.wait(lambda: part in self.output() or self.p.poll() is not None, "%r in the log" % part)
        contains(self.output(), part)

    def status(self, what="the server does not end"):
        """Waits for the end of the process. -> its exit status"""
        try:
            return self.p.wait(self.scene.limit)
        except subprocess.TimeoutExpired:
            raise Failure(what) from None

    def stop(self, sig=signal.SIGTERM):
        """Ends the server by a signal; it must exit cleanly within two seconds"""
        self.p.send_signal(sig)
        try:
            status = self.p.wait(2 * self.scene.patience)
        except subprocess.TimeoutExpired:
            raise Failure("does not end on %s" % signal.Signals(sig).name) from None
        expect(status == 0, "exit status %d after %s:\n%s" % (status, signal.Signals(sig).name, self.output()[-3000:]))

    # What the kernel knows about the process

    def proc(self, name):
        with open("/proc/%d/%s" % (self.pid, name)) as f:
            return f.read()

    def resident(self):
        """Bytes of physical memory"""
        return int(re.search(r"VmRSS:\s+(\d+)", self.proc("status"))[1]) << 10

    def cpu_seconds(self):
        fields = self.proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def workers(self):
        """The number of its worker threads"""
        names = []
        for task in os.listdir("/proc/%d/task" % self.pid):
            with open("/proc/%d/task/%s/comm" % (self.pid, task)) as f:
                names.append(f.read())
        return sum(name.startswith("worker-") for name in names)

    def descriptors(self):
        """How many descriptors it has open"""
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def sockets(self):
        """Inodes of its sockets"""
        found = set()
        for fd in os.listdir("/proc/%d/fd" % self.pid):
            try:
                m = re.match(r"socket:\[(\d+)\]", os.readlink("/proc/%d/fd/%s" % (self.pid, fd)))
            except OSError:
                continue
            if m:
                found.add(m[1])
        return found

    def tcp(self):
        """Lines of /proc/net/tcp and tcp6 about its sockets, parsed"""
        own, found = self.sockets(), []
        for name in ("net/tcp", "net/tcp6"):
            try:
                found += [line.split() for line in self.proc(name).splitlines()[1:]]
            except OSError:
                pass
        return [line for line in found if line[9] in own]

    def listening(self):
        """The number of TCP sockets it listens on"""
        return sum(line[3] == "0A" for line in self.tcp())


class Scene:
    """One run of a case: its folder, servers and clients"""

    def __init__(self, binary, engine, patience, sanitizer):
        self.binary, self.engine, self.patience, self.sanitizer = binary, engine, patience, sanitizer
        self.limit = 10 * patience
        self.dir = tempfile.mkdtemp(prefix="server-")
        self.servers, self.clients = [], []
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)   # a daemonized server stays a child

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, *lines):
        with open(self.path(name), "w") as f:
            f.write("\n".join(lines) + "\n")
        return self.path(name)

    def wait(self, condition, what):
        """Waits until the condition holds"""
        end = time.monotonic() + self.limit
        while not condition():
            expect(time.monotonic() < end, "waited in vain for: " + what)
            time.sleep(0.005)

    def client(self, port=0, **how):
        c = Client(port, timeout=self.limit, **how)
        self.clients.append(c)
        return c

    def unix_client(self, path):
        """A client on the unix socket, once that exists"""
        found = []

        def connected():
            s = socket.socket(socket.AF_UNIX)
            if s.connect_ex(path) == 0:
                found.append(s)
            else:
                s.close()
            return found
        self.wait(connected, "a unix socket that takes clients")
        return self.client(make=lambda: found[0])

    def run(self, *words, **how):
        """Runs the program to its end"""
        how.setdefault("env", clean_environment())
        return subprocess.run([self.binary, *words], cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, stdin=subprocess.DEVNULL, timeout=self.limit, check=False, **how)

    def launch(self, *options, config=None, env=None, prepare=None, port=None, log=None, **how):
        """Starts a server and does not wait for anything. A port of None: a free one."""
        port = free_port() if port is None else port
        log = log or self.path("log-%d" % len(self.servers))
        words = [self.binary] + ([config] if config else []) + ["--port", str(port)]
        if not config and "--bind" not in options:
            words += ["--bind", "127.0.0.1"]
        if self.engine:
            words += ["--io-engine", self.engine]
        with open(log, "ab") as out:
            how = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, **how}
            p = subprocess.Popen(words + [str(o) for o in options], cwd=self.dir, env=clean_environment(env),
                                 preexec_fn=in_child(prepare), **how)
        s = Server(self, port, p, log)
        self.servers.append(s)
        return s

    def server(self, *options, ready=True, **how):
        """A server that accepts clients. If another process has taken the port meanwhile, another port is used."""
        for attempt in range(3):
            s = self.launch(*options, **how)
            if not ready:
                return s
            self.wait(lambda: READY in s.output() or s.p.poll() is not None, "a server that starts")
            if s.p.poll() is None:
                return s
            if "port" in how or "Failed listening" not in s.output():
                break
        raise Failure("does not start: exit status %s\n%s" % (s.p.returncode, s.output()[-3000:]))

    def refused(self, *options, **how):
        """A server that must fail to start with exit status 1. -> its output"""
        s = self.launch(*options, **how)
        status = s.status("it starts, or hangs: %s" % " ".join(map(str, options)))
        equal(status, 1, "exit status (it said: %s)" % s.output()[-2000:])
        return s.output()

    def close(self, judge):
        """Ends everything that the case has started. With judge the servers must exit cleanly."""
        try:
            for s in self.servers:
                if judge and s.p.poll() is None:
                    s.stop()
        finally:
            for c in self.clients:
                c.close()
            reap()
            shutil.rmtree(self.dir, ignore_errors=True)


def reap():
    """Kills the remaining descendants of this process"""
    while True:
        try:
            with open("/proc/self/task/%d/children" % os.getpid()) as f:
                children = [int(pid) for pid in f.read().split()]
        except OSError:
            children = []
        if not children:
            return
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def clean_environment(more=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith("LARDER_") and k != "NOTIFY_SOCKET"}
    env.update(more or {})
    return env


def free_port():
    """A free port, below the range from which the kernel assigns ports to clients"""
    while True:
        port = random.randrange(11000, 32000)
        with socket.socket() as s, socket.socket() as s2:
            try:
                s.bind(("127.0.0.1", port))
                s2.bind(("127.0.0.2", port))
                return port
            except OSError:
                continue


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False
