#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The cost of eviction: CPU time per SET when each SET evicts a key, and when memory has no limit.

  eviction.py [--keys 1000000] [--policies allkeys-lru,allkeys-lfu]

A server is filled with --keys keys. Then SETs of new keys follow at pipeline depth 16: first with maxmemory set to the
memory in use, then without a limit, so that the keyspace grows. The ratio is the median over the rounds.
"""
import argparse
import statistics

from common import Server, add_arguments, chosen, print_table

ROOM = 100  # new keys are drawn from --keys times this many


def sets(server, args, turn):
    """CPU time in µs per SET of a key that almost never exists. Each turn draws from a different range."""
    return server.load("-c", 50, "-P", 16, "-w", 100, "-k", args.keys * (ROOM + turn), "-n", args.requests)["cpu_us"]


def measure(name, policy, args):
    free, full, evicted = [], [], 0
    for _ in range(args.rounds):
        server = Server(name)
        client = server.client()
        server.fill(args.keys)
        client("CONFIG", "SET", "maxmemory-policy", policy)
        held = int(client.info("used_memory")) - int(client.info("mem_not_counted_for_evict"))
        client("CONFIG", "SET", "maxmemory", held)
        sets(server, args, 0)
        before = int(client.info("evicted_keys"))
        full.append(sets(server, args, 1))
        evicted += int(client.info("evicted_keys")) - before
        client("CONFIG", "SET", "maxmemory", 0)
        free.append(sets(server, args, 2))
        server.stop()
    return [name, policy, "%.2f" % (evicted / args.rounds / args.requests), "%.3f" % statistics.median(free),
            "%.3f" % statistics.median(full), "%.2f" % statistics.median(b / a for a, b in zip(free, full))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, "larder,larder-libev", 3)
    parser.add_argument("--keys", type=int, default=1000000)
    parser.add_argument("--policies", default="allkeys-lru,allkeys-lfu,allkeys-fifo,allkeys-random")
    parser.add_argument("--requests", type=int, default=500000, help="SETs per run")
    args = parser.parse_args()
    print_table(["server", "policy", "evictions per SET", "CPU µs per SET without a limit", "at the limit", "ratio"],
                [measure(name, policy, args) for policy in args.policies.split(",") for name in chosen(args)])


if __name__ == "__main__":
    main()
