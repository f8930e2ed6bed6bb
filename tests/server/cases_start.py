# SPDX-License-Identifier: BSD-3-Clause
"""What the program does before it serves: arguments that print something, and errors that stop the start."""
import os
import re
import subprocess

from harness import case, clean_environment, contains, equal, expect


@case("--version and -v print the version and exit", engines=False)
def version(t):
    for word in ("--version", "-v"):
        r = t.run(word)
        equal(r.returncode, 0, "exit status of " + word)
        expect(re.fullmatch(r"Larder server v=\d+\.\d+\.\d+ malloc=\S+\n", r.stdout), "it says %r" % r.stdout)


@case("--help and -h name every option and exit", engines=False)
def help_text(t):
    s = t.server()
    names = [name.decode() for _, name in s.client().ask("CONFIG", "GET", "*")[::2]]
    expect(len(names) > 50, "options: %d" % len(names))
    shown = set()
    for word in ("--help", "-h"):
        r = t.run(word)
        equal(r.returncode, 0, "exit status of " + word)
        contains(r.stdout, "Usage: ")
        shown = set(re.findall(r"--([a-z_-]+)", r.stdout))
    for name in ("bind", "port", "maxmemory", "maxmemory-policy", "threads", "io-engine", "connection-balance",
                 "worker-weights", "requirepass", "maxclients", "timeout", "databases"):
        expect(name in shown and name in names, "no --" + name)


@case("an error on stdout gives a failure status", engines=False)
def full_output(t):
    for word in ("--version", "--help", "--sample-config"):
        with open("/dev/full", "w") as full:
            p = subprocess.run([t.binary, word], stdout=full, stderr=subprocess.DEVNULL, timeout=t.limit, check=False)
        equal(p.returncode, 1, "exit status of " + word)


@case("--check-config accepts a valid file, or prints file, line and reason, and starts nothing", engines=False)
def check_config(t):
    r = t.run("--check-config", t.write("good.conf", "# fine", "port 0", "", 'requirepass "a b"', "maxmemory 10mb"))
    equal((r.returncode, r.stdout), (0, "The configuration is valid.\n"), "good file")
    bad = t.write("bad.conf", "# not so", "port 0", "maxmemory 10 potatoes")
    r = t.run("--check-config", bad)
    equal(r.returncode, 1, "exit status")
    contains(r.stdout, bad + ":3: maxmemory: ")
    contains(r.stdout, "10 potatoes")
    r = t.run("--check-config", t.path("none.conf"))
    equal(r.returncode, 1, "exit status without the file")
    contains(r.stdout, t.path("none.conf"))
    contains(r.stdout, os.strerror(2))
    equal(t.run("--check-config").returncode, 1, "exit status without a name")


@case("the sample configuration is valid and changes no option", engines=False)
def sample(t):
    t.write("sample.conf", t.run("--sample-config").stdout)
    equal(t.run("--check-config", "sample.conf").returncode, 0, "exit status")
    with_sample = t.server("--port", "0", "--unixsocket", "a", config="sample.conf")
    without = t.server("--port", "0", "--unixsocket", "b", "--bind", "127.0.0.1", "-::1")
    values = []
    for s, path in ((with_sample, "a"), (without, "b")):
        all_ = [v.decode() for _, v in t.unix_client(t.path(path)).ask("CONFIG", "GET", "*")]
        values.append({k: v for k, v in zip(all_[::2], all_[1::2]) if k != "unixsocket"})
    equal(values[0], values[1], "options")


# Lines that stop the start, and what the error has to contain.
BAD = [
    ("no-such-directive yes", "no-such-directive"),
    ("port 70000", "port: "),
    ("port", "port: "),
    ("port 1 2", "port: "),
    ("timeout soon", "timeout: "),
    ("maxmemory-policy allkeys-best", "maxmemory-policy: "),
    ("io-engine epoll", "io-engine: "),
    ("protected-mode maybe", "protected-mode: "),
    ("databases 0", "databases: "),
    ("threads -1", "threads: "),
    ("connection-balance fair", "connection-balance: "),
    ("client-output-buffer-limit normal 1 2", "client-output-buffer-limit: "),
    ("dir /no/such/directory", "dir: "),
    ('requirepass "half', "quote"),
    ("include /no/such/file", os.strerror(2)),
    ("appendonly yes", "no append-only file"),
    ("save 60 1", "no snapshots"),
    ("replicaof 127.0.0.1 6379", "replica"),
    ("slaveof 127.0.0.1 6379", "replica"),
    ("cluster-enabled yes", "cluster"),
    ("loadmodule /tmp/x.so", "modules"),
    ("tls-port 6380", "TLS"),
    ("aclfile /tmp/users", "user"),
    ("user alice on", "user"),
    ("rename-command FLUSHALL nothing", "renamed"),
    ("notify-keyspace-events KEA", "keyspace events"),
]


@case("an unknown directive, a bad value or an unsupported one stops the start with file, line and reason",
      engines=False)
def bad_lines(t):
    for line, reason in BAD:
        file = t.write("bad.conf", "# a comment", "", line)
        out = t.refused(config=file)
        contains(out, file + ":3: ")
        contains(out, reason)
        expect("Ready" not in out, "it starts with " + line)


@case("the same as arguments stop the start with the name of the option", engines=False)
def bad_arguments(t):
    for line, reason in BAD:
        words = line.split()
        if '"' in line or words[0] in ("port", "include", "no-such-directive"):
            continue
        out = t.refused("--" + words[0], *words[1:])
        contains(out, "--" + {"slaveof": "replicaof"}.get(words[0], words[0]))
        contains(out, reason)
    contains(t.refused("--no-such-option", "1"), "no-such-option")


@case("the same as environment variables stop the start with the name of the variable", engines=False)
def bad_environment(t):
    contains(t.refused(env={"LARDER_MAXMEMORY_POLICY": "allkeys-best"}), "LARDER_MAXMEMORY_POLICY")
    out = t.refused(env={"LARDER_APPENDONLY": "yes"})
    contains(out, "LARDER_APPENDONLY")
    contains(out, "no append-only file")
    for name in ("MAXMEMORY", "MAXMEMORY_CLIENTS", "PORT", "PROTO_MAX_BULK_LEN", "UNIXSOCKETPERM", "TIMEOUT", "PROTECTED_MODE",
                 "MAXMEMORY_POLICY", "REQUIREPASS"):
        contains(t.refused(env={"LARDER_" + name: ""}), "environment variable LARDER_" + name)


@case("directives that ask for nothing unsupported are accepted", engines=False)
def absent_but_off(t):
    t.server(config=t.write("off.conf", "bind 127.0.0.1", 'save ""', "appendonly no", "cluster-enabled no",
                            "tls-port 0", 'notify-keyspace-events ""', "min-replicas-to-write 0"))


@case("directives without effect are accepted and named in one log line", engines=False)
def hints(t):
    s = t.server(config=t.write("hints.conf", "bind 127.0.0.1", "hz 50", "io-threads 4", "list-compress-depth 1",
                                "activerehashing no"))
    hints = [line for line in s.output().splitlines() if "io-threads" in line]
    equal(len(hints), 1, "lines that name io-threads")
    for name in ("hz", "io-threads", "list-compress-depth", "activerehashing"):
        contains(hints[0], name)
    equal(s.client().get("hz"), "50", "CONFIG GET hz")
    equal(t.server().lines("io-threads"), [], "lines without a hint")


@case("an environment variable that names no option is logged and does not stop the start", engines=False)
def unknown_variable(t):
    s = t.server(env={"LARDER_NO_SUCH_THING": "1"})
    equal(len(s.lines("LARDER_NO_SUCH_THING")), 1, "lines that name it")


@case("one log line at the start has version, engine, threads, addresses, memory limit and policy")
def start_line(t):
    version_ = re.search(r"v=(\S+)", t.run("--version").stdout)[1]
    s = t.server("--threads", 3, "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru", "--bind", "127.0.0.1",
                 "127.0.0.2")
    lines = s.lines("Larder ")
    equal(len(lines), 1, "start lines")
    for part in ("Larder " + version_, t.engine, "3 threads", "127.0.0.1 127.0.0.2", str(s.port), "allkeys-lru"):
        contains(lines[0], part)
    expect(re.search(r"64\s?mb|67108864", lines[0], re.I), "no memory limit in: " + lines[0])


# ---- standard input and output ----

@case("a server started with stdin, stdout and stderr closed writes no log to its sockets")
def closed_descriptors(t):
    path = t.path("socket")
    s = t.server("--loglevel", "debug", "--unixsocket", path, "--logfile", t.path("log"), ready=False,
                 prepare=lambda: os.closerange(0, 3))
    quiet = t.server("--loglevel", "debug", "--unixsocket", t.path("socket2"), ready=False,
                     prepare=lambda: os.closerange(0, 3))
    for server, where in ((s, path), (quiet, t.path("socket2"))):
        clients = [t.unix_client(where) for _ in range(4)]
        for fd in range(3):
            equal(os.readlink("/proc/%d/fd/%d" % (server.pid, fd)), "/dev/null", "descriptor %d" % fd)
        for c in clients:
            c.ask("SET", "k", "v")
            c.error("CONFIG", "SET", "bind", "198.51.100.7")    # a line in the log
        for c in clients:
            equal(c.ask("GET", "k"), b"v", "GET")
            equal(c.pending(), b"", "what came unasked")
        server.stop()


@case("the server survives when the reader of its log pipe exits")
def broken_pipe(t):
    r, w = os.pipe()
    s = t.server("--unixsocket", t.path("socket"), ready=False, stdout=w, stderr=w)
    os.close(w)
    os.read(r, 1)
    os.close(r)
    c = t.unix_client(t.path("socket"))
    for _ in range(3):
        c.error("CONFIG", "SET", "bind", "198.51.100.7")
    expect(c.is_alive(), "no answer")
    s.stop()


@case("the configuration can be read from stdin", engines=False)
def from_stdin(t):
    t.write("input", "timeout 77", "bind 127.0.0.1")
    with open(t.path("input")) as text:
        s = t.server("-", stdin=text)
    equal(s.client().get("timeout"), "77", "timeout")
    p = subprocess.run([t.binary, "--check-config", "-"], input="timeout soon\n", text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, env=clean_environment(), timeout=t.limit, check=False)
    equal(p.returncode, 1, "exit status")
    contains(p.stdout, ":1: timeout: ")
