#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""CPU time per operation of several servers, in interleaved rounds.

  throughput.py                                  GET:SET 9:1 at pipeline 1, 16 and 64
  throughput.py --threads 2                      the same for servers with two threads
  throughput.py --connections 500 --keys 10000000 --key-bytes 8 --value-bytes 1024

Each server is started and filled once. Then each round runs the load once on each server. The figures are medians over
the rounds. "x redis" is the ratio to the last server in the list, as the median over the rounds. CPU time is the user and
system time of all threads of the server. It is hardly affected by other load on the machine.
"""
import argparse
import statistics

from common import Server, add_arguments, chosen, median_ratio, print_table, turns


def run(server, pipeline, args):
    return server.load("-c", args.connections, "-P", pipeline, "-k", args.keys * (2 if args.misses else 1), "-d", args.value_bytes,
                       "-K", args.key_bytes, "-w", 0 if args.misses else 10, "-n", args.requests * min(int(pipeline), 10))


def measure(servers, pipeline, args):
    """Yields the rows of the table"""
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
    parser.add_argument("--misses", action="store_true", help="send only GET, for keys of which half do not exist")
    parser.add_argument("--requests", type=int, default=100000, help="number per run at pipeline 1; others send up to 10 times more")
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
