# SPDX-License-Identifier: BSD-3-Clause
"""Requests whose work must not grow faster than their size n.

A case is what has to be there before (a list of requests, made anew for each round if the request consumes it) and the
request itself; both are functions of n. CONSTANT lists the commands that have nothing which could grow, with a reason
for each group: together they have to be all commands of the server.
"""


class Case:
    def __init__(self, command, ask, before=lambda n: [], n=8000, fresh=False, quick=False, label=""):
        self.command, self.ask, self.before, self.n = command, ask, before, n
        self.fresh, self.quick = fresh, quick
        self.name = command + (" " + label if label else "")


def names(prefix, n):
    return ["%s%d" % (prefix, i) for i in range(n)]


def pairs(prefix, n):
    return [w for i in range(n) for w in ("%s%d" % (prefix, i), i)]


def flat(rows):
    return [w for row in rows for w in row]


def many(words, per, *begin):
    """Requests that begin alike and share the words out, `per` in each"""
    return [[*begin, *words[i:i + per]] for i in range(0, len(words), per)]


def strings(n):
    return many(pairs("k", n), 2000, "MSET")


def a_set(n, key="s"):
    return many(names("m", n), 1000, "SADD", key)


def a_list(n, key="l"):
    return many(names("m", n), 1000, "RPUSH", key)


def a_hash(n, key="h"):
    return many(pairs("f", n), 2000, "HSET", key)


def a_zset(n, key="z"):
    return many([w for i in range(n) for w in (i, "m%d" % i)], 2000, "ZADD", key)


def places(n):
    return [w for i in range(n) for w in (i % 1000 / 100, i / n * 10, "p%d" % i)]


def a_map(n):
    return many(places(n), 3000, "GEOADD", "g")


def a_stream(n, key="x"):
    return [["XADD", key, "%d-1" % (i + 1), "f", i] for i in range(n)]


def a_group(n):
    return a_stream(n) + [["XGROUP", "CREATE", "x", "group", 0],
                          ["XREADGROUP", "GROUP", "group", "one", "COUNT", n, "STREAMS", "x", ">"]]


def ids(n):
    return ["%d-1" % (i + 1) for i in range(n)]


def scattered(words):
    return [words[i * 7919 % len(words)] for i in range(len(words))]


def a_string(n, key="k", byte="a"):
    return [["SET", key, byte * n]]


def fields(n, *begin):
    return [*begin, "FIELDS", n, *names("f", n)]


CASES = []


def add(*args, **how):
    CASES.append(Case(*args, **how))


# ---- many arguments ----

for c in ("DEL", "UNLINK"):
    add(c, lambda n, c=c: [c, *names("k", n)], strings, fresh=True)
for c in ("MGET", "EXISTS", "TOUCH", "WATCH"):
    add(c, lambda n, c=c: [c, *names("k", n)], strings, fresh=c == "WATCH", quick=c in ("MGET", "WATCH"))
add("UNWATCH", lambda n: ["UNWATCH"], lambda n: [["WATCH", *names("k", n)]], fresh=True)
add("MSET", lambda n: ["MSET", *pairs("k", n)], quick=True)
add("MSETNX", lambda n: ["MSETNX", *pairs("k", n)], fresh=True)
add("MSETEX", lambda n: ["MSETEX", n, *pairs("k", n), "EX", 1000])
add("SADD", lambda n: ["SADD", "s", *names("m", n)], fresh=True, quick=True)
add("SREM", lambda n: ["SREM", "s", *names("m", n)], a_set, fresh=True)
add("SMISMEMBER", lambda n: ["SMISMEMBER", "s", *names("m", n)], a_set)
for c in ("HSET", "HMSET"):
    add(c, lambda n, c=c: [c, "h", *pairs("f", n)], fresh=True)
add("HSETEX", lambda n: ["HSETEX", "h", "EX", 1000, "FIELDS", n, *pairs("f", n)], fresh=True)
add("HMGET", lambda n: ["HMGET", "h", *names("f", n)], a_hash)
add("HDEL", lambda n: ["HDEL", "h", *names("f", n)], a_hash, fresh=True)
add("HGETDEL", lambda n: fields(n, "HGETDEL", "h"), a_hash, fresh=True)
add("HGETEX", lambda n: fields(n, "HGETEX", "h", "EX", 1000), a_hash)
for c, t in (("HEXPIRE", 1000), ("HPEXPIRE", 1000000), ("HEXPIREAT", 4102444800), ("HPEXPIREAT", 4102444800000)):
    add(c, lambda n, c=c, t=t: fields(n, c, "h", t), a_hash, quick=c == "HEXPIRE")
for c in ("HPERSIST", "HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME"):
    add(c, lambda n, c=c: fields(n, c, "h"), lambda n: [*a_hash(n), fields(n, "HEXPIRE", "h", 1000)], fresh=c == "HPERSIST")
for c in ("LPUSH", "RPUSH"):
    add(c, lambda n, c=c: [c, "l", *names("m", n)], fresh=True, quick=c == "LPUSH")
for c in ("LPUSHX", "RPUSHX"):
    add(c, lambda n, c=c: [c, "l", *names("m", n)], lambda n: [["RPUSH", "l", "x"]], fresh=True)
add("ZADD", lambda n: ["ZADD", "z", *flat((i, "m%d" % i) for i in range(n))], fresh=True, quick=True)
add("ZREM", lambda n: ["ZREM", "z", *names("m", n)], a_zset, fresh=True)
add("ZMSCORE", lambda n: ["ZMSCORE", "z", *names("m", n)], a_zset)
add("GEOADD", lambda n: ["GEOADD", "g", *places(n)], fresh=True)
for c in ("GEOHASH", "GEOPOS"):
    add(c, lambda n, c=c: [c, "g", *names("p", n)], a_map)
add("PFADD", lambda n: ["PFADD", "p", *names("m", n)], fresh=True)
add("PFCOUNT", lambda n: ["PFCOUNT", *names("p", n)], lambda n: [["PFADD", "p%d" % i, i] for i in range(n)], n=1000)
add("PFMERGE", lambda n: ["PFMERGE", "to", *names("p", n)], lambda n: [["PFADD", "p%d" % i, i] for i in range(n)], n=1000)
add("XADD", lambda n: ["XADD", "x", "*", *pairs("f", n)])
add("XDEL", lambda n: ["XDEL", "x", *ids(n)], a_stream, fresh=True)
add("XDEL", lambda n: ["XDEL", "x", *scattered(ids(n))],
    lambda n: [["CONFIG", "SET", "stream-node-max-entries", 1], *a_stream(n),
               ["CONFIG", "SET", "stream-node-max-entries", 100]],
    n=8000, fresh=True, label="of nodes of one entry, here and there")
add("XACK", lambda n: ["XACK", "x", "group", *ids(n)], a_group, fresh=True)
add("XCLAIM", lambda n: ["XCLAIM", "x", "group", "two", 0, *ids(n)], a_group)
add("XREAD", lambda n: ["XREAD", "STREAMS", *names("x", n), *["0"] * n],
    lambda n: [["XADD", "x%d" % i, "*", "f", i] for i in range(n)], n=4000, label="of n streams", quick=True)
add("XREADGROUP", lambda n: ["XREADGROUP", "GROUP", "g", "one", "STREAMS", *names("x", n), *["0"] * n],
    lambda n: [["XGROUP", "CREATE", "x%d" % i, "g", "$", "MKSTREAM"] for i in range(n)], n=4000, label="of n streams")
add("BITFIELD", lambda n: ["BITFIELD", "k", *flat(("INCRBY", "u8", "#%d" % i, 1) for i in range(n))], n=4000)
add("BITFIELD_RO", lambda n: ["BITFIELD_RO", "k", *flat(("GET", "u8", "#%d" % i) for i in range(n))], a_string, n=4000)
add("BITOP", lambda n: ["BITOP", "XOR", "to", *names("k", n)], strings, label="of n keys")
for c in ("SUNION", "SINTER", "SDIFF"):
    many_sets = (lambda n: [["SADD", "s%d" % i, "a", "b", i % 50] for i in range(n)])
    add(c, lambda n, c=c: [c, *names("s", n)], many_sets, n=4000, label="of n sets", quick=c == "SINTER")
    add(c + "STORE", lambda n, c=c: [c + "STORE", "to", *names("s", n)], many_sets, n=4000, label="of n sets")
add("SINTERCARD", lambda n: ["SINTERCARD", n, *names("s", n)], many_sets, n=4000)
for c in ("ZUNION", "ZINTER", "ZDIFF"):
    many_zsets = (lambda n: [["ZADD", "z%d" % i, 1, "a", 2, "b", 3, i % 50] for i in range(n)])
    add(c, lambda n, c=c: [c, n, *names("z", n)], many_zsets, n=4000, label="of n sets", quick=c == "ZUNION")
    add(c + "STORE", lambda n, c=c: [c + "STORE", "to", n, *names("z", n)], many_zsets, n=4000, label="of n sets")
add("ZUNION", lambda n: ["ZUNION", n, *names("z", n), "WEIGHTS", *range(n)], many_zsets, n=4000, label="with n weights")
add("ZINTERCARD", lambda n: ["ZINTERCARD", n, *names("z", n)], many_zsets, n=4000)
add("LMPOP", lambda n: ["LMPOP", n, *names("l", n), "LEFT"])
add("ZMPOP", lambda n: ["ZMPOP", n, *names("z", n), "MIN"])
add("SORT", lambda n: ["SORT", "l", "BY", "nosort", *["GET", "k*"] * n], lambda n: [["RPUSH", "l", 1, 2, 3]], n=4000,
    label="with n GETs")
add("COMMAND|GETKEYS", lambda n: ["COMMAND", "GETKEYS", "MSET", *pairs("k", n)], quick=True)
add("COMMAND|GETKEYSANDFLAGS", lambda n: ["COMMAND", "GETKEYSANDFLAGS", "MSET", *pairs("k", n)], quick=True)
add("COMMAND|GETKEYSANDFLAGS", lambda n: ["COMMAND", "GETKEYSANDFLAGS", "ZUNIONSTORE", "to", n, *names("z", n)],
    label="with several specifications")
add("COMMAND|INFO", lambda n: ["COMMAND", "INFO", *["get"] * n], n=2000)
add("COMMAND|DOCS", lambda n: ["COMMAND", "DOCS", *["get"] * n], n=2000)
add("COMMAND|LIST", lambda n: ["COMMAND", "LIST", "FILTERBY", "PATTERN", "*" * n + "x"], n=200000)
add("CONFIG|GET", lambda n: ["CONFIG", "GET", *("*x%d*" % i for i in range(n))], n=2000, label="of n patterns", quick=True)
add("CONFIG|GET", lambda n: ["CONFIG", "GET", *names("no-such-", n)], n=4000, label="of n names")
add("CONFIG|GET", lambda n: ["CONFIG", "GET", "*" * n + "x"], n=200000, label="of n stars")
add("CONFIG|SET", lambda n: ["CONFIG", "SET", *["maxmemory", 0] * n], label="of one option n times")
add("CONFIG|SET", lambda n: ["CONFIG", "SET", "requirepass", "a" * n, "requirepass", ""], n=200000, label="of n bytes")
add("INFO", lambda n: ["INFO", *["server"] * n])
add("CLIENT|LIST", lambda n: ["CLIENT", "LIST", "ID", *range(1, n)])
add("CLIENT|KILL", lambda n: ["CLIENT", "KILL", *["ID", 999999999] * n])
add("DEBUG", lambda n: ["DEBUG", "DIGEST-VALUE", *names("k", n)], strings)
add("EXEC", lambda n: ["EXEC"], lambda n: [["MULTI"], *(["SET", "k%d" % (i % 100), i] for i in range(n))], fresh=True,
    quick=True)
add("DISCARD", lambda n: ["DISCARD"], lambda n: [["MULTI"], *(["SET", "k%d" % i, i] for i in range(n))], fresh=True)
add("RESET", lambda n: ["RESET"], lambda n: [["WATCH", *names("k", n)]], fresh=True)
add("LOLWUT", lambda n: ["LOLWUT", *[1] * n])

# ---- many elements ----

for c in (["LRANGE", "l", 0, -1], ["LINDEX", "l", -2], ["LPOS", "l", "none"], ["LPOS", "l", "m1", "COUNT", 0],
          ["LINSERT", "l", "BEFORE", "none", "x"], ["LREM", "l", 0, "none"], ["LSET", "l", -2, "x"]):
    add(c[0], lambda n, c=c: c, a_list, n=20000, label="of a long list")
for c in ("LPOP", "RPOP"):
    add(c, lambda n, c=c: [c, "l", n], a_list, fresh=True)
add("LTRIM", lambda n: ["LTRIM", "l", 1, 0], a_list, fresh=True)
add("LREM", lambda n: ["LREM", "l", 0, "same"], lambda n: many(["same", "other"] * n, 1000, "RPUSH", "l"), fresh=True,
    label="of n elements", quick=True)
for c in (["HGETALL", "h"], ["HKEYS", "h"], ["HVALS", "h"]):
    add(c[0], lambda n, c=c: c, a_hash)
add("HRANDFIELD", lambda n: ["HRANDFIELD", "h", n - 1], a_hash, quick=True)
add("HRANDFIELD", lambda n: ["HRANDFIELD", "h", -n], a_hash, label="with repeats")
add("HSCAN", lambda n: ["HSCAN", "h", 0, "COUNT", 10 * n], a_hash)
add("HSCAN", lambda n: ["HSCAN", "h", 0, "MATCH", "a" + "*" * n + "b", "COUNT", 1000], lambda n: a_hash(1000), n=200000,
    label="with n stars")
add("SMEMBERS", lambda n: ["SMEMBERS", "s"], a_set)
add("SPOP", lambda n: ["SPOP", "s", n // 2], a_set, fresh=True, quick=True)
add("SRANDMEMBER", lambda n: ["SRANDMEMBER", "s", n - 1], a_set)
add("SRANDMEMBER", lambda n: ["SRANDMEMBER", "s", -n], a_set, label="with repeats")
add("SSCAN", lambda n: ["SSCAN", "s", 0, "COUNT", 10 * n], a_set)
add("SSCAN", lambda n: ["SSCAN", "s", 0, "MATCH", "*a" * n, "COUNT", 1000], lambda n: a_set(1000), n=100000,
    label="with n parts")
for c in ("SUNION", "SINTER", "SDIFF"):
    add(c, lambda n, c=c: [c, "s", "t"], lambda n: a_set(n) + a_set(n, "t"), label="of n members")
for c in (["ZRANGE", "z", 0, -1], ["ZREVRANGE", "z", 0, -1], ["ZRANGEBYSCORE", "z", "-inf", "+inf"],
          ["ZREVRANGEBYSCORE", "z", "+inf", "-inf"], ["ZRANGEBYLEX", "z", "-", "+"], ["ZREVRANGEBYLEX", "z", "+", "-"],
          ["ZCOUNT", "z", "-inf", "+inf"], ["ZLEXCOUNT", "z", "-", "+"], ["ZRANGESTORE", "to", "z", 0, -1]):
    add(c[0], lambda n, c=c: c, a_zset)
for c in (["ZREMRANGEBYRANK", "z", 0, -1], ["ZREMRANGEBYSCORE", "z", "-inf", "+inf"], ["ZREMRANGEBYLEX", "z", "-", "+"]):
    add(c[0], lambda n, c=c: c, a_zset, fresh=True)
for c in ("ZPOPMIN", "ZPOPMAX"):
    add(c, lambda n, c=c: [c, "z", n], a_zset, fresh=True)
add("ZRANDMEMBER", lambda n: ["ZRANDMEMBER", "z", n - 1], a_zset, quick=True)
add("ZRANDMEMBER", lambda n: ["ZRANDMEMBER", "z", -n], a_zset, label="with repeats")
add("ZSCAN", lambda n: ["ZSCAN", "z", 0, "COUNT", 10 * n], a_zset)
for c in ("ZUNION", "ZINTER", "ZDIFF"):
    add(c, lambda n, c=c: [c, 2, "z", "y"], lambda n: a_zset(n) + a_zset(n, "y"), label="of n members")
for c in (["GEORADIUS", "g", 5, 5, 2000, "km"], ["GEORADIUS_RO", "g", 5, 5, 2000, "km"],
          ["GEORADIUSBYMEMBER", "g", "p1", 2000, "km"], ["GEORADIUSBYMEMBER_RO", "g", "p1", 2000, "km"],
          ["GEOSEARCH", "g", "FROMLONLAT", 5, 5, "BYRADIUS", 2000, "km", "ASC"],
          ["GEOSEARCHSTORE", "to", "g", "FROMLONLAT", 5, 5, "BYBOX", 4000, 4000, "km"]):
    add(c[0], lambda n, c=c: c, a_map)
for c in (["SORT", "l", "ALPHA"], ["SORT_RO", "l", "ALPHA"], ["SORT", "l", "BY", "none*", "GET", "k*"]):
    add(c[0], lambda n, c=c: c, a_list, label="of n elements" + (" by keys" if len(c) > 3 else ""))
for c in (["XRANGE", "x", "-", "+"], ["XREVRANGE", "x", "+", "-"], ["XREAD", "STREAMS", "x", 0],
          ["XINFO", "STREAM", "x", "FULL", "COUNT", 0]):
    add(c[0] if c[0] != "XINFO" else "XINFO|STREAM", lambda n, c=c: c, a_stream, label="of n entries")
add("XTRIM", lambda n: ["XTRIM", "x", "MAXLEN", 0], a_stream, fresh=True)
add("XAUTOCLAIM", lambda n: ["XAUTOCLAIM", "x", "group", "two", 0, 0, "COUNT", n], a_group)
add("XPENDING", lambda n: ["XPENDING", "x", "group", "-", "+", n], a_group)
add("XREADGROUP", lambda n: ["XREADGROUP", "GROUP", "group", "one", "COUNT", n, "STREAMS", "x", 0], a_group,
    label="of n entries")
add("XGROUP|DESTROY", lambda n: ["XGROUP", "DESTROY", "x", "group"], a_group, fresh=True)
add("XGROUP|DELCONSUMER", lambda n: ["XGROUP", "DELCONSUMER", "x", "group", "one"], a_group, fresh=True)
many_consumers = (lambda n: [["XGROUP", "CREATE", "x", "g", "$", "MKSTREAM"],
                             *(["XGROUP", "CREATECONSUMER", "x", "g", i] for i in range(n))])
add("XGROUP|CREATECONSUMER", lambda n: ["XGROUP", "CREATECONSUMER", "x", "g", "new"], many_consumers, n=4000)
add("XINFO|CONSUMERS", lambda n: ["XINFO", "CONSUMERS", "x", "g"], many_consumers, n=4000)
many_groups = (lambda n: [["XADD", "x", "*", "f", "v"], *(["XGROUP", "CREATE", "x", i, 0] for i in range(n))])
add("XINFO|GROUPS", lambda n: ["XINFO", "GROUPS", "x"], many_groups, n=4000)
add("XGROUP|CREATE", lambda n: ["XGROUP", "CREATE", "x", "new", 0], many_groups, n=4000, fresh=True)
for c in (["FLUSHALL", "SYNC"], ["FLUSHDB", "SYNC"], ["DBSIZE"]):
    add(c[0], lambda n, c=c: c, strings, fresh=True)
add("KEYS", lambda n: ["KEYS", "k*"], strings, label="of n keys")
add("KEYS", lambda n: ["KEYS", "a" + "*" * n + "b"], lambda n: strings(2000), n=200000, label="with n stars", quick=True)
add("KEYS", lambda n: ["KEYS", "**x" * n], lambda n: strings(2000), n=100000, label="with n parts", quick=True)
add("KEYS", lambda n: ["KEYS", "[" + "q" * n + "]*x"], lambda n: strings(2000), n=200000, label="with a class of n bytes",
    quick=True)
add("KEYS", lambda n: ["KEYS", "*" + "a" * 1000 + "b"], lambda n: [["SET", "a" * n, 1]], n=100000,
    label="on a name of n bytes", quick=True)
add("SCAN", lambda n: ["SCAN", 0, "COUNT", 10 * n], strings)
add("SCAN", lambda n: ["SCAN", 0, "COUNT", 100000, "MATCH", "k" + "*" * n + "b"], lambda n: strings(2000), n=200000,
    label="with n stars", quick=True)
add("RANDOMKEY", lambda n: ["RANDOMKEY"], strings)
add("MEMORY|USAGE", lambda n: ["MEMORY", "USAGE", "h", "SAMPLES", 0], a_hash)
for c in (["COPY", "h", "to", "REPLACE"], ["DUMP", "h"], ["RENAME", "h", "h"]):
    add(c[0], lambda n, c=c: c, a_hash, label="of n fields")
add("RESTORE", lambda n: ["RESTORE", "to", 0, "@dump"], lambda n: [*a_hash(n), ["DUMP", "h"]], label="of n fields", fresh=True)

# ---- many bytes ----

KB = 1 << 20
for c in (["GETRANGE", "k", 0, -1], ["SUBSTR", "k", 0, -1], ["GET", "k"], ["GETEX", "k"], ["BITCOUNT", "k"],
          ["BITPOS", "k", 0], ["BITOP", "NOT", "to", "k"], ["STRLEN", "k"], ["APPEND", "k", "x"], ["DIGEST", "k"]):
    add(c[0], lambda n, c=c: c, lambda n, c=c: a_string(n, byte="\x7f" if c[0] != "BITPOS" else "\x00"), n=KB,
        label="of n bytes")
add("BITPOS", lambda n: ["BITPOS", "k", 1], lambda n: a_string(n, byte="\x00"), n=KB, label="of n zero bytes")
for c in ("SET", "GETSET"):
    add(c, lambda n, c=c: [c, "k", "a" * n], n=KB, label="of n bytes")
for c in ("SETNX", "PSETEX", "SETEX"):
    add(c, lambda n, c=c: [c, "k", *([] if c == "SETNX" else [1000000]), "a" * n], n=KB, fresh=True, label="of n bytes")
add("SETRANGE", lambda n: ["SETRANGE", "k", n, "x"], fresh=True, n=KB)
add("SETBIT", lambda n: ["SETBIT", "k", 8 * n, 1], fresh=True, n=KB)
add("GETDEL", lambda n: ["GETDEL", "k"], a_string, fresh=True, n=KB)
add("DELEX", lambda n: ["DELEX", "k", "IFEQ", "a" * n], a_string, fresh=True, n=KB)
for c in ("PING", "ECHO"):
    add(c, lambda n, c=c: [c, "a" * n], n=KB)
add("LCS", lambda n: ["LCS", "k", "short"], lambda n: [*a_string(n), ["SET", "short", "b" * 50]], n=20000)
add("OBJECT|ENCODING", lambda n: ["OBJECT", "ENCODING", "k"], a_string, n=KB)

# Commands without anything that grows.
CONSTANT = {
    "they take a fixed number of arguments, and look up one key, field, member or position": """
        decr decrby incr incrby incrbyfloat getbit expire expireat expiretime pexpire pexpireat pexpiretime persist ttl
        pttl type llen lmove rpoplpush scard sismember smove hexists hget hlen hstrlen hincrby hincrbyfloat hsetnx zcard
        zscore zincrby zrank zrevrank geodist xlen xsetid object object|freq object|idletime object|refcount
        xgroup|setid renamenx move""",
    "they concern the connection or a state of the server": """
        asking auth client client|getname client|getredir client|id client|info client|no-evict client|no-touch
        client|pause client|reply client|setinfo client|setname client|trackinginfo client|unblock client|unpause hello
        lastsave multi quit readonly readwrite role select shutdown swapdb time command command|count config|resetstat
        config|rewrite memory memory|doctor memory|malloc-stats memory|purge memory|stats function config xgroup xinfo
        module module|list pfdebug pfselftest cluster""",
    "their text is fixed": """
        client|help cluster|help command|help config|help function|help memory|help module|help object|help xgroup|help
        xinfo|help""",
    "another server is needed (tests/server has its cases)": "migrate restore-asking",
    "there are no functions, and no cluster": """
        function|flush function|list cluster|addslots cluster|addslotsrange cluster|bumpepoch
        cluster|count-failure-reports cluster|countkeysinslot cluster|delslots cluster|delslotsrange cluster|failover
        cluster|flushslots cluster|forget cluster|getkeysinslot cluster|info cluster|keyslot cluster|links cluster|meet
        cluster|myid cluster|myshardid cluster|nodes cluster|replicas cluster|replicate cluster|reset cluster|saveconfig
        cluster|set-config-epoch cluster|setslot cluster|shards cluster|slaves cluster|slots""",
}
