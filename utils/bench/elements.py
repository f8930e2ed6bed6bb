#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""RSS per element of lists, hashes, sets, sorted sets and streams. Each case uses a new server.

  elements.py [--cases 'hash*'] [--count 1000000]

Small cases: --count keys of ten elements each (hashes: five fields), so the figure includes the cost of the key. Large
cases: one key of --count elements.
"""
import argparse
import fnmatch
import time

from common import Server, add_arguments, chosen, print_table, request

BLOCK = 500  # requests sent before their replies are read


def small(command, elements, numbers):
    """A small key: each element is a tuple of words. %d in a word stands for the number of the key modulo `numbers`"""
    words = [word for element in elements for word in element]
    return lambda i: [command, "key:%012d" % i] + [w % (i % numbers) if "%" in w else w for w in words]


def large(command, *element):
    return lambda i: [command, "key"] + [word % i if "%" in word else word for word in element]


# name: (number of elements per request, function from i to request number i)
CASES = {
    "hash5": (5, small("HSET", [("field%d" % k, "val%d" % k + "%04d") for k in range(5)], 10 ** 4)),
    "list10": (10, small("RPUSH", [("item-%d-" % k + "%09d",) for k in range(10)], 10 ** 9)),
    "set10int": (10, small("SADD", [("1%d" % k + "%05d",) for k in range(10)], 10 ** 5)),
    "set10str": (10, small("SADD", [("member:%d" % k + "%04d",) for k in range(10)], 10 ** 4)),
    "zset10": (10, small("ZADD", [(str(100 + 37 * k), "member:%d" % k + "%04d") for k in range(10)], 10 ** 4)),
    "list1M": (1, large("RPUSH", "item-%011d")),
    "hash1M": (1, large("HSET", "f:%010d", "value-%010d")),
    "set1M": (1, large("SADD", "m:%010d")),
    "setint1M": (1, large("SADD", "1%07d")),
    "zset1M": (1, large("ZADD", "%07d", "m:%010d")),
    "stream1M": (1, large("XADD", "*", "field", "value-%010d")),
}


def load(client, make, count):
    for start in range(0, count, BLOCK):
        block = range(start, min(start + BLOCK, count))
        client.socket.sendall(b"".join(request(*make(i)) for i in block))
        for _ in block:
            client.reply()


def bytes_per_element(name, case, count):
    elements, make = CASES[case]
    server = Server(name)
    time.sleep(.5)
    empty = server.settled_rss()
    load(server.client(), make, count)
    full = server.settled_rss()
    server.stop()
    return (full - empty) / (count * elements)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, "larder,redis", 1)
    parser.add_argument("--cases", default="*", help="patterns, comma-separated, from: " + ", ".join(CASES))
    parser.add_argument("--count", type=int, default=1000000)
    args = parser.parse_args()
    names = chosen(args)
    cases = [c for c in CASES if any(fnmatch.fnmatch(c, p) for p in args.cases.split(","))]
    print_table(["RSS bytes per element"] + names,
                [[case] + ["%.1f" % bytes_per_element(name, case, args.count) for name in names] for case in cases])


if __name__ == "__main__":
    main()
