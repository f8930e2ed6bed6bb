#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Memory of strings: RSS per key, or RSS against the memory in use after loads that fragment it.

  memory.py [--keys 2000000] [--values 8,32,128]   RSS per key: a new server, filled with 16-byte keys and random values
  memory.py --sparse [--kind string]   eight times: fills --mb with items of one size, deletes all but one of each 8 KiB
  memory.py --sweep [--mb 256]   fills a cache of --mb with values of 10 bytes to 20 KB, ever larger, then random ones

The last two print RSS over the memory in use without and with that of the clients, 3 seconds after the load, and where the
difference is, as INFO has it.
"""
import argparse
import random
import time

from common import Server, add_arguments, chosen, print_table, request

SPARSE_SIZES = {"small": (32, 64, 96, 128, 160, 192, 224, 256), "large": (300, 500, 700, 950, 1500, 3000, 6000, 12000)}
MANY = 100  # items to a command
CAUSES = ("at_hand", "slab_blocks", "slab_pages", "heap_blocks", "heap_pages", "heap_records", "other")  # as in INFO


def names(kind, size, numbers):
    return ["%s:%d:%012d" % (kind, size, i) for i in numbers]


def pairs(firsts, second):
    return [word for first in firsts for word in (first, second)]


def add(kind, size, numbers):
    """The command that adds items of a size"""
    value, i = "x" * size, numbers[0]
    if kind == "string":
        return ["MSET"] + pairs(names("key", size, numbers), value)
    if kind == "hash":
        return ["HSET", "hash:%d" % (i // MANY % 3)] + pairs(names("f", size, numbers), value)
    if kind == "set":
        return ["SADD", "set"] + [name + value for name in names("m", size, numbers)]
    if kind == "zset":
        return ["ZADD", "zset"] + [word for i in numbers for word in (i, "%012d" % i + value)]
    return ["RPUSH", "list:%d:%d" % (size, i // MANY)] + [value] * len(numbers)


def remove(kind, size, numbers, first):
    """The command that removes some of the items that one add has added; first: of those"""
    value = "x" * size
    if kind == "string":
        return ["DEL"] + names("key", size, numbers)
    if kind == "hash":
        return ["HDEL", "hash:%d" % (first // MANY % 3)] + names("f", size, numbers)
    if kind == "set":
        return ["SREM", "set"] + [name + value for name in names("m", size, numbers)]
    if kind == "zset":
        return ["ZREM", "zset"] + ["%012d" % i + value for i in numbers]
    return ["LPOP", "list:%d:%d" % (size, first // MANY), len(numbers)]


def bytes_per_key(name, args, value_bytes, ttl):
    server = Server(name)
    time.sleep(.5)
    empty = server.settled_rss()
    server.fill(args.keys, value_bytes, *(["-x", int(time.time() + 86400) * 1000] if ttl else []))
    full = server.settled_rss()
    count = server.client()("DBSIZE")
    server.stop()
    if count != args.keys:
        raise RuntimeError("%s has %d keys" % (name, count))
    return (full - empty) / args.keys


def send_all(client, requests, batch=20):
    """Sends the requests in pipelines, and drops the replies"""
    waiting = []
    for words in requests:
        waiting.append(request(*words))
        if len(waiting) == batch:
            client.socket.sendall(b"".join(waiting))
            for _ in waiting:
                client.reply()
            waiting = []
    client.socket.sendall(b"".join(waiting))
    for _ in waiting:
        client.reply()


def ratios(server, client):
    """RSS and the memory in use in MB, and their ratios, 3 seconds after a load"""
    time.sleep(3)
    rss, used = server.rss(), int(client.info("used_memory"))
    clients = int(client.info("mem_clients_normal") or 0)
    causes = [int(client.info("mem_fragmentation_" + cause) or 0) for cause in CAUSES]
    return (["%.1f" % (used / 1e6), "%.1f" % (rss / 1e6), "%.2f" % (rss / used), "%.2f" % (rss / (used + clients))] +
            ["%.1f" % (n / 1e6) for n in causes])


def sparse(name, args, threads):
    """Leaves one item of each 8 KiB, of one size after another"""
    server = Server(name, threads, pin=False)
    client = server.client()
    for size in SPARSE_SIZES[args.sizes]:
        taken = size + 32
        n, step = int(args.mb * 1e6) // taken // MANY, max(8192 // taken, 4)
        send_all(client, (add(args.kind, size, range(i * MANY, (i + 1) * MANY)) for i in range(n)))
        send_all(client, (remove(args.kind, size, [j for j in range(i * MANY, (i + 1) * MANY) if j % step != 0],
                                 i * MANY) for i in range(n)))
    row = ratios(server, client)
    server.stop()
    return row


def sweep(name, args, threads):
    """Ever larger values under a limit, then values of any size"""
    server = Server(name, threads, pin=False)
    client = server.client()
    client("CONFIG", "SET", "maxmemory", int(args.mb * 1e6))
    client("CONFIG", "SET", "maxmemory-policy", args.policy)
    rows, i, size, rng = [], 0, 10.0, random.Random(1)
    while size < 20000:
        n = int(args.mb * 1e6 / 4 / (size + 60))
        send_all(client, (["MSET"] + pairs(names("key", 0, range(j, j + 10)), "x" * int(size))
                          for j in range(i, i + n, 10)))
        i, size = i + n + 10, size * 1.3
    rows.append(ratios(server, client))
    n = int(args.mb * 1e6 / 3000)
    send_all(client, (("SET", "any:%012d" % rng.randrange(2 * n), "x" * int(10 ** rng.uniform(1, 4.3)))
                      for _ in range(4 * n)))
    rows.append(ratios(server, client))
    server.stop()
    return rows


def print_fragmentation(args):
    head = ["server", "threads", "load", "used, MB", "RSS, MB", "RSS / used", "RSS / (used + clients)"]
    head += [cause + ", MB" for cause in CAUSES]
    rows = []
    for name in chosen(args):
        for threads in map(int, args.threads.split(",")):
            if args.sparse:
                rows.append([name, str(threads), "sparse " + args.kind] + sparse(name, args, threads))
            if args.sweep:
                for load, row in zip(("growing values", "random values"), sweep(name, args, threads)):
                    rows.append([name, str(threads), load] + row)
    print_table(head, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, "larder,redis", 1)
    parser.add_argument("--keys", type=int, default=2000000)
    parser.add_argument("--values", default="8,32,128", help="sizes in bytes, comma-separated")
    parser.add_argument("--sparse", action="store_true", help="one item of each 8 KiB stays")
    parser.add_argument("--kind", choices=("string", "hash", "set", "zset", "list"), default="string", help="the items of --sparse")
    parser.add_argument("--sizes", choices=SPARSE_SIZES, default="small", help="the sizes of --sparse")
    parser.add_argument("--sweep", action="store_true", help="the sizes of the values change under a limit")
    parser.add_argument("--policy", default="allkeys-lru", help="of --sweep")
    parser.add_argument("--mb", type=float, default=80, help="what --sparse writes of each size, or the limit of --sweep")
    parser.add_argument("--threads", default="1", help="of --sparse and --sweep, comma-separated")
    args = parser.parse_args()
    if args.sparse or args.sweep:
        print_fragmentation(args)
        return
    cases = [(v, ttl) for ttl in (False, True) for v in map(int, args.values.split(","))]
    print_table(["RSS bytes per key"] + ["%d-byte value%s" % (v, ", TTL" if ttl else "") for v, ttl in cases],
                [[name] + ["%.1f" % bytes_per_key(name, args, *case) for case in cases] for name in chosen(args)])


if __name__ == "__main__":
    main()
