#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""CPU time per operation of several servers, in interleaved rounds.

  throughput.py                                  GET:SET 9:1 at pipeline 1, 16 and 64
  throughput.py --threads 2                      the same, of servers with two threads
  throughput.py --connections 500 --keys 10000000 --key-bytes 8 --value-bytes 1024

Each server is started and filled once; then one run follows another, server by server, round by round. The figures are
medians over the rounds; "x redis" is the median of the rounds' ratios to the last server named. CPU time is the
server's own, of all its threads, user and system: it hardly moves with what else the machine does.
"""
import argparse
import statistics

from common import Server, add_arguments, chosen, median_ratio, print_table, turns


def run(server, pipeline, args):
    return server.load("-c", args.connections, "-P", pipeline, "-k", args.keys * (2 if args.misses else 1), "-d", args.value_bytes,
                       "-K", args.key_bytes, "-w", 0 if args.misses else 10, "-n", args.requests * min(int(pipeline), 10))


def measure(servers, pipeline, args):
    """Rows of a table"""
    results = {s.name: [] for s in servers}
    for _, server in turns(servers, args.rounds):
        results[server.name].append(run(server, pipeline, args))
    reference = [r["cpu_us"] for r in results[servers[-1].name]]
    for name, all_rounds in results.items():
        cpu = [r["cpu_us"] for r in all_rounds]
        yield [pipeline, name, "%.3f" % statistics.median(cpu), "%.2f" % median_ratio(cpu, reference),
               "%.0f%%" % ((max(cpu) - min(cpu)) / statistics.median(cpu) * 100),
               "%.0f" % statistics.median(r["ops_s"] for r in all_rounds),
               "%.0f" % statistics.median(r["p99"] for r in all_rounds)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--pipelines", default="1,16,64")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keys", type=int, default=1000000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--key-bytes", type=int, default=16)
    parser.add_argument("--value-bytes", type=int, default=32)
    parser.add_argument("--misses", action="store_true", help="GET alone, and half of the keys are not there")
    parser.add_argument("--requests", type=int, default=100000, help="of one run at pipeline 1; others get more")
    args = parser.parse_args()
    servers = [Server(name, args.threads) for name in chosen(args)]
    rows = []
    for server in servers:
        server.fill(args.keys, args.value_bytes, "-K", args.key_bytes)
    for pipeline in args.pipelines.split(","):
        rows += measure(servers, pipeline, args)
    print_table(["pipeline", "server", "CPU µs per operation", "x " + servers[-1].name, "spread",
                 "operations/s", "p99 µs"], rows)


if __name__ == "__main__":
    main()
