# SPDX-License-Identifier: BSD-3-Clause
"""Little memory, and sizes that a client chooses: one command or one connection fails, never the server."""
import re
import resource
import threading

from harness import Closed, Skip, case, contains, equal, expect

MB = 1 << 20
DRAWS = -(2 ** 63 - 1)       # the least number of draws that is allowed; of pairs half as many


def scarce(t, bytes_, *options):
    """A server whose address space is limited"""
    if t.sanitizer:
        raise Skip("sanitizers need much address space")

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (bytes_, bytes_))
    return t.server("--threads", 2, *options, prepare=limit)


def attempt(s, *words):
    """Sends the request on a connection of its own; -> the reply, or None if the server cuts the connection"""
    c = s.client()

    def send():
        try:
            c.send_raw(c.encode(words))
        except (OSError, Closed):
            pass
    sender = threading.Thread(target=send)
    sender.start()
    try:
        return c.read()
    except (OSError, Closed):
        return None
    finally:
        try:
            c.s.shutdown(2)
        except OSError:
            pass
        sender.join()
        c.close()


def survives(s, what):
    expect(s.p.poll() is None, "the server has ended: %s" % what)
    equal(s.client().ask("PING"), b"PONG", "PING after " + what)


# ---- replies ----

@case("a reply beyond client-memory-ceiling is cut with a line in the log, and other clients are served")
def ceiling(t):
    s = t.server("--threads", 2, "--client-memory-ceiling", "4mb", "--maxmemory-clients", 0)
    c = s.client()
    names = ["m%d" % i + "x" * 1000 for i in range(300)]
    c.ask("SADD", "set", *names)
    c.ask("HSET", "hash", *(x for name in names for x in (name, "v")))
    c.ask("ZADD", "zset", *(x for name in names for x in (1, name)))
    c.ask("RPUSH", "list", *["x" * 1000] * 1000)
    c.ask("SET", "string", "x" * 10000)
    requests = [("SRANDMEMBER", "set", DRAWS), ("HRANDFIELD", "hash", DRAWS), ("ZRANDMEMBER", "zset", DRAWS),
                ("HRANDFIELD", "hash", -(2 ** 62 - 1), "WITHVALUES"),
                ("ZRANDMEMBER", "zset", -(2 ** 62 - 1), "WITHSCORES"),
                ("MGET", *["string"] * 5000), ("SORT", "list", "ALPHA", *["GET", "#"] * 50)]
    before = s.resident()
    for n, words in enumerate(requests):
        equal(attempt(s, *words), None, " ".join(map(str, words))[:50])
        survives(s, str(words[0]))
        expect(s.resident() - before < 64 * MB, "%s takes %d MB" % (words[0], (s.resident() - before) // MB))
        t.wait(lambda n=n: len(s.lines("client-memory-ceiling")) == n + 1, "a line in the log")
    k = s.client()
    k.ask("MULTI")
    for _ in range(100):
        k.ask("LRANGE", "list", 0, -1)
    k.ask("INCR", "done")
    try:
        k.cmd("EXEC")
        expect(False, "EXEC is answered")
    except (OSError, Closed):
        pass
    survives(s, "EXEC")
    equal(c.ask("GET", "done"), b"1", "the writes of the transaction")
    expect(s.resident() - before < 64 * MB, "EXEC takes %d MB" % ((s.resident() - before) // MB))


@case("all clients together stay below client-memory-ceiling: the largest are disconnected", engines=False)
def ceiling_of_all(t):
    s = t.server("--threads", 2, "--client-memory-ceiling", "8mb")
    c = s.client()
    crowd = [s.client() for _ in range(8)]
    for k in crowd:
        try:
            k.send_raw(b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % (2 * MB) + b"x" * (2 * MB - 1))
        except (OSError, Closed):
            pass
    t.wait(lambda: c.number("evicted_clients") >= 4, "clients that are disconnected")
    t.wait(lambda: c.number("mem_clients_normal") < 9 * MB, "the memory of the others")


# ---- no memory ----

@case("requests, queues, replies and values for which there is no memory fail alone")
def no_memory(t):
    s = scarce(t, 240 * MB)
    big = "x" * (40 * MB)
    c = s.client()
    c.ask("SET", "s", "x" * (10 * MB))
    failed = [attempt(s, "SET", "a", big)]
    survives(s, "SET")
    for words in (("SETRANGE", "far", 400 * MB, "x"), ("SETBIT", "far", 8 * 400 * MB, 1),
                  ("BITFIELD", "far", "SET", "u8", 8 * 400 * MB, 1)):
        contains(c.error(*words), "out of memory")
        survives(s, words[0])
    for i in range(12):
        failed.append(attempt(s, "COPY", "s", "copy%d" % i))
    survives(s, "COPY")
    for words in (("BITOP", "NOT", "r", "s"), ("DUMP", "s"), ("SADD", "set", big), ("RPUSH", "l", big),
                  ("HSET", "h", big, "v"), ("APPEND", "s", "x"), ("SET", big, "v"), ("PFADD", "hll", big),
                  ("LCS", "s", "s")):
        failed.append(attempt(s, *words))
        survives(s, words[0])
    failed = [r for r in failed if r is None or r[0] == "-"]
    expect(len(failed) > 5, "only %d commands fail" % len(failed))
    c = s.client()
    c.ask("MULTI")
    try:
        for _ in range(8):
            c.cmd("SET", "q", "x" * (10 * MB))
        c.cmd("EXEC")
    except (OSError, Closed):
        pass
    survives(s, "MULTI")
    c = s.client()
    c.ask("FLUSHALL")
    t.wait(lambda: c.cmd("SET", "again", "x")[0] == "+", "a write that succeeds")


@case("many small allocations when memory is out are refused, and memory that is freed is used again")
def small_sizes(t):
    s = scarce(t, 256 * MB, "--enable-debug-command", "yes")
    contains(s.client().error("DEBUG", "POPULATE", 50000000, "key", 900), "out of memory")
    survives(s, "POPULATE")
    c = s.client()
    errors = 0
    for i in range(200):
        c.send_raw(b"".join(c.encode(("SET", "n%d-%d" % (i, j), "x" * 100)) for j in range(500)))
        errors += sum(c.read()[0] == "-" for _ in range(500))
        if errors:
            break
    expect(errors > 0, "no write is refused")
    contains(c.error("SET", "one", "more"), "OOM")
    survives(s, "small writes")
    equal(c.ask("GET", "none"), None, "a read")
    attempt(s, "KEYS", "*")
    survives(s, "KEYS")
    s.client().ask("FLUSHALL")
    c = s.client()
    t.wait(lambda: c.cmd("SET", "again", "x")[0] == "+", "a write that succeeds")


def watch_until_refused(c):
    """Watches more and more keys, until there is no memory for a key or for the request that names it"""
    try:
        for at in range(0, 400000, 1000):
            kind, text = c.cmd("WATCH", *("w%d" % i + "x" * 1000 for i in range(at, at + 1000)))
            if kind == "-":
                contains(text, b"OOM")
                c.ask("UNWATCH")
                return True
    except (OSError, Closed):
        return True
    return False


@case("when memory is out, WATCH, and commands that Redis never refuses but that add data, fail alone", engines=False)
def small_additions(t):
    s = scarce(t, 224 * MB)
    c = s.client()
    for at in range(0, 60000, 1000):
        c.send_raw(b"".join(c.encode(("XADD", "s", "%d-1" % i, "f", "v")) for i in range(at + 1, at + 1001)))
        for _ in range(1000):
            c.read()
    for group in range(100):
        c.ask("XGROUP", "CREATE", "s", "g%d" % group, "0")
    c.send_raw(c.encode(("CLIENT", "REPLY", "OFF")))
    c.send_raw(b"".join(c.encode(("XREADGROUP", "GROUP", "g%d" % i, "c", "STREAMS", "s", ">")) for i in range(99)))
    equal(c.ask("CLIENT", "REPLY", "ON"), b"OK", "CLIENT REPLY ON")
    contains(c.error("XREADGROUP", "GROUP", "g99", "c", "STREAMS", "s", ">"), "OOM")
    survives(s, "XREADGROUP")
    c.ask("DEL", "s")
    equal(watch_until_refused(c), True, "WATCH without end is refused")
    survives(s, "WATCH")
    c = s.client()
    c.ask("FLUSHALL")
    t.wait(lambda: c.cmd("WATCH", "k") == ("+", b"OK"), "memory to watch a key")


# ---- options ----

LEAST, MOST = -2 ** 63, 2 ** 63 - 1
# Ranges of the options that cannot change at run time. More threads than a machine has processors are not tried.
IMMUTABLE = {"databases": (1, 65536), "tcp-backlog": (0, 2 ** 31 - 1), "threads": (1, 8)}
# A port closes the connection of the test; of maxclients as many are refused as the system has no files for.
APART = ("port", "maxclients")


def ends(c, name):
    """The smallest and the largest value of an option, None if it is not a number. Changes it."""
    taken = []
    for value in (LEAST, 0, MOST):
        kind, text = c.cmd("CONFIG", "SET", name, value)
        m = re.search(rb"between (-?\d+) and (-?\d+) inclusive", text) if kind == "-" else None
        if m:
            return int(m[1]), int(m[2])
        if kind != "-":
            taken.append(value)
    return (taken[0], taken[-1]) if len(taken) > 1 else None


def use(s):
    """A load that uses each option: all types, long and short values, expiry, transactions"""
    c = s.client()
    some = [str(i) for i in range(300)]
    load = [("FLUSHALL",), ("SET", "k", "x" * 100), ("SET", "k", "x" * 70000), ("APPEND", "k", "x"),
            ("SETRANGE", "k", 100000, "x"), ("GETRANGE", "k", 0, -1), ("PEXPIRE", "k", 10),
            ("SETBIT", "bits", 1000, 1), ("RPUSH", "list", *some, "x" * 9000), ("LSET", "list", 5, "y" * 5000),
            ("LINSERT", "list", "BEFORE", "7", "z"), ("LRANGE", "list", 0, -1), ("SADD", "ints", *some),
            ("SADD", "set", *("m" + i for i in some), "x" * 9000), ("HSET", "hash", *some, "f", "x" * 9000),
            ("HPEXPIRE", "hash", 100, "FIELDS", 1, "0"), ("ZADD", "zset", *some), ("ZADD", "zset", 1, "x" * 9000),
            ("PFADD", "hll", *some), ("PFCOUNT", "hll"), ("SORT", "ints"), ("DUMP", "list"), ("DUMP", "hash"),
            ("OBJECT", "ENCODING", "zset"), ("SUNIONSTORE", "union", "ints", "set"), ("COPY", "list", "copy"),
            ("MULTI",), ("INCR", "n"), ("EXEC",), ("INFO", "everything"), ("MEMORY", "USAGE", "list")]
    load += [("XADD", "stream", "*", "field", "x" * (i % 50)) for i in range(150)]
    load += [("XTRIM", "stream", "MAXLEN", "~", 10), ("XRANGE", "stream", "-", "+"), ("DEBUG", "RELOAD"),
             ("CLIENT", "LIST"), ("SCAN", 0)]
    c.send_raw(b"".join(c.encode(words) for words in load))
    for _ in load:
        c.read()
    c.close()
    survives(s, "the load")


@case("each option that is a number works at both ends of its range, by CONFIG SET and on the command line",
      engines=False)
def both_ends(t):
    s = t.server("--threads", 2, "--enable-debug-command", "yes")
    c = s.client()
    flat = c.ask("CONFIG", "GET", "*")
    ranges = {}
    for name, value in ((n[1].decode(), v[1].decode()) for n, v in zip(flat[::2], flat[1::2])):
        found = ends(c, name) if re.fullmatch(r"-?\d+", value) and name not in APART else None
        if found is None:
            continue
        for end in found:
            kind, text = c.cmd("CONFIG", "SET", name, end)
            if kind == "-" and b"the only value accepted" in text:
                break
            expect(kind == "+", "CONFIG SET %s %d: %r" % (name, end, text))
            use(s)
        else:
            ranges[name] = found
        c.cmd("CONFIG", "SET", name, value)
    expect(len(ranges) > 40, "only %d options are numbers: %s" % (len(ranges), " ".join(ranges)))
    for which in (0, 1):
        words = []
        for name, found in {**ranges, **IMMUTABLE}.items():
            words += ["--" + name, found[which]]
        use(t.server("--enable-debug-command", "yes", *words))


@case("arguments that announce up to proto-max-bulk-len at its largest take memory only for what arrives")
def announced(t):
    s = t.server("--threads", 2, "--proto-max-bulk-len", MOST, "--client-query-buffer-limit", MOST)
    before = s.resident()
    crowd = []
    for n in (MOST, MOST - 1, MOST - 2, MOST - 24, MOST - 32, 1 << 62, 1 << 32, (1 << 32) - 1):
        for head in (b"*2\r\n$4\r\nECHO\r\n", b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n", b"*1\r\n", b"PING\r\n*1\r\n"):
            k = s.client()
            k.send_raw(head + b"$%d\r\n" % n + b"x" * 100000)
            crowd.append(k)
    survives(s, "the announcements")
    expect(s.resident() - before < 64 * MB, "it takes %d MB" % ((s.resident() - before) // MB))
    c = s.client()
    for words in (("SETRANGE", "k", MOST - 10, "x"), ("SETRANGE", "k", 1 << 62, "x"), ("SETBIT", "k", MOST, 1),
                  ("APPEND", "k", "x")):
        c.cmd(*words)
    survives(s, "offsets")
