# SPDX-License-Identifier: BSD-3-Clause
"""Limits on one client and on all clients: idle time, connections, descriptors, buffers."""
import os
import re
import resource
import socket
import time

from harness import LIBC, Closed, Failure, Skip, case, contains, equal, expect, free_port

PR_CAPBSET_DROP, CAP_SYS_RESOURCE = 24, 24
MB = 1 << 20


def narrow(t, s):
    """A client with small socket buffers in both directions"""
    def connected():
        k = socket.socket()
        k.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        k.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        k.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)   # loopback's segments do not fit and wait for timers
        k.settimeout(t.limit)
        k.connect(("127.0.0.1", s.port))
        return k
    return s.client(make=connected)


# ---- idle time and number of clients ----

@case("timeout disconnects idle clients, and no others")
def timeout(t):
    s = t.server("--timeout", 1)
    idle, half, busy = s.client(), s.client(), s.client()
    half.send_raw(b"*2\r\n$3\r\nGET\r\n")
    end = time.monotonic() + t.limit
    while busy.number("connected_clients") > 1:
        expect(time.monotonic() < end, "idle clients stay")
        time.sleep(0.1)
    equal((idle.ended(), half.ended()), (b"", b""), "what the idle ones received")
    expect(busy.is_alive(), "a busy client is disconnected")


@case("timeout set at run time applies to clients that are already idle")
def set_timeout(t):
    s = t.server()
    idle, busy = s.client(), s.client()
    expect(idle.is_alive(), "no answer")
    busy.set("timeout", 1)
    idle.ended()


@case("a client beyond maxclients gets an error; when another leaves there is room again")
def maxclients(t):
    s = t.server("--maxclients", 5, "--threads", 3)
    clients = [s.client() for _ in range(5)]
    expect(all(c.is_alive() for c in clients), "no answer")
    equal(s.client().ended(), b"-ERR max number of clients reached\r\n", "what the sixth received")
    equal(clients[0].number("rejected_connections"), 1, "rejected_connections")
    clients.pop().close()
    t.wait(lambda: clients[0].number("connected_clients") == 4, "the client to be gone")
    clients.append(s.client())
    expect(all(c.is_alive() for c in clients), "no room again")
    clients[0].set("maxclients", 6)
    expect(s.client().is_alive(), "no room after CONFIG SET maxclients")


def limit_files(soft, hard):
    def act():
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        LIBC.prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0)     # root could raise the hard limit
    return act


def soft_files(s):
    return int(re.search(r"Max open files\s+(\d+)", s.proc("limits"))[1])


@case("the limit of open files is raised to what maxclients needs", engines=False)
def files_raised(t):
    s = t.server("--maxclients", 500, prepare=limit_files(100, 4000))
    expect(500 < soft_files(s) < 4000, "the limit is %d" % soft_files(s))
    equal(s.lines("open files"), [], "lines about the limit")
    c = s.client()
    c.set("maxclients", 2000)
    expect(2000 < soft_files(s) <= 4000, "the limit is %d" % soft_files(s))
    contains(c.error("CONFIG", "SET", "maxclients", 5000), "The operating system is not able to handle")
    equal(c.get("maxclients"), "2000", "maxclients after the refusal")


@case("if the limit of open files cannot be raised, maxclients is lowered and further clients are refused")
def files_short(t):
    s = t.server("--maxclients", 500, "--threads", 2, prepare=limit_files(100, 100))
    equal(soft_files(s), 100, "the limit")
    equal(len(s.lines("open files")), 1, "lines about the limit")
    c = s.client()
    room = int(c.get("maxclients"))
    expect(20 < room < 100, "maxclients is %d" % room)
    contains(s.lines("open files")[0], " %d " % room)
    contains(s.lines("open files")[0], " 500")
    crowd = [s.client() for _ in range(150)]
    for k in crowd[:room - 1]:
        expect(k.is_alive(), "one of %d clients is not served" % room)
    for k in crowd[room - 1:]:
        equal(k.ended(), b"-ERR max number of clients reached\r\n", "what the others received")
    for k in crowd:
        k.close()
    t.wait(lambda: c.number("connected_clients") == 1, "the crowd to be gone")
    expect(s.client().is_alive(), "no room again")


@case("the server does not start if the limit of open files is too low for a single client", engines=False)
def files_none(t):
    contains(t.refused("--threads", 2, prepare=limit_files(30, 30)), "open files")


@case("without free descriptors the server retries at intervals, and accepts again when there are some")
def files_out(t):
    s = t.server("--threads", 2)
    c = s.client()
    expect(c.is_alive(), "no answer")
    resource.prlimit(s.pid, resource.RLIMIT_NOFILE, (s.descriptors() + 10, 4000))
    s.port = free_port()
    c.set("port", s.port)       # io_uring applies the limit that was in force when the accept began
    crowd = [s.client() for _ in range(50)]
    before = s.cpu_seconds()
    time.sleep(0.5)
    expect(c.is_alive(), "a client is not served while descriptors are out")
    expect(s.cpu_seconds() - before < 0.25, "it spins: %.2f s of CPU time" % (s.cpu_seconds() - before))
    expect(s.descriptors() < 40, "the limit is not kept to")
    for k in crowd[:-1]:
        k.close()
    expect(crowd[-1].is_alive(), "one that waited is not served when there is room")


# ---- replies that are not read ----

def write_all(t, c, data):
    """Sends the whole data before anything is read: fails if the server stops reading"""
    c.s.settimeout(t.limit)
    c.s.sendall(data)


@case("a client that writes its whole pipeline before it reads gets all replies: TCP, small values")
def whole_pipeline(t):
    s = t.server("--threads", 2)
    c, slow = s.client(), narrow(t, s)
    text = os.urandom(1000)
    c.ask("SET", "k", text)
    write_all(t, slow, slow.encode(("GET", "k")) * 30000 + slow.encode(("PING",)))
    expect(c.is_alive(), "another client is not served")
    t.wait(lambda: c.number("mem_clients_normal") > 15 * MB, "the replies to count as client memory")
    for i in range(30000):
        expect(slow.read() == ("$", text), "reply %d is wrong" % i)
    equal(slow.read(), ("+", b"PONG"), "the last reply")
    t.wait(lambda: c.number("mem_clients_normal") < MB, "the replies to count no more")


@case("a client that writes its whole pipeline before it reads gets all replies: unix socket, values by reference")
def whole_pipeline_unix(t):
    path = os.path.join(t.dir, "pipeline.sock")
    s = t.server("--unixsocket", path)
    c = s.client()

    def connected():
        k = socket.socket(socket.AF_UNIX)
        k.settimeout(t.limit)
        k.connect(path)
        return k
    slow = s.client(make=connected)
    text = os.urandom(30000)
    c.ask("SET", "k", text)
    write_all(t, slow, slow.encode(("GET", "k")) * 5000)
    for i in range(5000):
        expect(slow.read() == ("$", text), "reply %d is wrong" % i)


@case("maxmemory-clients ends a pipeline whose replies are not read, before its next command")
def pipeline_evicted(t):
    s = t.server("--threads", 2, "--maxmemory-clients", "10mb")
    c, slow = s.client(), narrow(t, s)
    c.ask("SET", "k", os.urandom(15000))        # copied into each reply
    c.ask("SET", "large", os.urandom(500000))   # sent by reference
    for key in ("k", "large"):
        slow = narrow(t, s)
        try:
            for _ in range(400):
                slow.s.sendall((slow.encode(("GET", key)) + slow.encode(("INCR", "ran:" + key))) * 50)
        except ConnectionError:
            pass
        slow.ended()
        # the kernel holds some megabytes in addition to the limit
        ran, size = int(c.ask("GET", "ran:" + key)), c.ask("STRLEN", key)
        expect(ran * size < 32 * MB, "%d commands with replies of %d bytes have run" % (ran, size))
    equal(c.number("evicted_clients"), 2, "evicted_clients")


@case("client-output-buffer-limit: a client over the hard limit is disconnected at once, with a log line")
def hard_limit(t):
    s = t.server("--client-output-buffer-limit", "normal", "2mb", "0", "0")
    c, slow = s.client(), narrow(t, s)
    c.ask("SET", "k", "x" * (12 * MB))
    id_ = slow.ask("CLIENT", "ID")
    slow.send("GET", "k")
    t.wait(lambda: c.number("connected_clients") == 1, "the client to be disconnected")
    expect(len(slow.ended()) < 12 * MB, "it got everything")
    equal(c.number("client_output_buffer_limit_disconnections"), 1, "client_output_buffer_limit_disconnections")
    s.wait_log("client-output-buffer-limit")
    contains("\n".join(s.lines("client-output-buffer-limit")), "id=%d " % id_)
    equal(c.ask("STRLEN", "k"), 12 * MB, "STRLEN")


@case("client-output-buffer-limit: replies of many requests add up to the hard limit")
def hard_limit_in_sum(t):
    s = t.server("--client-output-buffer-limit", "normal", "300kb", "0", "0")
    c, slow = s.client(), narrow(t, s)
    c.ask("SET", "k", "x" * 100000)
    id_ = slow.ask("CLIENT", "ID")

    for _ in range(1000):
        try:
            slow.send("GET", "k")
        except ConnectionError:
            break
        line = c.text("CLIENT", "LIST", "ID", id_)
        if not line:
            break
        waiting = int(re.search(r" obl=(\d+)", line)[1])
        expect(waiting <= 400000, "%d bytes wait, and it is not disconnected" % waiting)
        time.sleep(0.003)
    equal(c.number("client_output_buffer_limit_disconnections"), 1, "client_output_buffer_limit_disconnections")
    expect(c.is_alive(), "another client is not served")


@case("client-output-buffer-limit: the command that passes the hard limit is the last that runs; the first 16 KiB are free")
def hard_limit_ends(t):
    if t.sanitizer:
        raise Skip("blocks have other sizes in a sanitizer build")
    s = t.server("--client-output-buffer-limit", "normal", "20505", "0", "0")     # more than one block of Redis
    c = s.client()
    c.ask("SET", "k", "x" * (16384 + 20464))
    c.ask("SET", "less", "x" * (16384 + 20464 - 30))                # and the other replies fit too
    c.ask("SET", "empty", "")
    for key, ran in (("less", 1), ("k", 0)):
        k = s.client()
        k.send_raw(k.encode(("GET", "empty")) + k.encode(("GET", key)) + k.encode(("SET", "ran:" + key, "x")))
        if ran:
            equal([k.read()[0] for _ in range(3)], ["$", "$", "+"], "the replies")
        else:
            equal(k.ended(), b"", "what it gets")
        equal(c.ask("EXISTS", "ran:" + key), ran, "whether the next command ran after GET " + key)


@case("client-output-buffer-limit: a hard limit that is lowered applies to replies that wait")
def hard_limit_lowered(t):
    s = t.server()
    c, slow = s.client(), narrow(t, s)
    c.ask("SET", "k", "x" * (12 * MB))
    slow.send("GET", "k")
    t.wait(lambda: "cmd=get" in c.text("CLIENT", "LIST"), "the GET to run")
    c.set("client-output-buffer-limit", "normal 1mb 0 0")
    t.wait(lambda: c.number("connected_clients") == 1, "the client to be disconnected")
    equal(c.number("client_output_buffer_limit_disconnections"), 1, "client_output_buffer_limit_disconnections")


@case("a client that has not authenticated may leave 1 KiB of replies unread, after the first 16 KiB of each packet")
def unauthenticated(t):
    s = t.server("--requirepass", "secret")
    admin, k, slow = s.client(), s.client(), narrow(t, s)
    admin.ask("AUTH", "secret")
    admin.ask("SET", "k", "x" * 100000)
    k.send_raw(k.encode(("PING",)) * 100 + k.encode(("AUTH", "secret")) + k.encode(("GET", "k")) * 2)
    equal([k.read()[0] for _ in range(103)], ["-"] * 100 + ["+", "$", "$"], "the replies to a client that reads")
    k.is_alive()
    end = time.monotonic() + t.limit
    try:
        while time.monotonic() < end:
            slow.s.sendall(slow.encode(("PING",)) * 300)
        raise Failure("it is not disconnected")
    except ConnectionError:
        pass
    equal(admin.number("client_output_buffer_limit_disconnections"), 1, "client_output_buffer_limit_disconnections")
    expect(admin.number("mem_clients_normal") < MB, "its replies took more than 1 MB")


@case("auth-timeout disconnects clients that have not authenticated, and no others", engines=False)
def auth_timeout(t):
    s = t.server("--requirepass", "secret", "--auth-timeout", 1)
    c, late = s.client(), s.client()
    c.ask("AUTH", "secret")
    contains(late.error("PING"), "NOAUTH")
    late.ended()
    expect(c.is_alive(), "a client that has authenticated is disconnected")
    t.wait(lambda: len(s.lines("auth-timeout")) == 1, "the log line")


@case("client-output-buffer-limit: a client may be over the soft limit only for the seconds given")
def soft_limit(t):
    s = t.server("--client-output-buffer-limit", "normal", "0", "1mb", "1")
    c, slow, quick = s.client(), narrow(t, s), s.client()
    c.ask("SET", "k", "x" * (12 * MB))
    c.ask("SET", "half", "x" * (6 * MB))
    slow.send("GET", "k")
    equal(len(quick.ask("GET", "half")), 6 * MB, "a reply over the limit to a client that reads")
    t.wait(lambda: c.number("connected_clients") == 2, "the slow client to be disconnected")
    expect(len(slow.ended()) < 12 * MB, "it got everything")
    expect(quick.is_alive(), "a client that reads is disconnected")
    equal(c.number("client_output_buffer_limit_disconnections"), 1, "client_output_buffer_limit_disconnections")


@case("without an output limit a slow client gets all of its large reply")
def no_output_limit(t):
    s = t.server()
    value = os.urandom(6 * MB)
    c, slow = s.client(), narrow(t, s)
    c.ask("SET", "k", value)
    slow.send("GET", "k")
    time.sleep(0.3)
    c.ask("SET", "k", "other")          # a reply that is being sent does not change
    equal(slow.read() == ("$", value), True, "the reply")


# ---- requests ----

@case("client-query-buffer-limit: a client that sends a longer request is disconnected, with a log line")
def query_limit(t):
    s = t.server("--client-query-buffer-limit", "1mb")
    c, long = s.client(), s.client()
    c.ask("SET", "k", "x" * 900000)
    id_ = long.ask("CLIENT", "ID")
    try:
        long.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n" + b"x" * 2000000)
    except (ConnectionError, Closed):
        pass
    t.wait(lambda: c.number("connected_clients") == 1, "the client to be disconnected")
    equal(c.number("client_query_buffer_limit_disconnections"), 1, "client_query_buffer_limit_disconnections")
    s.wait_log("client-query-buffer-limit")
    contains("\n".join(s.lines("client-query-buffer-limit")), "id=%d " % id_)
    equal(c.ask("STRLEN", "k"), 900000, "STRLEN")


@case("client-query-buffer-limit is not about arguments that have come whole: MSET of more than the limit")
def query_limit_whole(t):
    s = t.server("--client-query-buffer-limit", "1mb")
    c = s.client()
    c.ask("MSET", "a", "x" * 900000, "b", "y" * 900000, "c", "z" * 900000)
    equal([c.ask("STRLEN", k) for k in "abc"], [900000] * 3, "lengths")
    c.ask("RPUSH", "l", *["x" * 1000] * 5000)
    equal(c.ask("LLEN", "l"), 5000, "LLEN")


@case("client-query-buffer-limit counts a long argument with its line end, to the byte")
def query_limit_byte(t):
    s = t.server("--client-query-buffer-limit", "1mb")
    c, k = s.client(), s.client()
    k.ask("SET", "k", "x" * (MB - 2))
    try:
        k.send("SET", "k2", "x" * (MB - 1))
        equal(k.ended(), b"", "what it gets")
    except ConnectionError:
        pass
    equal(c.ask("EXISTS", "k", "k2"), 1, "keys")


@case("a client that is cut off while it sends is reset at once")
def reset_at_once(t):
    s = t.server("--client-query-buffer-limit", "1mb")
    c = s.client()
    c.ask("SET", "k", "x" * 15000)
    c.set("client-output-buffer-limit", "normal 500kb 0 0")
    for first, then in ((b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$300000000\r\n", b"x" * MB), (b"", c.encode(("GET", "k")) * 10000),
                        (b"*1\r\n$no\r\n", b"x" * MB)):
        k, end = narrow(t, s), time.monotonic() + t.limit
        try:
            k.s.sendall(first)
            while time.monotonic() < end:
                k.s.sendall(then)
            raise Failure("it can still send")
        except ConnectionError:
            pass
    equal(c.number("client_query_buffer_limit_disconnections"), 1, "client_query_buffer_limit_disconnections")
    equal(c.number("client_output_buffer_limit_disconnections"), 1, "client_output_buffer_limit_disconnections")


@case("watched keys count towards client-query-buffer-limit", engines=False)
def watch_limit(t):
    s = t.server("--client-query-buffer-limit", "1mb")
    c, k = s.client(), s.client()
    k.ask("WATCH", *("key:%d" % i for i in range(4000)))
    expect(k.is_alive(), "it is disconnected for less than the limit")
    k.send("WATCH", *("other:%d" % i for i in range(10000)))
    k.ended()
    equal(c.number("client_query_buffer_limit_disconnections"), 1, "client_query_buffer_limit_disconnections")


@case("the queue of MULTI counts towards client-query-buffer-limit", engines=False)
def queue_limit(t):
    s = t.server("--client-query-buffer-limit", "1mb")
    c, long = s.client(), s.client()
    long.ask("MULTI")
    try:
        for _ in range(40):
            long.send("SET", "k", "x" * 50000)
        long.ended()
    except (ConnectionError, Closed):
        pass
    equal(c.number("connected_clients"), 1, "connected_clients")


@case("proto-max-bulk-len: an argument of that length is accepted, a longer one is an error")
def bulk_limit(t):
    s = t.server("--proto-max-bulk-len", "1mb")
    c = s.client()
    c.ask("SET", "k", "x" * MB)
    c.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % (MB + 1))
    equal(c.ended(), b"-ERR Protocol error: invalid bulk length\r\n", "what it received")
    c = s.client()
    equal(c.ask("STRLEN", "k"), MB, "STRLEN")
    contains(c.error("APPEND", "k", "x"), "exceeds maximum allowed size")
    c.set("proto-max-bulk-len", "2mb")
    c.ask("SET", "k", "x" * (2 * MB))


@case("maxmemory-clients: the largest clients are disconnected, except those with CLIENT NO-EVICT")
def client_memory(t):
    s = t.server("--maxmemory-clients", "10mb")
    c, kept = s.client(), s.client()
    kept.ask("CLIENT", "NO-EVICT", "ON")
    small = s.client()
    for k, size in ((small, 1), (kept, 5)):
        k.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % (size * MB) + b"x" * (size * MB - 1))
    t.wait(lambda: c.number("mem_clients_normal") > 6 * MB, "mem_clients_normal over 6 MB")
    large = s.client()
    try:
        large.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % (5 * MB) + b"x" * (5 * MB - 1))
    except (ConnectionError, Closed):
        pass
    large.ended()
    t.wait(lambda: c.number("evicted_clients") == 1, "evicted_clients to be 1")
    equal(c.number("connected_clients"), 3, "connected_clients")
    for k in (small, kept):
        k.send_raw(b"x\r\n")
        equal(k.read(), ("+", b"OK"), "the reply to those who were left")


# ---- misbehaving clients ----

@case("many silent clients and incomplete requests cost memory only and do not slow other clients")
def half_open(t):
    s = t.server("--threads", 2, "--maxclients", 2000)
    c = s.client()
    crowd = []
    for i in range(400):
        k = socket.create_connection(("127.0.0.1", s.port), t.limit)
        if i % 2:
            k.send((b"*3\r\n$3\r\nSET\r\n$1\r\nk", b"PING", b"*", b"$")[i // 2 % 4])
        crowd.append(k)
    t.wait(lambda: c.number("connected_clients") == 401, "401 clients")
    before = s.cpu_seconds()
    time.sleep(0.5)
    expect(s.cpu_seconds() - before < 0.2, "it works for nobody: %.2f s of CPU time" % (s.cpu_seconds() - before))
    for k in crowd:
        k.close()
    t.wait(lambda: c.number("connected_clients") == 1, "the crowd to be gone")


@case("memory is freed when clients disconnect in the middle of a reply")
def gone_in_reply(t):
    s = t.server("--threads", 2)
    c = s.client()
    c.ask("SET", "k", "x" * (4 * MB))
    for _ in range(20):
        k = narrow(t, s)
        k.send("GET", "k")
        k.send("GET", "k")
        k.close()
    t.wait(lambda: c.number("connected_clients") == 1, "the others to be gone")
    c.ask("DEL", "k")
    t.wait(lambda: c.number("used_memory") < 16 * MB, "the memory to be free")
    if not c.is_alive():
        raise Failure("no answer")
