# SPDX-License-Identifier: BSD-3-Clause
"""maxmemory: errors without a policy, eviction with one, and which keys are evicted."""
import os
import time

from harness import LIBC, Skip, case, contains, equal, expect

MB = 1 << 20
VALUE = "x" * 1000


def fill(c, first, n, *more):
    """Sets keys from first on; -> the replies"""
    replies = []
    for at in range(first, first + n, 1000):
        part = range(at, min(at + 1000, first + n))
        c.send_raw(b"".join(c.encode(("SET", "k%d" % i, VALUE) + more) for i in part))
        replies += [c.read() for _ in part]
    return replies


def kept(c, first, n):
    """How many of the keys are there"""
    return c.ask("EXISTS", *("k%d" % i for i in range(first, first + n)))


def limit(t, c, more):
    """Sets maxmemory to what is used now and so many bytes more; -> the limit"""
    size = c.number("used_memory") + more
    c.set("maxmemory", size)
    return size


@case("noeviction: at the limit writes fail, reads and deletes work, then writes work again", engines=False)
def noeviction(t):
    c = t.server("--threads", 2).client()
    limit(t, c, 8 * MB)
    replies = fill(c, 0, 12000)
    errors = [r for r in replies if r[0] == "-"]
    expect(0 < len(errors) < 12000, "%d of 12000 writes fail" % len(errors))
    contains(errors[0][1], b"OOM command not allowed when used memory > 'maxmemory'")
    equal(len(set(errors)), 1, "kinds of errors")
    count = c.ask("DBSIZE")
    equal(count, 12000 - len(errors), "DBSIZE")
    equal(c.ask("GET", "k0"), VALUE.encode(), "GET")
    expect(c.number("evicted_keys") == 0, "keys were evicted")
    equal(c.ask("DEL", *("k%d" % i for i in range(2000))), 2000, "DEL")
    t.wait(lambda: c.cmd("SET", "again", "x")[0] == "+", "a write that succeeds")
    c.set("maxmemory", 0)
    expect(all(r[0] == "+" for r in fill(c, 30000, 3000)), "writes fail without a limit")


def eviction(t, policy, expires):
    c = t.server("--threads", 2, "--maxmemory-policy", policy).client()
    size = limit(t, c, 8 * MB)
    for i in range(8):
        replies = fill(c, i * 2000, 2000, *(("EX", str(10000 + i)) if expires else ()))
        expect(all(r[0] == "+" for r in replies), "a write fails: %r" % [r for r in replies if r[0] == "-"][:1])
        expect(c.number("used_memory") < size + 2 * MB, "used_memory is %d with maxmemory %d" %
               (c.number("used_memory"), size))
    t.wait(lambda: c.number("evicted_keys") + c.ask("DBSIZE") == 16000, "as many evicted_keys as keys that are missing")
    expect(c.number("used_memory") > size - 4 * MB, "it evicts more than it has to")
    return c, size


def add(policy, expires):
    @case("%s keeps the memory at maxmemory" % policy, engines=False)
    def run(t):
        eviction(t, policy, expires)


for word in ("lru", "lfu", "random", "fifo"):
    add("allkeys-" + word, False)
for word in ("lru", "lfu", "random", "fifo", "ttl"):
    add("volatile-" + word, True)


@case("volatile policies evict only keys with a time to live, and refuse writes when there are none", engines=False)
def volatile_only(t):
    c = t.server("--threads", 2, "--maxmemory-policy", "volatile-lru").client()
    fill(c, 0, 3000)
    limit(t, c, 4 * MB)
    expect(all(r[0] == "+" for r in fill(c, 100000, 6000, "EX", "1000")), "a write fails")
    equal(kept(c, 0, 3000), 3000, "keys without a time to live")
    replies = fill(c, 120000, 10000)
    expect(replies[0][0] == "+" and replies[-1][0] == "-", "no writes are refused")
    equal(kept(c, 0, 3000), 3000, "keys without a time to live")
    equal(kept(c, 100000, 6000), 0, "keys with one")


@case("allkeys-lru keeps the keys that are used", engines=False)
def lru_keeps(t):
    c = t.server("--threads", 2, "--maxmemory-policy", "allkeys-lru").client()
    limit(t, c, 8 * MB)
    fill(c, 0, 1000)
    for i in range(20):
        fill(c, 10000 + i * 1000, 1000)
        c.ask("MGET", *("k%d" % k for k in range(1000)))
    expect(kept(c, 0, 1000) > 800, "only %d of 1000 keys in use are left" % kept(c, 0, 1000))


@case("a lower maxmemory and another policy take effect at run time", engines=False)
def lower(t):
    c, size = eviction(t, "allkeys-lru", False)
    c.set("maxmemory", size - 5 * MB)
    t.wait(lambda: c.cmd("SET", "x", "x") and c.number("used_memory") < size - 4 * MB, "the memory to go down")
    c.set("maxmemory-policy", "noeviction")
    c.set("maxmemory", size - 7 * MB)
    contains(c.error("SET", "k0", VALUE), "OOM")
    c.set("maxmemory-policy", "allkeys-random")
    c.ask("SET", "k0", VALUE)


@case("concurrent writers on all workers stay within maxmemory")
def many_writers(t):
    s = t.server("--threads", 4, "--maxmemory-policy", "allkeys-lru")
    clients = [s.client() for _ in range(8)]
    size = limit(t, clients[0], 8 * MB)
    for i in range(4):
        for j, c in enumerate(clients):
            c.s.sendall(b"".join(c.encode(("SET", "k%d" % (j * 10000 + i * 1000 + k), VALUE)) for k in range(500)))
        for c in clients:
            expect(all(c.read() == ("+", b"OK") for _ in range(500)), "a write fails")
        expect(clients[0].number("used_memory") < size + 2 * MB, "used_memory is %d with maxmemory %d" %
               (clients[0].number("used_memory"), size))
    equal(clients[0].number("evicted_keys") > 0, True, "evicted_keys > 0")


def counted(c):
    """Bytes that count towards maxmemory"""
    return c.number("used_memory") - c.number("mem_not_counted_for_evict")


@case("values of 1 MB, set singly and in transactions, stay within maxmemory", engines=False)
def large_values(t):
    c = t.server("--threads", 2, "--maxmemory-policy", "allkeys-lru", "--maxmemory", 20 * MB).client()
    value = "x" * MB
    for i in range(60):
        c.ask("SET", "k%d" % i, value)
        expect(counted(c) <= 20 * MB, "%d bytes with maxmemory %d" % (counted(c), 20 * MB))
    for i in range(10):
        c.ask("MULTI")
        for j in range(5):
            c.ask("SET", "t%d-%d" % (i, j), value)
        equal(c.ask("EXEC"), [("+", b"OK")] * 5, "EXEC")
        expect(counted(c) <= 20 * MB, "%d bytes with maxmemory %d" % (counted(c), 20 * MB))
    expect(c.ask("DBSIZE") >= 13, "only %d keys are left" % c.ask("DBSIZE"))  # of 16 that fit, 1.25 MB each


@case("MEMORY USAGE of a large value counts what may be written to its block, as in Redis", engines=False)
def usage(t):
    c = t.server("--threads", 1).client()
    for n in (15000, 33000, 100000, MB):
        c.ask("SET", "k", "x" * n)
        usage = c.ask("MEMORY", "USAGE", "k")
        expect(n < usage < n * 1.25 + 1024, "%d bytes for a value of %d" % (usage, n))


@case("a value larger than maxmemory is refused, as in Redis, and evicts nothing", engines=False)
def too_large(t):
    c = t.server("--threads", 1, "--maxmemory-policy", "allkeys-lru", "--maxmemory", 4 * MB).client()
    c.ask("SET", "small", "x")
    contains(c.error("SET", "large", "x" * (8 * MB)), "OOM")
    c.ask("SET", "next", "x")
    equal(c.ask("EXISTS", "small", "next", "large"), 2, "keys that are left")
    equal(c.number("evicted_keys"), 0, "evicted_keys")


@case("replies that are not read evict no keys", engines=False)
def slow_reader(t):
    s = t.server("--threads", 1, "--maxmemory-policy", "allkeys-lru")
    c, slow = s.client(), s.client()
    fill(c, 0, 3000)
    c.ask("SET", "large", "x" * MB)
    c.set("maxmemory", counted(c) + MB)
    slow.send_raw(slow.encode(("GET", "large")) * 50)
    for _ in range(20):
        c.ask("SET", "k0", VALUE)
    equal(c.number("evicted_keys"), 0, "evicted_keys")
    equal(c.ask("DBSIZE"), 3001, "DBSIZE")


@case("INFO has the hit ratio, in total and recently, and the age of evicted keys", engines=False)
def published_hit_ratios(t):
    c = t.server("--threads", 2, "--maxmemory-policy", "allkeys-lru").client()
    equal([c.info("keyspace_hit_ratio" + s) for s in ("", "_1m", "_15m")], ["0.0000"] * 3, "hit ratios of nothing")
    c.ask("SET", "k", "x")
    for key in ("k", "k", "k", "missing"):
        c.ask("GET", key)
    equal([c.info("keyspace_hit_ratio" + s) for s in ("", "_1m", "_15m")], ["0.7500"] * 3, "hit ratios")
    c.ask("CONFIG", "RESETSTAT")
    c.ask("GET", "missing")
    equal([c.info("keyspace_hit_ratio" + s) for s in ("", "_1m", "_15m")], ["0.0000"] * 3, "hit ratios after a reset")
    equal(c.info("eviction_age"), "0", "eviction_age of nothing")
    fill(c, 0, 3000)
    time.sleep(2.1)
    c.set("maxmemory", counted(c) - MB)
    t.wait(lambda: c.ask("PING") and c.number("evicted_keys") > 0, "an eviction")
    expect(2 <= c.number("eviction_age") <= 2 + t.limit, "eviction_age is %s" % c.info("eviction_age"))


@case("in a cgroup with a memory limit the start logs a warning, unless maxmemory is set", engines=False)
def cgroup(t):
    group = "/sys/fs/cgroup/memory/larder-test-%d" % os.getpid()
    name = "memory.limit_in_bytes"
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        group, name = "/sys/fs/cgroup/larder-test-%d" % os.getpid(), "memory.max"
    try:
        os.mkdir(group)
        with open(group + "/" + name, "w") as f:
            f.write(str(512 * MB))
    except OSError as e:
        raise Skip("no cgroup can be made here: %s" % e) from None

    def enter():
        with open(group + "/cgroup.procs", "w") as f:
            f.write(str(os.getpid()))
    s = t.server(prepare=enter)
    equal(len(s.lines("The cgroup allows 512 MiB of memory")), 1, "lines about the cgroup")
    s.stop()
    s = t.server("--maxmemory", "50%", prepare=enter)
    equal(len(s.lines("The cgroup allows")), 0, "lines about the cgroup")
    equal(s.client().get("maxmemory"), str(256 * MB), "maxmemory")
    s.stop()
    t.wait(lambda: gone(group), "an empty cgroup")


def gone(group):
    try:
        os.rmdir(group)
    except OSError:
        return False
    return True


@case("after fills that leave one key of each slab, size after size, RSS follows the memory in use")
def sparse_slabs(t):
    if t.sanitizer:
        raise Skip("there are no slabs in a sanitizer build")
    s = t.server("--threads", 1)
    c = s.client()
    base, used = s.resident(), c.number("used_memory")
    for size in (32, 100, 200, 400):
        value, n, step = "x" * size, 16 * MB // (size + 32), 8192 // (size + 32)
        for at in range(0, n, 1000):
            c.ask("MSET", *(word for i in range(at, at + 1000) for word in ("%d:%d" % (size, i), value)))
        for at in range(0, n, 1000):
            c.ask("DEL", *("%d:%d" % (size, i) for i in range(at, at + 1000) if i % step != 0))

    def excess():
        """What RSS has grown by beyond 1.25 of what the memory in use has grown by"""
        return s.resident() - base - (c.number("used_memory") - used) * 5 // 4
    t.wait(lambda: excess() < 4 * MB, "RSS to follow used_memory; it would be 60 MB more")
    expect(c.number("active_defrag_hits") > 0, "nothing was moved")


@case("memory of a client evicts no keys: a long name")
def long_name(t):
    c = t.server("--threads", 1, "--maxmemory-policy", "allkeys-lru").client()
    fill(c, 0, 3000)
    limit(t, c, 1 * MB)
    c.ask("CLIENT", "SETNAME", "n" * 8 * MB)
    fill(c, 0, 3000)
    equal(kept(c, 0, 3000), 3000, "keys that are left")
    expect(c.number("mem_clients_normal") >= 8 * MB, "the name is not counted as the client's")
    c.ask("CLIENT", "SETNAME", "")
    t.wait(lambda: c.number("mem_clients_normal") < MB, "the name to count no more")


@case("memory of a client evicts no keys: watched keys, with the buckets in which shards find them", engines=False)
def watched_keys(t):
    c = t.server("--threads", 1, "--maxmemory-policy", "allkeys-lru").client()
    fill(c, 0, 3000)
    before = counted(c)
    c.set("maxmemory", before + MB // 2)
    for at in range(0, 200000, 1000):
        c.ask("WATCH", *("w%d" % i for i in range(at, at + 1000)))
    expect(counted(c) - before < MB // 4, "%d bytes of the watches count as data" % (counted(c) - before))
    fill(c, 0, 3000)
    equal(kept(c, 0, 3000), 3000, "keys that are left")


def accounts(c):
    """The fields of one INFO memory that are numbers"""
    pairs = (line.split(":") for line in c.ask("INFO", "memory").decode().split("\r\n") if ":" in line)
    return {name: int(value) for name, value in pairs if value.isdigit()}


def bounded(c):
    """Bytes that maxmemory bounds: data, and what is being freed"""
    m = accounts(c)
    return m["used_memory"] - m["mem_not_counted_for_evict"] + m["mem_lazyfree_pending"]


def fill_small(c, n):
    for at in range(0, n, 1000):
        c.ask("MSET", *(word for i in range(at, at + 1000) for word in ("small%d" % i, "12345678")))


@case("after FLUSHALL of many small keys, large values take their place: nothing is evicted, the limit holds",
      engines=False)
def flushed_small(t):
    c = t.server("--threads", 2, "--maxmemory-policy", "allkeys-lru").client()
    for round in range(3):
        c.set("maxmemory", 0)
        fill_small(c, 300000)
        size = counted(c) + MB
        c.set("maxmemory", size)
        c.ask("FLUSHALL", "ASYNC")
        expect(counted(c) < size // 4, "%d bytes count as data after FLUSHALL" % counted(c))
        n = size * 3 // 4 // MB
        for i in range(n):
            c.ask("SET", "large%d" % i, "x" * (MB - 100000))
            expect(bounded(c) < size + 2 * MB, "%d bytes with maxmemory %d" % (bounded(c), size))
        equal(c.number("evicted_keys"), 0, "evicted_keys")
        equal(c.ask("DBSIZE"), n, "DBSIZE")
        t.wait(lambda: accounts(c)["mem_lazyfree_pending"] == 0, "the flushed keys to be freed")
        c.ask("FLUSHALL", "SYNC")


@case("large sets that are copied and deleted in a loop evict nothing, and the limit holds", engines=False)
def copied_and_deleted(t):
    c = t.server("--threads", 2, "--maxmemory-policy", "allkeys-lru").client()
    fill(c, 0, 3000)
    for at in range(0, 60000, 1000):
        c.ask("SADD", "set", *("member%d" % i for i in range(at, at + 1000)))
    set_size = c.ask("MEMORY", "USAGE", "set")
    size = counted(c) + 3 * set_size
    c.set("maxmemory", size)
    for _ in range(40):
        equal(c.ask("COPY", "set", "copy"), 1, "COPY")
        expect(bounded(c) < size + 2 * set_size, "%d bytes with maxmemory %d" % (bounded(c), size))
        equal(c.ask("DEL", "copy"), 1, "DEL")
    equal(c.number("evicted_keys"), 0, "evicted_keys")
    equal(c.ask("DBSIZE"), 3001, "DBSIZE")
    t.wait(lambda: accounts(c)["mem_lazyfree_pending"] == 0, "the copies to be freed")


def bomb(n):
    """A DUMP of a string of 264 * n + 1 bytes that LZF has compressed to a hundredth; it has no checksum"""
    packed = b"\0a" + b"\xe0\xff\0" * n
    lengths = b"".join(b"\x80" + size.to_bytes(4, "big") for size in (len(packed), 264 * n + 1))
    return b"\0\xc3" + lengths + packed + b"\x09\0" + bytes(8)


@case("RESTORE of a string that was compressed well passes neither maxmemory nor proto-max-bulk-len", engines=False)
def restore_bomb(t):
    c = t.server("--threads", 1, "--maxmemory", 20 * MB, "--enable-debug-command", "yes").client()
    c.ask("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "1")
    c.ask("RESTORE", "fits", "0", bomb(20000))
    equal(c.ask("STRLEN", "fits"), 264 * 20000 + 1, "STRLEN")
    c.set("maxmemory-policy", "allkeys-lru")
    contains(c.error("RESTORE", "k", "0", bomb(200000)), "OOM")
    c.ask("MULTI")
    c.ask("RESTORE", "k", "0", bomb(200000))
    contains(c.ask("EXEC")[0][1], b"OOM")
    equal(c.ask("EXISTS", "fits", "k"), 1, "keys: what can never fit evicts nothing")
    c.set("proto-max-bulk-len", 4 * MB)
    contains(c.error("RESTORE", "k", "0", bomb(20000)), "string exceeds maximum allowed size (proto-max-bulk-len)")
    expect(c.number("used_memory_peak") < 30 * MB, "used_memory_peak is %d" % c.number("used_memory_peak"))


def made(policy):
    @case("%s: what commands make of small arguments stays within maxmemory, alone and in EXEC" % policy,
          engines=False)
    def run(t):
        c = t.server("--threads", 2, "--maxmemory-policy", policy, "--maxmemory", 50 * MB).client()
        fill(c, 0, 3000)
        commands = [("SETRANGE", "s%d" % i, str(3 * MB), "x") for i in range(30)]
        commands += [("COPY", "s0", "c%d" % i) for i in range(10)] + [("BITOP", "NOT", "b%d" % i, "s1") for i in range(10)]
        for words in commands:
            c.cmd(*words)
            expect(bounded(c) <= 50 * MB + MB, "%d bytes after %s" % (bounded(c), words[0]))
        c.ask("FLUSHALL")
        expect(accounts(c)["mem_lazyfree_pending"] == 0 and bounded(c) < MB, "FLUSHALL replies before the memory is free")
        c.ask("MULTI")
        for words in commands:
            c.ask(*words)
        replies = c.ask("EXEC")
        expect(0 < len([r for r in replies if r[0] == "-"]) < len(commands), "errors of EXEC")
        expect(bounded(c) <= 50 * MB + MB, "%d bytes after EXEC" % bounded(c))


made("noeviction")
made("allkeys-lru")


@case("DEBUG POPULATE stays within maxmemory: it evicts, or is refused", engines=False)
def populated(t):
    c = t.server("--threads", 2, "--maxmemory", 4 * MB, "--enable-debug-command", "yes").client()
    contains(c.error("DEBUG", "POPULATE", 200000), "OOM")
    expect(bounded(c) <= 5 * MB, "%d bytes without a policy" % bounded(c))
    c.set("maxmemory-policy", "allkeys-lru")
    c.ask("DEBUG", "POPULATE", 200000, "more")
    expect(bounded(c) <= 5 * MB, "%d bytes" % bounded(c))
    equal(c.ask("EXISTS", "more:199999"), 1, "the last key")
    expect(c.number("evicted_keys") > 100000, "%d keys are evicted" % c.number("evicted_keys"))


@case("FLUSHALL ASYNC counts keys in lazyfreed_objects, a plain FLUSHALL none", engines=False)
def lazyfreed(t):
    c = t.server("--threads", 1).client()
    for n in (7, 20000):
        for words, counted_keys in ((("FLUSHALL", "ASYNC"), n), (("FLUSHALL",), 0), (("FLUSHDB", "SYNC"), 0)):
            fill(c, 0, n)
            c.ask("CONFIG", "RESETSTAT")
            c.ask(*words)
            t.wait(lambda: c.number("lazyfree_pending_objects") == 0, "the keys to be freed")
            equal(c.number("lazyfreed_objects"), counted_keys, "lazyfreed_objects")


@case("a deleted value that a stalled reader still gets is no data: it evicts nothing")
def pinned(t):
    s = t.server("--threads", 1, "--maxmemory-policy", "allkeys-lru")
    c, slow = s.client(), s.client()
    fill(c, 0, 3000)
    without = counted(c)
    c.ask("SET", "large", "x" * (30 * MB))
    slow.send_raw(slow.encode(("GET", "large")))
    t.wait(lambda: "cmd=get" in c.ask("CLIENT", "LIST").decode(), "the GET to run")
    equal(accounts(c)["mem_pinned_by_replies"], 0, "pinned bytes of a value that is there")
    equal(c.ask("DEL", "large"), 1, "DEL")
    expect(accounts(c)["mem_pinned_by_replies"] >= 30 * MB, "%d bytes are pinned" %
           accounts(c)["mem_pinned_by_replies"])
    expect(abs(counted(c) - without) < MB, "%d bytes of data, %d before" % (counted(c), without))
    c.set("maxmemory", without + 2 * MB)
    for _ in range(20):
        c.ask("SET", "k0", VALUE)
    equal(c.number("evicted_keys"), 0, "evicted_keys")
    slow.s.close()
    t.wait(lambda: accounts(c)["mem_pinned_by_replies"] == 0, "the value to be freed")
    equal(kept(c, 0, 3000), 3000, "keys that are left")


@case("replies and announced requests are client memory while they are made: MGET and announced arguments evict nothing",
      engines=False)
def clients_are_no_data(t):
    s = t.server("--threads", 2, "--maxmemory-policy", "allkeys-lru", "--maxclients", 2000)
    c, other = s.client(), s.client()
    fill(c, 0, 3000)
    c.set("maxmemory", counted(c) + 3 * MB)
    equal(len(c.ask("MGET", *("k%d" % (i % 3000) for i in range(20000)))), 20000, "MGET")
    crowd = [s.client() for _ in range(300)]
    for k in crowd:
        k.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\nxx")
    for _ in range(20):
        other.ask("SET", "k0", VALUE)
    equal(c.number("evicted_keys"), 0, "evicted_keys")
    for k in crowd:
        k.close()


@case("after many clients have come and gone, their memory does not count as data", engines=False)
def gone_clients(t):
    s = t.server("--threads", 4, "--maxclients", 2000)
    c = s.client()
    c.ask("SET", "large", "x" * 15000)
    for _ in range(3):
        crowd = [s.client() for _ in range(300)]
        for k in crowd:
            k.send_raw(k.encode(("GET", "large")) * 20)
        for k in crowd:
            k.close()
    t.wait(lambda: c.number("connected_clients") == 1, "the crowd to be gone")
    c.set("maxmemory", "2mb")
    c.ask("SET", "k", "x")
    expect(counted(c) < MB, "%d bytes count as data" % counted(c))
    t.wait(lambda: c.number("mem_clients_normal") < MB, "the reply chunks at hand to go back")


PR_SET_THP_DISABLE = 41
NO_HUGE_PAGES = "has no huge pages of 2 MiB"


def advised(s):
    """The size of the mappings for which the server has asked for huge pages"""
    size, total = 0, 0
    for line in s.proc("smaps").splitlines():
        words = line.split()
        if words[0] == "Size:":
            size = int(words[1]) << 10
        elif words[0] == "VmFlags:" and "hg" in words:
            total += size
    return total


def huge_pages(t, *options, **how):
    """A server; Skip if the kernel has no huge pages for it"""
    s = t.server("--threads", 1, "--enable-debug-command", "yes", *options, **how)
    if t.sanitizer or NO_HUGE_PAGES in s.output():
        raise Skip("no huge pages")
    return s


@case("a small cache has no huge pages, and takes no more memory than with huge-pages no", engines=False)
def small_pages(t):
    sizes = {}
    for word in ("yes", "no"):
        s = huge_pages(t, "--huge-pages", word)
        s.client().ask("DEBUG", "POPULATE", 10000)
        contains(s.proc("smaps_rollup"), "AnonHugePages:         0 kB")
        sizes[word] = s.resident()
    expect(sizes["yes"] < sizes["no"] + MB, "RSS: %r" % sizes)


@case("a large cache asks for huge pages; FLUSHALL returns its memory", engines=False)
def large_pages(t):
    s = huge_pages(t)
    c, empty = s.client(), s.resident()
    for _ in range(2):
        c.ask("DEBUG", "POPULATE", 500000)
        expect(s.resident() > empty + 20 * MB, "RSS: %d, before %d" % (s.resident(), empty))
        expect(advised(s) > 16 * MB, "advised: %d" % advised(s))
        c.ask("FLUSHALL")
        t.wait(lambda: s.resident() < empty + 10 * MB, "RSS after FLUSHALL, before %d" % empty)


@case("with huge-pages no, or without any in the kernel, nothing is advised; the log has a line", engines=False)
def no_huge_pages(t):
    huge_pages(t)
    for words, prepare, line in ((("no",), None, 0),
                                 (("yes",), lambda: LIBC.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 1)):
        s = t.server("--threads", 1, "--enable-debug-command", "yes", "--huge-pages", *words, prepare=prepare)
        equal(len(s.lines(NO_HUGE_PAGES)), line, "lines of the log")
        s.client().ask("DEBUG", "POPULATE", 500000)
        equal(advised(s), 0, "advised")
