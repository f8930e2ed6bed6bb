# SPDX-License-Identifier: BSD-3-Clause
"""Engines and workers: the choice of engine, the number of workers, the distribution of clients, mail."""
import ctypes
import errno
import os
import platform
import re
import socket
import struct
import subprocess
import time

from harness import LIBC, Skip, case, contains, equal, expect

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW = 0x00050000, 0x7fff0000
IO_URING_SETUP = 425            # on every machine: system calls since 5.1 share their numbers


def forbid_io_uring():
    """In the child: a filter as containers have it, which lets io_uring_setup fail with EPERM"""
    class Program(ctypes.Structure):
        _fields_ = [("n", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    code = (struct.pack("=HBBI", 0x20, 0, 0, 0) +                               # load the number of the system call
            struct.pack("=HBBI", 0x15, 0, 1, IO_URING_SETUP) +                  # skip one unless it is this one
            struct.pack("=HBBI", 0x06, 0, 0, SECCOMP_RET_ERRNO | errno.EPERM) +
            struct.pack("=HBBI", 0x06, 0, 0, SECCOMP_RET_ALLOW))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = Program(4, ctypes.addressof(buffer))
    if (LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or
            LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0):
        os._exit(77)


def needs_seccomp(t):
    if "liburing" not in subprocess.run(["ldd", t.binary], stdout=subprocess.PIPE, text=True, check=False).stdout:
        raise Skip("the server was built without io_uring")
    if platform.machine() not in ("x86_64", "aarch64", "riscv64", "ppc64le", "s390x"):
        raise Skip("the number of io_uring_setup is not known on %s" % platform.machine())


@case("io-engine auto uses libev if io_uring is refused, with one log line", engines=False)
def fall_back(t):
    needs_seccomp(t)
    s = t.server("--io-engine", "auto", prepare=forbid_io_uring)
    equal(s.client().info("multiplexing_api"), "libev", "multiplexing_api")
    equal(len(s.lines("io_uring")), 1, "lines about io_uring")
    contains(s.lines("io_uring")[0], "libev")
    contains(s.lines("io_uring")[0], os.strerror(errno.EPERM))
    contains(s.lines("Larder ")[0], "engine libev")


@case("io-engine io_uring stops the start if io_uring is refused; the error has the reason", engines=False)
def no_fall_back(t):
    needs_seccomp(t)
    out = t.refused("--io-engine", "io_uring", prepare=forbid_io_uring)
    contains(out, "io_uring")
    contains(out, os.strerror(errno.EPERM))


@case("the server runs the engine that was asked for")
def engine_told(t):
    s = t.server()
    c = s.client()
    equal(c.info("multiplexing_api"), t.engine, "multiplexing_api")
    equal(c.get("io-engine"), t.engine, "CONFIG GET io-engine")
    contains(s.lines("Larder ")[0], "engine " + t.engine)


@case("the default of threads is the number of CPUs in the affinity mask", engines=False)
def threads_by_affinity(t):
    allowed = sorted(os.sched_getaffinity(0))
    s = t.server(prepare=lambda: os.sched_setaffinity(0, {allowed[-1]}))
    equal(s.client().number("worker_threads"), 1, "worker_threads on one processor")
    equal(s.workers(), 1, "threads on one processor")
    if len(allowed) > 1:
        s = t.server(prepare=lambda: os.sched_setaffinity(0, set(allowed[:2])))
        expect(s.workers() in (1, 2), "threads on two processors: %d" % s.workers())
        equal(s.client().number("worker_threads"), s.workers(), "worker_threads")


@case("threads N starts N workers")
def threads_given(t):
    s = t.server("--threads", 5)
    equal(s.workers(), 5, "threads")
    equal(s.client().number("worker_threads"), 5, "worker_threads")
    contains(s.lines("Larder ")[0], "5 threads")


# ---- distribution of clients ----

def spread(clients, threads):
    """How many of the clients each worker has"""
    workers = [c.worker() for c in clients]
    return [workers.count(i) for i in range(threads)]


@case("connection-balance round-robin gives each worker the same number of clients")
def round_robin(t):
    s = t.server("--threads", 4)
    equal(spread([s.client() for _ in range(12)], 4), [3, 3, 3, 3], "clients of each worker")


@case("connection-balance weighted follows worker-weights, also when they change")
def weighted(t):
    s = t.server("--threads", 3, "--connection-balance", "weighted", "--worker-weights", "3", "2")
    clients = [s.client() for _ in range(12)]
    equal(spread(clients, 3), [6, 4, 2], "clients of each worker")
    clients[0].set("worker-weights", "1 1 5")
    equal(spread([s.client() for _ in range(14)], 3), [2, 2, 10], "clients of each worker with new weights")


@case("connection-balance least-connections chooses the worker with the fewest clients")
def least_connections(t):
    s = t.server("--threads", 2, "--connection-balance", "least-connections")
    clients = [s.client() for _ in range(8)]
    equal(spread(clients, 2), [4, 4], "clients of each worker")
    stay = [c for c in clients if c.worker() == 0]
    for c in clients:
        if c not in stay:
            c.close()
    t.wait(lambda: stay[0].number("connected_clients") == 4, "the clients to be gone")
    equal(spread([s.client() for _ in range(4)], 2), [0, 4], "clients of each worker")


@case("connection-balance source-hash assigns an address to one worker, and addresses to all workers")
def source_hash(t):
    s = t.server("--threads", 4, "--connection-balance", "source-hash")

    def worker_of(host):
        return s.client(make=lambda: socket.create_connection(("127.0.0.1", s.port), t.limit, (host, 0))).worker()
    hosts = ["127.0.1.%d" % i for i in range(1, 42)]     # no multiple of the workers
    first = [worker_of(host) for host in hosts]
    equal([worker_of(host) for host in hosts], first, "workers at the second visit")
    equal(set(first), {0, 1, 2, 3}, "workers that got any")


@case("connection-balance can change at run time")
def change_balance(t):
    s = t.server("--threads", 4)
    s.client().set("connection-balance", "source-hash")
    expect(max(spread([s.client() for _ in range(8)], 4)) == 8, "one address is spread")
    s.client().set("connection-balance", "round-robin")
    equal(spread([s.client() for _ in range(8)], 4), [2, 2, 2, 2], "clients of each worker")


@case("clients of all workers share one keyspace, and CLIENT LIST lists all of them")
def one_keyspace(t):
    s = t.server("--threads", 4)
    clients = [s.client() for _ in range(8)]
    for i, c in enumerate(clients):
        c.ask("SET", "k%d" % i, i)
    for c in clients:
        equal(c.ask("MGET", *("k%d" % i for i in range(8))), [("$", b"%d" % i) for i in range(8)], "MGET")
        equal(len(c.text("CLIENT", "LIST").splitlines()), 8, "lines of CLIENT LIST")


# ---- mail between workers ----

@case("CLIENT KILL closes the clients it names on every worker, and no others")
def kill_across_workers(t):
    s = t.server("--threads", 4)
    clients = [s.client() for _ in range(40)]
    killer = s.client()
    equal(set(c.worker() for c in clients), {0, 1, 2, 3}, "workers")
    for c in clients[::4] + clients[1::4]:
        equal(killer.ask("CLIENT", "KILL", "ID", c.ask("CLIENT", "ID")), 1, "CLIENT KILL ID")
    for c in clients[::4] + clients[1::4]:
        c.ended()
    left = clients[2::4] + clients[3::4]
    expect(all(c.is_alive() for c in left), "a client that was not named is closed")
    equal(killer.ask("CLIENT", "KILL", "TYPE", "normal"), len(left), "CLIENT KILL TYPE normal")
    for c in left:
        c.ended()
    expect(killer.is_alive(), "the caller of CLIENT KILL is closed")
    t.wait(lambda: killer.number("connected_clients") == 1, "the clients to be gone")


@case("CLIENT KILL of a thousand clients at once closes all of them")
def kill_many(t):
    s = t.server("--threads", 2)
    clients = [s.client() for _ in range(1000)]
    killer = s.client()
    expect(all(c.is_alive() for c in clients), "a client is not served")
    equal(killer.ask("CLIENT", "KILL", "TYPE", "normal"), 1000, "CLIENT KILL TYPE normal")
    for c in clients:
        c.ended()
    expect(killer.is_alive(), "the caller of CLIENT KILL is closed")


@case("the end of a CLIENT PAUSE resumes the waiting clients of all workers")
def pause_many(t):
    s = t.server("--threads", 4)
    clients = [s.client() for _ in range(300)]
    master = s.client()
    for end in ("UNPAUSE", "timeout"):
        master.ask("CLIENT", "PAUSE", 100000 if end == "UNPAUSE" else 300, "WRITE")
        for i, c in enumerate(clients):
            c.s.sendall(b"INCR n\r\nGET n\r\n" if i % 3 == 0 else b"PING\r\n")
        for i, c in enumerate(clients):
            if i % 3 != 0:
                equal(c.read(), ("+", b"PONG"), "PING in a pause for writes")
        clients.pop(0).close()      # one that waits leaves
        if end == "UNPAUSE":
            t.wait(lambda: len(re.findall(" flags=b ", master.text("CLIENT", "LIST"))) >= 99, "the clients to wait")
            master.ask("CLIENT", "UNPAUSE")
        for c in clients[2::3]:
            expect(c.read()[1] > 0, "INCR")
            expect(int(c.read()[1]) > 0, "GET")
        clients.insert(0, s.client())
    expect(all(c.is_alive() for c in clients), "a client is closed")


class LongCommand:
    """A MIGRATE of a key to a server that does not answer: a command that keeps its worker and the key's shard until the
    test ends it"""

    def __init__(self, client, key):
        self.client = client
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(client.timeout)
            client.send("MIGRATE", "127.0.0.1", listener.getsockname()[1], key, 0, 600000)
            self.peer = listener.accept()[0]
            self.peer.recv(1)

    def end(self):
        expect(not self.client.pending(), "the command has ended by itself")
        self.peer.close()
        equal(self.client.read()[0], "-", "the reply of MIGRATE")


def client_of(s, worker):
    """A client that this worker serves"""
    while True:
        c = s.client()
        if c.worker() == worker:
            return c


@case("clients connect and statistics are sampled while a worker, whichever it is, runs a long command")
def connect_during_long_command(t):
    s = t.server("--threads", "2")
    for number in (0, 1):
        stuck, watch = client_of(s, number), client_of(s, 1 - number)
        watch.ask("SET", "key", 1)
        long = LongCommand(stuck, "key")
        time.sleep(0.05)        # a worker is passed over after 20 ms
        for _ in range(8):
            equal(s.client().cmd("PING"), ("+", b"PONG"), "a new client beside a long command")
        samples = set()
        t.wait(lambda w=watch: samples.add(w.info("instantaneous_input_kbps")) or len(samples) == 3, "three samples")
        long.end()


@case("a worker serves its other clients while some wait for a shard that another worker holds")
def serve_while_waiting(t):
    s = t.server("--threads", "2")
    busy = client_of(s, 0)
    others = [client_of(s, 1) for _ in range(8)]
    busy.ask("MSET", "source", 0, *[w for i in range(16) for w in ("key%d" % i, i)])
    for question, reply in ((("GET", "source"), ("$", b"0")),
                            (("MGET", "source", "key2"), ("*", [("$", b"0"), ("$", b"2")])),
                            (("KEYS", "sourc*"), ("*", [("$", b"source")]))):
        waiting = [client_of(s, 1) for _ in range(3)]
        long = LongCommand(busy, "source")
        for c in waiting:
            c.send(*question)
        for i, c in enumerate(others):
            for _ in range(20):
                c.send("MGET", "key%d" % i, "key%d" % (i + 8))
                c.send("GET", "key%d" % i)
        # The keys of one or two of them may be in the shard that is held.
        t.wait(lambda: sum(c.pending().count(b"*2") == 20 for c in others) >= 6, "replies to those who need not wait")
        expect(not any(c.pending() for c in waiting), "%s did not wait for the shard" % question[0])
        long.end()
        for i, c in enumerate(others):
            for _ in range(20):
                equal(c.read(), ("*", [("$", b"%d" % i), ("$", b"%d" % (i + 8))]), "MGET on the other worker")
                equal(c.read(), ("$", b"%d" % i), "GET on the other worker")
        for c in waiting:
            equal(c.read(), reply, "%s after waiting" % question[0])


@case("RANDOMKEY, SCAN, INFO and evictions do not stop a worker while another one holds a shard")
def walks_beside_long_command(t):
    s = t.server("--threads", "2", "--maxmemory-policy", "allkeys-lru")
    busy, other = client_of(s, 0), client_of(s, 1)
    for db in (0, 5):                                                          # the shard of a name is the same in each
        busy.ask("SELECT", db)
        busy.ask("SET", "source", 0, "EX", 1000)
    busy.ask("SELECT", 0)
    busy.ask("MSET", *[w for i in range(3000) for w in ("key%d" % i, "x" * 1000)])
    other.set("maxmemory", other.number("used_memory") - other.number("mem_not_counted_for_evict") + (256 << 10))
    waiting, scanning = client_of(s, 1), client_of(s, 1)
    writers = [client_of(s, 1) for _ in range(8)]
    for c in (waiting, scanning):
        c.ask("SELECT", 5)
    long = LongCommand(busy, "source")
    waiting.send("RANDOMKEY")
    scanning.send("SCAN", 0)
    contains(other.text("INFO", "keyspace"), "db5:keys=1,expires=1,avg_ttl=0")
    before = other.number("evicted_keys")
    for i, c in enumerate(writers):
        for j in range(20):
            c.send("SET", "key%d" % i, "y" * (10000 * j))
    # The keys of one or two of them may be in the shard that is held.
    t.wait(lambda: sum(c.pending().count(b"OK") == 20 for c in writers) >= 6, "writes that evict")
    expect(other.number("evicted_keys") > before, "nothing is evicted")
    expect(not waiting.pending(), "RANDOMKEY did not wait for the only key of its database")
    other.set("maxmemory", 0)   # otherwise that key may be evicted before RANDOMKEY sees it
    long.end()
    equal(waiting.read(), ("$", b"source"), "RANDOMKEY after waiting")
    cursor, keys = scanning.read()[1]
    if keys[1] == []:           # replied before it came to the shard, unless that is the first one
        cursor, keys = scanning.ask("SCAN", cursor[1].decode())
    equal((cursor, keys), (("$", b"0"), ("*", [("$", b"source")])), "SCAN to its end")
    for c in writers:
        equal([c.read() for _ in range(20)], [("+", b"OK")] * 20, "replies to writes")
