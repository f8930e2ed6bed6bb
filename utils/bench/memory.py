#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""RSS per string key. Each case uses a new server, filled with 16-byte keys and random values.

  memory.py [--keys 2000000] [--values 8,32,128]
"""
import argparse
import time

from common import Server, add_arguments, chosen, print_table


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, "larder,redis", 1)
    parser.add_argument("--keys", type=int, default=2000000)
    parser.add_argument("--values", default="8,32,128", help="sizes in bytes, comma-separated")
    args = parser.parse_args()
    cases = [(v, ttl) for ttl in (False, True) for v in map(int, args.values.split(","))]
    print_table(["RSS bytes per key"] + ["%d-byte value%s" % (v, ", TTL" if ttl else "") for v, ttl in cases],
                [[name] + ["%.1f" % bytes_per_key(name, args, *case) for case in cases] for name in chosen(args)])


if __name__ == "__main__":
    main()
