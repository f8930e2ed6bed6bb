#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Loads that try to exceed maxmemory, and the most that a second client sees counted against it meanwhile.

  limit.py [--mb 100] [--policies noeviction,allkeys-lru] [--loads flush,setrange]

Each load runs on a new server. "counted" is what maxmemory bounds: used_memory without what
mem_not_counted_for_evict excludes, but with mem_lazyfree_pending. Loads that make keys of small arguments run twice: as
single commands and in one EXEC.
"""
import argparse
import threading
import time

from common import Client, Server, add_arguments, chosen, print_table, request

MB = 1 << 20
MEMBERS = 100000


def ask(client, *words):
    """The reply, or the error as a string"""
    try:
        return client(*words)
    except RuntimeError as e:
        return str(e)


def send(client, requests):
    """Sends the requests as one pipeline; -> how many fail"""
    client.socket.sendall(b"".join(request(*words) for words in requests))
    failed = 0
    for _ in requests:
        try:
            client.reply()
        except RuntimeError:
            failed += 1
    return failed


def memory(client):
    pairs = (line.split(":", 1) for line in client("INFO", "memory").decode().splitlines() if ":" in line)
    return {name: int(value) for name, value in pairs if value.isdigit()}


class Watcher:
    """Asks for the memory all the time"""

    def __init__(self, server):
        self.counted = self.pending = self.rss = 0
        self.client, self.stopping = server.client(), False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping:
            m = memory(self.client)
            pending = m.get("mem_lazyfree_pending", 0)
            self.counted = max(self.counted, m["used_memory"] - m["mem_not_counted_for_evict"] + pending)
            self.pending, self.rss = max(self.pending, pending), max(self.rss, m["used_memory_rss"])
            time.sleep(.001)

    def stop(self):
        self.stopping = True
        self.thread.join()


# ---- what is there before the load ----

def fill_small(client, n=20000):
    for at in range(0, n, 1000):
        client("MSET", *(word for i in range(at, at + 1000) for word in ("small%d" % i, "12345678")))


def fill_set(client, n=MEMBERS):
    for at in range(0, n, 1000):
        client("SADD", "set", *("member:%d" % i for i in range(at, at + 1000)))


def fill_zset(client):
    for at in range(0, MEMBERS, 1000):
        client("ZADD", "zset", *(word for i in range(at, at + 1000) for word in (i, "member:%d" % i)))


def fill_geo(client):
    for at in range(0, MEMBERS // 2, 1000):
        client("GEOADD", "geo", *(word for i in range(at, at + 1000)
                                  for word in (i % 1000 / 100, i // 1000 / 100, "m%d" % i)))


def fill_sort(client):
    client("RPUSH", "list", *["x"] * 1000)
    client("SETRANGE", "weight-x", MB - 1, "x")


# Loads of commands with small arguments: what is there before, and the commands.
MAKERS = {
    "setrange": (None, [("SETRANGE", "k%d" % i, 10 * MB - 1, "x") for i in range(100)]),
    "setbit": (None, [("SETBIT", "k%d" % i, 80 * MB, 1) for i in range(100)]),
    "bitfield": (None, [("BITFIELD", "k%d" % i, "SET", "u8", 80 * MB, 1) for i in range(100)]),
    "append": (None, [("APPEND", "k", "x" * 500000) for i in range(400)]),
    "bitop": (lambda c: c("SETRANGE", "bits", 10 * MB - 1, "x"), [("BITOP", "NOT", "k%d" % i, "bits")
                                                                 for i in range(100)]),
    "copy": (fill_set, [("COPY", "set", "k%d" % i) for i in range(100)]),
    "sunionstore": (fill_set, [("SUNIONSTORE", "k%d" % i, "set") for i in range(100)]),
    "sinterstore": (fill_set, [("SINTERSTORE", "k%d" % i, "set", "set") for i in range(100)]),
    "zunionstore": (fill_zset, [("ZUNIONSTORE", "k%d" % i, 1, "zset") for i in range(50)]),
    "zrangestore": (fill_zset, [("ZRANGESTORE", "k%d" % i, "zset", 0, -1) for i in range(50)]),
    "geosearchstore": (fill_geo, [("GEOSEARCHSTORE", "k%d" % i, "geo", "FROMLONLAT", 5, .2, "BYRADIUS", 3000, "km")
                                  for i in range(100)]),
    "sort": (fill_set, [("SORT", "set", "BY", "nosort", "STORE", "k%d" % i) for i in range(100)]),
    "sort-get": (fill_sort, [("SORT", "list", "BY", "nosort", "GET", "weight-*", "STORE", "k")]),
    "pfmerge": (lambda c: c("PFADD", "hll", *range(5000)), [("PFMERGE", "k%d" % i, "hll") for i in range(12000)]),
}


def restore_bomb():
    """A DUMP of 13 MB with a string of 1.2 GB, which compression by LZF has made small"""
    n = 4500000
    packed = b"\0a" + b"\xe0\xff\0" * n
    lengths = b"".join(b"\x80" + size.to_bytes(4, "big") for size in (len(packed), 1 + 264 * n))
    return b"\0\xc3" + lengths + packed + b"\x09\0" + bytes(8)


# ---- the loads: each returns how many commands failed ----

def run_maker(server, name, limit, policy, in_exec):
    before, commands = MAKERS[name]
    client = server.client()
    fill_small(client)
    if before is not None:
        before(client)
    set_limit(client, limit, policy)
    watcher = Watcher(server)
    if in_exec:
        send(client, [("MULTI",)] + commands)
        try:
            client.socket.sendall(request("EXEC"))
            failed = exec_failures(client)
        except RuntimeError:
            failed = len(commands)
    else:
        failed = sum(send(client, [words]) for words in commands)
    return watcher, failed


def exec_failures(client):
    """Reads the reply of EXEC, in which errors may be elements. RuntimeError: EXEC is refused"""
    failed, head = 0, client.file.readline()
    if not head.startswith(b"*"):
        raise RuntimeError(head.decode())
    for _ in range(int(head[1:])):
        try:
            client.reply()
        except RuntimeError:
            failed += 1
    return failed


def set_limit(client, limit, policy):
    client("CONFIG", "SET", "maxmemory-policy", policy)
    client("CONFIG", "SET", "maxmemory", limit)


def flush_elsewhere(server, stop):
    client = server.client()
    client("SELECT", 1)
    while not stop:
        send(client, [("SET", "k%d" % i, "x") for i in range(50)] + [("FLUSHDB", "ASYNC")])


def run_flush(server, limit, policy):
    """FLUSHALL of small keys, then large values, while another client flushes a database in a loop"""
    client = server.client()
    fill_small(client, 1000000)
    set_limit(client, min(limit, int(client.info("used_memory"))), policy)
    stop = []
    thread = threading.Thread(target=flush_elsewhere, args=(server, stop))
    thread.start()
    watcher = Watcher(server)
    client("FLUSHALL", "ASYNC")
    failed = sum(send(client, [("SET", "large%d" % i, "x" * (MB - 100000))]) for i in range(300))
    stop.append(True)
    thread.join()
    return watcher, failed


def run_backlog(server, limit, policy):
    """COPY and DEL of a set of 200,000 members in a loop"""
    client = server.client()
    fill_small(client, 200000)
    fill_set(client, 200000)
    if limit:
        set_limit(client, int(client.info("used_memory")) + 20 * MB, policy)
    watcher = Watcher(server)
    return watcher, sum(send(client, [("COPY", "set", "k"), ("DEL", "k")]) for _ in range(100))


def run_victim(server, limit, policy):
    """A large victim is being freed while small values are written"""
    client = server.client()
    fill_set(client, 1000000)
    set_limit(client, int(client.info("used_memory")), policy)
    watcher = Watcher(server)
    return watcher, sum(send(client, [("SET", "k%d" % i, "x" * 100000)]) for i in range(1000))


def run_restore(server, limit, policy):
    client = server.client()
    fill_small(client)
    set_limit(client, limit, policy)
    client("CONFIG", "SET", "proto-max-bulk-len", 2 << 30)
    ask(client, "DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1)
    watcher = Watcher(server)
    return watcher, sum(send(client, [("RESTORE", "k%d" % i, 0, restore_bomb())]) for i in range(2))


OTHERS = {"flush": run_flush, "backlog": run_backlog, "victim": run_victim, "restore": run_restore}


def measure(name, load, policy, mb, in_exec=False):
    """Runs one load; -> the cells of its line"""
    server = Server(name, 2, pin=False)
    if load in MAKERS:
        watcher, failed = run_maker(server, load, mb * MB, policy, in_exec)
    else:
        watcher, failed = OTHERS[load](server, mb * MB, policy)
    watcher.stop()
    client = Client(server.port)
    limit = int(client("CONFIG", "GET", "maxmemory")[1])
    began = time.monotonic()
    server.process.terminate()
    server.process.wait()
    ended = time.monotonic() - began
    return [name, load + (" in EXEC" if in_exec else ""), policy, "%.0f" % (limit / MB),
            "%.1f" % (watcher.counted / MB), "%.2f" % (watcher.counted / limit) if limit else "",
            "%.0f" % (watcher.rss / MB), "%.1f" % (watcher.pending / MB), str(failed), "%.2f" % ended]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, "larder", 1)
    parser.add_argument("--mb", type=int, default=100, help="the limit, in MB")
    parser.add_argument("--policies", default="noeviction,allkeys-lru", help="comma-separated")
    parser.add_argument("--loads", default=",".join([*OTHERS, *MAKERS]), help="comma-separated")
    args = parser.parse_args()
    rows = []
    for name in chosen(args):
        for load in args.loads.split(","):
            for policy in args.policies.split(","):
                rows.append(measure(name, load, policy, args.mb))
                if load in MAKERS:
                    rows.append(measure(name, load, policy, args.mb, True))
    print_table(["server", "load", "policy", "limit MB", "counted MB", "ratio", "RSS MB", "waiting MB", "errors",
                 "shutdown s"], rows)


if __name__ == "__main__":
    main()
