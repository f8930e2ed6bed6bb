#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Hit ratios on access traces, compared with exact policies that hold the same number of keys.

  hitratio.py --traces DIR [--policies allkeys-lru,allkeys-lfu,allkeys-fifo] [--percent 10]

Each trace is replayed as an application would: GET, and SET after a miss. maxmemory is set so that the cache holds
--percent of the trace's distinct keys. DBSIZE is sampled during the run, and the exact policy is simulated with the mean
number of keys. A trace is a file NAME.u32.zst (or .u32) of little-endian 32-bit key numbers. DIR defaults to
$LARDER_TRACES. The exact LFU uses dynamic ageing. Differences are in percentage points.
"""
import argparse
import array
import collections
import glob
import heapq
import os
import shutil
import statistics
import subprocess
import sys

from common import Server, add_arguments, chosen, print_table

BATCH = 32            # requests in flight; fewer for small caches
CACHE_BYTES = 4 << 20  # minimum size, so that one key is a small part of maxmemory
SAMPLES = 50          # of DBSIZE per trace


def read_trace(path, limit):
    if path.endswith(".zst"):
        raw = subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    else:
        with open(path, "rb") as f:
            raw = f.read()
    trace = array.array("I", raw[:limit * 4])
    if sys.byteorder == "big":
        trace.byteswap()
    return trace


# ---- the exact policies: number of hits with space for `room` keys ----

def exact_lru(trace, room, moves=True):
    held, hits = collections.OrderedDict(), 0
    for k in trace:
        if k in held:
            hits += 1
            if moves:
                held.move_to_end(k)
            continue
        if len(held) >= room:
            held.popitem(last=False)
        held[k] = None
    return hits


def exact_fifo(trace, room):
    return exact_lru(trace, room, False)


def exact_lfu(trace, room):
    """Uses a heap with lazy updates: an entry whose key was used after the push is ignored when popped"""
    count, place, heap, age, hits = {}, {}, [], 0, 0
    for now, k in enumerate(trace):
        if k in count:
            hits += 1
            count[k] += 1
        else:
            while len(count) >= room:
                at, when, victim = heapq.heappop(heap)
                if place.get(victim) == (at, when):
                    age = at
                    del count[victim], place[victim]
            count[k] = 1
        place[k] = (age + count[k], now)
        heapq.heappush(heap, (*place[k], k))
    return hits


EXACT = {"lru": exact_lru, "fifo": exact_fifo, "lfu": exact_lfu}


# ---- the server ----

def batches(trace, limit):
    """Yields (index, keys): up to `limit` keys, all distinct, because a repeated key would miss before its SET"""
    start, keys = 0, {}
    for i, k in enumerate(trace):
        if len(keys) == limit or k in keys:
            yield start, list(keys)
            start, keys = i, {}
        keys[k] = None
    yield start, list(keys)


class Cache:
    """A server that receives the requests of a trace"""

    def __init__(self, server, value_bytes):
        self.client = server.client()
        self.value = b"%d\r\n%s\r\n" % (value_bytes, b"v" * value_bytes)

    def set_all(self, keys):
        self.client.socket.sendall(b"".join(b"*3\r\n$3\r\nSET\r\n$9\r\nk%08d\r\n$%s" % (k, self.value) for k in keys))
        for _ in keys:
            self.client.reply()

    def ask(self, keys):
        """Returns the keys that missed"""
        self.client.socket.sendall(b"".join(b"*2\r\n$3\r\nGET\r\n$9\r\nk%08d\r\n" % k for k in keys))
        return [k for k in keys if self.client.reply() is None]

    def counted(self):
        return int(self.client.info("used_memory")) - int(self.client.info("mem_not_counted_for_evict"))

    def replay(self, trace, batch):
        """Returns the number of hits and the mean of DBSIZE once the cache is full"""
        hits, sizes, next_sample = 0, [], len(trace) // 10
        for i, keys in batches(trace, batch):
            missed = self.ask(keys)
            hits += len(keys) - len(missed)
            if missed:
                self.set_all(missed)
            if i >= next_sample:
                sizes.append(self.client("DBSIZE"))
                next_sample += len(trace) // SAMPLES
        return hits, round(statistics.mean(sizes or [self.client("DBSIZE")]))


def measure(name, policy, trace, room):
    """Returns the hit ratio and the number of keys held"""
    server = Server(name)
    cache = Cache(server, min(16384, max(100, CACHE_BYTES // room)))
    empty = cache.counted()
    for i in range(0, room, 1000):
        cache.set_all(range(i, min(i + 1000, room)))
    full = cache.counted()
    cache.client("FLUSHALL", "SYNC")
    cache.client("CONFIG", "SET", "maxmemory-policy", policy)
    cache.client("CONFIG", "SET", "maxmemory", full - empty + cache.counted())
    hits, held = cache.replay(trace, max(1, min(BATCH, room // 8)))
    server.stop()
    return hits / len(trace), held


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, "larder", 1)
    parser.add_argument("--traces", default=os.environ.get("LARDER_TRACES"))
    parser.add_argument("--policies", default="allkeys-lru,allkeys-lfu,allkeys-fifo,allkeys-random")
    parser.add_argument("--percent", type=float, default=10)
    parser.add_argument("--requests", type=int, default=1500000, help="maximum number per trace")
    args = parser.parse_args()
    paths = sorted(glob.glob(os.path.join(args.traces or "", "*.u32*")))
    if not args.traces or not paths:
        print("skipped: no traces (set --traces or LARDER_TRACES to their folder)")
        return
    if shutil.which("zstd") is None:
        print("skipped: zstd is not installed")
        return
    rows, off = [], collections.defaultdict(list)
    for path in paths:
        trace = read_trace(path, args.requests)
        room = max(1, round(len(set(trace)) * args.percent / 100))
        for name in chosen(args):
            for policy in args.policies.split(","):
                got, held = measure(name, policy, trace, room)
                exact = EXACT.get(policy.split("-")[1])
                best = exact(trace, held) / len(trace) if exact else None
                if exact:
                    off[name, policy].append((got - best) * 100)
                rows.append([os.path.basename(path).split(".")[0], name, policy, "%d" % room, "%d" % held, "%.2f" % (got * 100)] +
                            (["%.2f" % (best * 100), "%+.2f" % ((got - best) * 100)] if exact else ["", ""]))
    print_table(["trace", "server", "policy", "wanted", "held", "hit %", "exact %", "difference"], rows)
    print_table(["server", "policy", "mean difference", "worst", "best"],
                [[*key, "%+.2f" % statistics.mean(v), "%+.2f" % min(v), "%+.2f" % max(v)] for key, v in off.items()])


if __name__ == "__main__":
    main()
