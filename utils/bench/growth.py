#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Latencies that a client sees while the keyspace grows from empty: one connection sends SETs at pipeline depth 16.

  growth.py [--keys 20000000]

A latency is that of 16 requests together. It includes disturbances by other processes; growth (growth.c) excludes them.
"""
import argparse

from common import Server, add_arguments, chosen, print_table


def measure(name, args):
    server = Server(name)
    r = server.load("-l", "-k", args.keys, "-c", 1, "-P", 16)
    server.stop()
    return [name] + ["%.0f" % r[k] for k in ("p50", "p99", "p999", "max")] + ["%.3f" % r["cpu_us"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, "larder,redis", 1)
    parser.add_argument("--keys", type=int, default=20000000)
    args = parser.parse_args()
    print_table(["server", "p50 µs", "p99", "p99.9", "longest", "CPU µs per SET"], [measure(name, args) for name in chosen(args)])


if __name__ == "__main__":
    main()
