#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The longest latency while the whole of a large keyspace is affected by one command.

  stall.py [--keys 20000000]

20 connections send requests at a fixed rate (GET:SET 9:1; latency counts from the moment the request was scheduled).
Meanwhile another client does nothing, changes the eviction policy, halves maxmemory (the table shrinks), and flushes
everything. The table shows the latencies during each of these and the duration of the command itself.
"""
import argparse
import time

from common import Server, add_arguments, chosen, finish, print_table

PART = 4  # seconds


def counted(client):
    return int(client.info("used_memory")) - int(client.info("mem_not_counted_for_evict"))


def steps(client):
    """Pairs of (event, request that causes it)"""
    half = counted(client) // 2
    return [("nothing", ("PING",)), ("another policy", ("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")),
            ("half of maxmemory", ("CONFIG", "SET", "maxmemory", half)), ("FLUSHALL ASYNC", ("FLUSHALL", "ASYNC"))]


def measure(name, args):
    server = Server(name, args.threads)
    client = server.client()
    server.fill(args.keys)
    client("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    rows = []
    for what, words in steps(client):
        load = server.loadgen("-c", 20, "-k", args.keys, "-R", args.rate, "-s", PART)
        time.sleep(PART / 4)
        start = time.monotonic()
        client(*words)
        took = time.monotonic() - start
        r = finish(load)
        rows.append([name, what, "%.2f" % (took * 1000)] + ["%.2f" % (r[k] / 1000) for k in ("p50", "p99", "p999", "max")])
    server.stop()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, "larder,larder-libev", 1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keys", type=int, default=20000000)
    parser.add_argument("--rate", type=int, default=5000, help="requests per second")
    args = parser.parse_args()
    print_table(["server", "what happens", "the command, ms", "p50 of others, ms", "p99", "p99.9", "longest"],
                [row for name in chosen(args) for row in measure(name, args)])


if __name__ == "__main__":
    main()
