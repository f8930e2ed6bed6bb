#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A million keys that expire at the same moment: time until they are removed, and the effect on other clients.

  expiry.py [--threads 2]

The server also holds other keys, which 20 connections request at a fixed rate (GET:SET 9:1; latency counts from the
moment the request was scheduled). The run is cut into slices of two seconds. The table compares the median p99 of the
slices before the expiry with the slice that begins at the expiry.
"""
import argparse
import statistics
import time

from common import Server, add_arguments, chosen, finish, print_table

SLICE = 2  # seconds
BEFORE, AFTER = 4, 2
LEAD = 1.5  # seconds for starting the load


def drained(client, keys, empty, limit=20):
    """Seconds from now until only `keys` keys are left, and until INFO reports no more used memory than `empty`"""
    start = time.time()
    gone = None
    while time.time() - start < limit:
        if gone is None and client("DBSIZE") <= keys:
            gone = time.time() - start
        if gone is not None and int(client.info("used_memory")) <= empty:
            return gone, time.time() - start
        time.sleep(.02)
    return gone, None


def measure(name, args):
    server = Server(name, args.threads)
    client = server.client()
    server.fill(args.others)
    empty = int(client.info("used_memory"))
    begin = time.time() + args.keys / 60000 + LEAD
    due = begin + BEFORE * SLICE
    server.fill(args.keys, 32, "-x", int(due * 1000))
    full = int(client.info("used_memory"))
    if time.time() > begin:
        raise RuntimeError("loading took too long: use fewer --keys")
    time.sleep(begin - time.time())
    load = server.loadgen("-c", 20, "-k", args.others, "-R", args.rate, "-i", SLICE * 1000, "-s", (BEFORE + AFTER) * SLICE + .1)
    time.sleep(due - time.time())
    gone, freed = drained(client, args.others, empty + (full - empty) // 20)
    slices = finish(load)["timeline"]
    server.stop()
    before = statistics.median(s[3] for s in slices[1:BEFORE])
    after = slices[BEFORE]
    seconds = ["never" if t is None else "%.2f" % t for t in (gone, freed)]
    return [name, str(args.threads)] + seconds + ["%.0f" % before, "%.0f" % after[3], "%.2f" % (after[3] / before), "%.0f" % after[4]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, rounds=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keys", type=int, default=1000000)
    parser.add_argument("--others", type=int, default=200000)
    parser.add_argument("--rate", type=int, default=5000, help="requests per second")
    args = parser.parse_args()
    print_table(["server", "threads", "keys gone after s", "95 % of their memory after s", "p99 before, µs", "p99 meanwhile, µs", "ratio",
                 "max meanwhile, µs"],
                [measure(name, args) for _ in range(args.rounds) for name in chosen(args)])


if __name__ == "__main__":
    main()
