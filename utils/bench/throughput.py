#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""CPU time per operation of several servers, in interleaved rounds.

  throughput.py                                  GET:SET 9:1 at pipeline 1, 16 and 64
  throughput.py --threads 2                      the same, of servers with two threads
  throughput.py --connections 500 --keys 10000000 --key-bytes 8 --value-bytes 1024
  throughput.py --commands ping,set,get          command by command, pipeline 16, with redis-benchmark

Each server is started and filled once; then one run follows another, server by server, round by round. The figures are
medians over the rounds; "x redis" is the median of the rounds' ratios to the last server named. CPU time is the
server's own, of all its threads, user and system: it hardly moves with what else the machine does.
"""
import argparse
import csv
import io
import statistics
import subprocess

from common import Server, add_arguments, chosen, median_ratio, print_table, turns

KEY, VALUE = "key:__rand_int__", "x" * 32
COMMANDS = {
    "ping": ["PING"],
    "get": ["GET", KEY],
    "set": ["SET", KEY, VALUE],
    "setex": ["SET", KEY, VALUE, "EX", "1000"],
    "incr": ["INCR", "counter:__rand_int__"],
    "expire": ["EXPIRE", KEY, "1000"],
    "mget": ["MGET"] + [KEY] * 10,
    "mset": ["MSET"] + [KEY, VALUE] * 10,
}
SPACE = 100000  # keys of the commands


def run_loadgen(server, pipeline, args):
    return server.load("-c", args.connections, "-P", pipeline, "-k", args.keys * (2 if args.misses else 1), "-d", args.value_bytes,
                       "-K", args.key_bytes, "-w", 0 if args.misses else 10, "-n", args.requests * min(int(pipeline), 10))


def run_command(server, name, args):
    words = COMMANDS[name]
    n = args.requests * (1 if len(words) > 6 else 5)
    argv = server.on_client_core("redis-benchmark", "-p", str(server.port), "-c", "50", "-P", "16", "-n", str(n), "-r", str(SPACE),
                                 "--csv", *words)
    before = server.cpu()
    out = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    row = list(csv.reader(io.StringIO(out)))[-1]
    return {"cpu_us": (server.cpu() - before) * 1e6 / n, "ops_s": float(row[1]), "p99": float(row[6]) * 1000}


def measure(servers, workload, run, args):
    """Rows of a table"""
    results = {s.name: [] for s in servers}
    for _, server in turns(servers, args.rounds):
        results[server.name].append(run(server, workload, args))
    reference = [r["cpu_us"] for r in results[servers[-1].name]]
    for name, all_rounds in results.items():
        cpu = [r["cpu_us"] for r in all_rounds]
        yield [str(workload), name, "%.3f" % statistics.median(cpu), "%.2f" % median_ratio(cpu, reference),
               "%.0f%%" % ((max(cpu) - min(cpu)) / statistics.median(cpu) * 100),
               "%.0f" % statistics.median(r["ops_s"] for r in all_rounds),
               "%.0f" % statistics.median(r["p99"] for r in all_rounds)]


def fill(server, args):
    server.fill(args.keys, args.value_bytes, "-K", args.key_bytes)
    if args.commands:
        subprocess.run(["redis-benchmark", "-p", str(server.port), "-q", "-P", "64", "-n", str(SPACE * 5), "-r", str(SPACE)] +
                       COMMANDS["set"], check=True, stdout=subprocess.DEVNULL)


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
    parser.add_argument("--commands", help="of: " + ", ".join(COMMANDS) + "; or all")
    parser.add_argument("--requests", type=int, default=100000, help="of one run at pipeline 1; others get more")
    args = parser.parse_args()
    if args.commands == "all":
        args.commands = ",".join(COMMANDS)
    servers = [Server(name, args.threads) for name in chosen(args)]
    rows = []
    for server in servers:
        fill(server, args)
    for workload in (args.commands or args.pipelines).split(","):
        rows += measure(servers, workload, run_command if args.commands else run_loadgen, args)
    print_table(["command" if args.commands else "pipeline", "server", "CPU µs per operation", "x " + servers[-1].name, "spread",
                 "operations/s", "p99 µs"], rows)


if __name__ == "__main__":
    main()
