#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The cost of a second thread: one server with two threads against two servers with one thread, on the same two cores.

  threads.py [--pipelines 1,16,64]

The servers are not bound to a core. Four load generators run, two on each core; all four load the one server, or two load
each of the two servers. The kernel's work is the same in both cases. The difference is what two threads share: the store
and its locks. CPU time is that of the servers, per operation.
"""
import argparse
import statistics
import sys

from common import CORES, Server, add_arguments, chosen, finish, print_table


def run(servers, pipeline, args):
    """CPU time of all servers together per operation, in µs"""
    before = sum(s.cpu() for s in servers)
    loads = [servers[i % len(servers)].loadgen("-k", args.keys, "-P", pipeline, "-c", 25, "-s", args.seconds, core=core)
             for core in CORES[:2] for i in range(2)]
    ops = sum(finish(load)["ops"] for load in loads)
    return (sum(s.cpu() for s in servers) - before) * 1e6 / ops


def measure(name, args):
    apart, shared = [Server(name, 1, pin=False), Server(name, 1, pin=False)], [Server(name, 2)]
    for server in apart + shared:
        server.fill(args.keys)
    rows = []
    for pipeline in map(int, args.pipelines.split(",")):
        rounds = [(run(apart, pipeline, args), run(shared, pipeline, args)) for _ in range(args.rounds)]
        one, two = (statistics.median(column) for column in zip(*rounds))
        ratio = statistics.median(two / one for one, two in rounds)
        rows.append([name, str(pipeline), "%.3f" % one, "%.3f" % two, "%.2f" % ratio])
    for server in apart + shared:
        server.stop()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, "larder,larder-libev")
    parser.add_argument("--pipelines", default="1,16,64")
    parser.add_argument("--keys", type=int, default=1000000)
    parser.add_argument("--seconds", type=int, default=2)
    args = parser.parse_args()
    if len(CORES) < 2:
        sys.exit("this needs two cores")
    print_table(["server", "pipeline", "two servers, CPU µs", "one server of two threads", "ratio"],
                [row for name in chosen(args) for row in measure(name, args)])


if __name__ == "__main__":
    main()
