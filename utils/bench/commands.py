#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""CPU time per operation of single commands, for several servers in interleaved rounds.

  commands.py                                    all commands, Larder against Redis
  commands.py --commands lpush,hset,zadd --rounds 5

redis-benchmark sends each command over 50 connections at pipeline depth 16. Before each run, the key of the command is
filled or emptied. "x redis" is the ratio to the last server in the list, as the median over the rounds. The last line is
the geometric mean of these ratios over all commands.
"""
import argparse
import csv
import io
import math
import statistics
import subprocess

from common import Server, add_arguments, chosen, median_ratio, print_table, turns

KEY, VALUE, MEMBER, RANDOM = "key:__rand_int__", "x" * 32, "element:__rand_int__", "__rand_int__"
SPACE = 100000  # __rand_int__ takes this many values


def filled(command, key, n, item):
    """Empties the key, then fills it with n items, 500 per command"""
    def prepare(client):
        client("DEL", key)
        for i in range(0, n, 500):
            client(command, key, *(word for k in range(i, min(i + 500, n)) for word in item(k)))
    return prepare


def emptied(key):
    return lambda client: client("DEL", key)


def entries(client):
    client("DEL", "stream")
    for _ in range(10000):
        client("XADD", "stream", "*", "field", VALUE)


def keys(client):
    for i in range(0, SPACE, 500):
        client("MSET", *(word for k in range(i, i + 500) for word in ("key:%012d" % k, VALUE)))


def member(k):
    return ["element:%012d" % k]


def place(k):
    """Places spread over a square of 20 degrees like random ones"""
    return ["%.6f" % (k * 7919 % 100003 / 5000), "%.6f" % (35 + k * 104729 % 99991 / 5000)] + member(k)


# name: (preparation before each run or None, fraction of --requests to send, command)
COMMANDS = {
    "ping": (None, 1, ["PING"]),
    "set": (None, 1, ["SET", KEY, VALUE]),
    "setex": (None, 1, ["SET", KEY, VALUE, "EX", "1000"]),
    "get": (keys, 1, ["GET", KEY]),
    "mset": (None, .2, ["MSET"] + [KEY, VALUE] * 10),
    "mget": (keys, .2, ["MGET"] + [KEY] * 10),
    "incr": (None, 1, ["INCR", "counter:" + RANDOM]),
    "expire": (keys, 1, ["EXPIRE", KEY, "1000"]),
    "lpush": (emptied("list"), 1, ["LPUSH", "list", VALUE]),
    "rpush": (emptied("list"), 1, ["RPUSH", "list", VALUE]),
    "rpop": (filled("RPUSH", "list", 500000, lambda k: [VALUE]), 1, ["RPOP", "list"]),
    "lrange_100": (filled("RPUSH", "list", 10000, lambda k: [VALUE]), .1, ["LRANGE", "list", "0", "99"]),
    "sadd": (emptied("set"), 1, ["SADD", "set", MEMBER]),
    "spop": (filled("SADD", "set", 500000, member), 1, ["SPOP", "set"]),
    "hset": (emptied("hash"), 1, ["HSET", "hash", MEMBER, VALUE]),
    "hget": (filled("HSET", "hash", SPACE, lambda k: member(k) + [VALUE]), 1, ["HGET", "hash", MEMBER]),
    "hset_small": (None, .5, ["HSET", "h:" + RANDOM, "name", "somebody", "age", "33", "city", "someplace", "mail", "a@b.c"]),
    "zadd": (emptied("zset"), .5, ["ZADD", "zset", RANDOM, MEMBER]),
    "zpopmin": (filled("ZADD", "zset", 500000, lambda k: [k * 7919 % 500009] + member(k)), 1, ["ZPOPMIN", "zset"]),
    "zrange_10": (filled("ZADD", "zset", SPACE, lambda k: [k * 7919 % 100003] + member(k)), .5, ["ZRANGE", "zset", "100", "109"]),
    "geoadd": (emptied("geo"), .5, ["GEOADD", "geo", "13." + RANDOM, "38." + RANDOM, MEMBER]),
    "geodist": (filled("GEOADD", "geo", SPACE, place), 1, ["GEODIST", "geo", MEMBER, MEMBER]),
    "geosearch_20km": (filled("GEOADD", "geo", SPACE, place), .1, ["GEOSEARCH", "geo", "FROMMEMBER", MEMBER, "BYRADIUS", "20", "km",
                                                                "ASC", "WITHDIST"]),
    "geosearch_nearest": (filled("GEOADD", "geo", SPACE, place), .05, ["GEOSEARCH", "geo", "FROMMEMBER", MEMBER, "BYRADIUS", "100", "km",
                                                                    "COUNT", "10"]),
    "pfadd": (emptied("hll"), 1, ["PFADD", "hll", MEMBER]),
    "pfcount": (filled("PFADD", "hll", SPACE, member), 1, ["PFCOUNT", "hll"]),
    "pfcount_sparse": (filled("PFADD", "few", 300, member), .1, ["PFCOUNT", "few", "few"]),
    "pfcount_dense": (filled("PFADD", "hll", SPACE, member), .05, ["PFCOUNT", "hll", "hll"]),
    "xadd": (emptied("stream"), 1, ["XADD", "stream", "*", "field", VALUE]),
    "xrange_10": (entries, .5, ["XRANGE", "stream", "-", "+", "COUNT", "10"]),
    "xrange_100": (entries, .1, ["XRANGE", "stream", "-", "+", "COUNT", "100"]),
}


def run(server, name, requests):
    prepare, share, words = COMMANDS[name]
    n = int(requests * share)
    argv = server.on_client_core("redis-benchmark", "-p", str(server.port), "-c", "50", "-P", "16", "-n", str(n), "-r", str(SPACE),
                                 "--csv", *words)
    if prepare is not None:
        prepare(server.client())
    before = server.cpu()
    out = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    row = list(csv.reader(io.StringIO(out)))[-1]
    return {"cpu_us": (server.cpu() - before) * 1e6 / n, "ops_s": float(row[1]), "p99": float(row[6]) * 1000}


def measure(servers, command, args, ratios):
    """Yields the rows of the table and appends to ratios[server]"""
    results = {s.name: [] for s in servers}
    for _, server in turns(servers, args.rounds):
        results[server.name].append(run(server, command, args.requests))
    reference = [r["cpu_us"] for r in results[servers[-1].name]]
    for name, rounds in results.items():
        cpu = [r["cpu_us"] for r in rounds]
        ratios.setdefault(name, []).append(median_ratio(cpu, reference))
        yield [command, name, "%.3f" % statistics.median(cpu), "%.2f" % ratios[name][-1],
               "%.0f" % statistics.median(r["ops_s"] for r in rounds), "%.0f" % statistics.median(r["p99"] for r in rounds)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, "larder,redis", 3)
    parser.add_argument("--commands", default=",".join(COMMANDS), help="comma-separated, from: " + ", ".join(COMMANDS))
    parser.add_argument("--requests", type=int, default=500000, help="number per run")
    args = parser.parse_args()
    servers = [Server(name) for name in chosen(args)]
    rows, ratios = [], {}
    for command in args.commands.split(","):
        rows += measure(servers, command, args, ratios)
    for name, of_all in ratios.items():
        mean = math.exp(statistics.mean(math.log(r) for r in of_all))
        rows.append(["geometric mean", name, "", "%.2f" % mean, "", ""])
    print_table(["command", "server", "CPU µs per operation", "x " + servers[-1].name, "operations/s", "p99 µs"], rows)


if __name__ == "__main__":
    main()
