# SPDX-License-Identifier: BSD-3-Clause
"""MIGRATE: keys that move from one server to another, and targets that misbehave."""
import socket
import threading
import time

from harness import case, contains, equal, expect

HOST = "127.0.0.1"


def migrate(c, port, key, *rest, db=0, timeout=5000):
    return c.cmd("MIGRATE", HOST, port, key, db, timeout, *rest)


def two(t, *options):
    a, b = t.server(), t.server(*options)
    return a.client(), b, b.client()


@case("a migrated key is at the target with its time to live, and no longer at the source")
def moved(t):
    a, b, there = two(t)
    a.cmd("SET", "k", "value", "PX", 1000000)
    equal(migrate(a, b.port, "k"), ("+", b"OK"), "MIGRATE")
    equal(a.cmd("EXISTS", "k")[1], 0, "keys here")
    equal(there.cmd("GET", "k")[1], b"value", "the value there")
    expect(0 < there.cmd("PTTL", "k")[1] <= 1000000, "its time to live")


@case("COPY keeps the key at the source, REPLACE replaces one at the target, which else is an error", engines=False)
def options(t):
    a, b, there = two(t)
    a.cmd("RPUSH", "k", "x", "y")
    there.cmd("SET", "k", "old")
    equal(migrate(a, b.port, "k"), ("-", b"ERR Target instance replied with error: BUSYKEY Target key name already "
                                        b"exists."), "MIGRATE")
    equal(a.cmd("LLEN", "k")[1], 2, "the key here")
    equal(migrate(a, b.port, "k", "COPY", "REPLACE"), ("+", b"OK"), "MIGRATE COPY REPLACE")
    equal((a.cmd("LLEN", "k")[1], there.cmd("LLEN", "k")[1]), (2, 2), "the lists")


@case("KEYS moves the keys that exist into another database; a key that is refused stays", engines=False)
def several(t):
    a, b, there = two(t)
    a.cmd("MSET", "a", "1", "b", "2", "c", "3")
    there.cmd("SELECT", 3)
    there.cmd("SET", "b", "taken")
    reply = migrate(a, b.port, "", "KEYS", "a", "none", "b", "c", "a", db=3)
    contains(reply[1].decode(), "BUSYKEY")
    equal([k[1] for k in a.cmd("KEYS", "*")[1]], [b"b"], "what stays")
    equal([x[1] for x in there.cmd("MGET", "a", "b", "c")[1]], [b"1", b"taken", b"3"], "what is there")


@case("a database out of range or a wrong password leaves all keys at the source", engines=False)
def refused(t):
    a, b, there = two(t, "--requirepass", "secret")
    a.cmd("SET", "k", "v")
    there.cmd("AUTH", "secret")
    contains(migrate(a, b.port, "k")[1].decode(), "NOAUTH")
    contains(migrate(a, b.port, "k", "AUTH", "wrong")[1].decode(), "WRONGPASS")
    contains(migrate(a, b.port, "k", "AUTH", "secret", db=99)[1].decode(), "DB index is out of range")
    equal(a.cmd("GET", "k")[1], b"v", "the key here")
    # as in Redis, the requests were sent at once: what was not let into the other database came into the first one
    equal(migrate(a, b.port, "k", "REPLACE", "AUTH2", "default", "secret"), ("+", b"OK"), "MIGRATE AUTH2")
    equal(there.cmd("GET", "k")[1], b"v", "the key there")


def listener(answer):
    """-> a socket that listens; `answer` gets each connection in a thread"""
    s = socket.socket()
    s.bind((HOST, 0))
    s.listen()

    def serve():
        try:
            while True:
                answer(s.accept()[0])
        except OSError:
            pass
    threading.Thread(target=serve, daemon=True).start()
    return s


@case("a target that is silent, disconnects or never ends its line delays for the timeout at most")
def silent(t):
    a = t.server().client()
    a.cmd("SET", "k", "v")
    kept = []
    for answer in (kept.append, lambda c: c.close(), lambda c: c.sendall(b"x" * 100000)):
        s = listener(answer)
        reply = migrate(a, s.getsockname()[1], "k", timeout=200)
        expect(reply[1].startswith(b"IOERR error or timeout "), "MIGRATE: %r" % (reply,))
        s.close()
    equal(a.cmd("GET", "k")[1], b"v", "the key")


@case("a target that sends a byte now and then delays for the timeout at most")
def dripping(t):
    a = t.server().client()
    a.cmd("SET", "k", "v")
    sent = []

    def drip(c):
        for _ in range(1000):
            sent.append(c.send(b"+"))
            time.sleep(0.02)
    s = listener(drip)
    contains(migrate(a, s.getsockname()[1], "k", timeout=200)[1].decode(), "IOERR error or timeout reading")
    expect(len(sent) < 500, "%d bytes came" % len(sent))
    s.close()


@case("SIGTERM ends a MIGRATE with the longest timeout, and a DEBUG SLEEP")
def stopped(t):
    silent = listener(lambda c: kept.append(c))
    kept = []
    for request in (("MIGRATE", HOST, silent.getsockname()[1], "k", 0, (1 << 63) - 1), ("DEBUG", "SLEEP", 1000000)):
        s = t.server("--enable-debug-command", "yes")
        a = s.client()
        a.cmd("SET", "k", "v")
        a.send(*request)
        t.wait(lambda: kept, "a connection to the target")
        s.stop()
    silent.close()


@case("the target may be named; an unknown name is an error", engines=False)
def named(t):
    a, b, there = two(t, "--bind", "127.0.0.1")
    a.cmd("MSET", "k", "v", "l", "w")
    equal(a.cmd("MIGRATE", "localhost", b.port, "k", 0, 5000), ("+", b"OK"), "MIGRATE")
    equal(there.cmd("GET", "k")[1], b"v", "the key there")
    a.cmd("MULTI")
    a.cmd("MIGRATE", "localhost", b.port, "l", 0, 5000)
    equal(a.cmd("EXEC")[1], [("+", b"OK")], "EXEC")
    equal(there.cmd("GET", "l")[1], b"w", "the other key there")
    a.cmd("SET", "k", "v")
    contains(a.cmd("MIGRATE", "no such name", b.port, "k", 0, 1000)[1].decode(), "IOERR error or timeout connecting")


@case("migrating keys are locked, other keys are not")
def locked(t):
    s = t.server("--threads", 2, "--connection-balance", "round-robin")
    a, b = s.client(), s.client()
    a.cmd("MSET", "k", "v", "other", "w")
    target = socket.socket()
    target.bind((HOST, 0))
    target.listen()
    a.send("MIGRATE", HOST, target.getsockname()[1], "k", 0, 5000)
    c = target.accept()[0]
    equal(b.cmd("GET", "other")[1], b"w", "another key meanwhile")
    b.send("GET", "k")
    c.sendall(b"+OK\r\n+OK\r\n")
    equal(a.read(), ("+", b"OK"), "MIGRATE")
    equal(b.read()[1], None, "the key that waited")
