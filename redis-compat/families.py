# SPDX-License-Identifier: BSD-3-Clause
"""What the differential tester sends: templates of commands by family, scripts, raw bytes.

In a template, words in lower case stand for random arguments (words.py): ks for a key, v for a value, n for a number.
[a|b] is an optional choice, (a|b) a choice, {a b}+ a group that is repeated one to four times.
"""
FAMILIES = {
    "string": """SET ks v
SET ks v [NX|XX] [GET] [EX ttl|PX pttl|EXAT at|PXAT pat|KEEPTTL]
SET ks v (EX ttl|PX pttl) [NX|XX]
GET ks
GETSET ks v
GETDEL ks
GETEX ks [EX ttl|PX pttl|EXAT at|PXAT pat|PERSIST]
MGET {ks}+
MSET {ks v}+
MSETNX {ks v}+
SETNX ks v
SETEX ks ttl v
PSETEX ks pttl v
APPEND ks v
STRLEN ks
INCR ks
DECR ks
INCRBY ks N
DECRBY ks N
INCRBYFLOAT ks fl
SETRANGE ks pn v
GETRANGE ks n n
SUBSTR ks n n
LCS ks ks [LEN|IDX] [MINMATCHLEN n] [WITHMATCHLEN]""",
    "hash": """HSET kh {f v}+
HSET kh f v
HSETNX kh f v
HMSET kh {f v}+
HGET kh f
HMGET kh {f}+
HGETALL kh
HDEL kh {f}+
HLEN kh
HSTRLEN kh f
HEXISTS kh f
HKEYS kh
HVALS kh
HINCRBY kh f N
HINCRBYFLOAT kh f fl
HRANDFIELD kh n [WITHVALUES]""",
    "list": """RPUSH kl {v}+
LPUSH kl {v}+
RPUSHX kl {v}+
LPUSHX kl {v}+
LPOP kl [pn]
RPOP kl [pn]
LLEN kl
LRANGE kl n n
LINDEX kl n
LSET kl n v
LINSERT kl (BEFORE|AFTER|MIDDLE) v v
LREM kl n v
LTRIM kl n n
RPOPLPUSH kl kl
LMOVE kl kl (LEFT|RIGHT) (LEFT|RIGHT)
LPOS kl v [RANK n] [COUNT pn] [MAXLEN pn]
NUMKEYS LMPOP {kl}+ ; (LEFT|RIGHT) [COUNT n]
CONFIG SET list-max-listpack-size (1|2|3|8|128|-1|-2)
BLPOP {kl}+ 0.01
BRPOP {kl}+ 0.01
BLMOVE kl kl (LEFT|RIGHT) (LEFT|RIGHT) 0.01""",
    "set": """SADD kt {m}+
SADD kt m
SREM kt {m}+
SMEMBERS kt
SISMEMBER kt m
SMISMEMBER kt {m}+
SCARD kt
SMOVE kt kt m
SINTER {kt}+
SUNION {kt}+
SDIFF {kt}+
SINTERSTORE kt {kt}+
SUNIONSTORE kt {kt}+
SDIFFSTORE kt {kt}+
NUMKEYS SINTERCARD {kt}+ ; [LIMIT n]
SRANDMEMBER kt [n]
SPOP kt 1000""",
    "zset": """ZADD kz {sc m}+
ZADD kz [NX|XX] [GT|LT] [CH] [INCR] {sc m}+
ZADD kz sc m
ZINCRBY kz sc m
ZREM kz {m}+
ZCARD kz
ZSCORE kz m
ZMSCORE kz {m}+
ZRANK kz m
ZREVRANK kz m
ZCOUNT kz smin smax
ZLEXCOUNT kz xmin xmax
ZRANGE kz n n [WITHSCORES]
ZRANGE kz n n REV [WITHSCORES]
ZRANGE kz smin smax BYSCORE [LIMIT n n] [WITHSCORES]
ZRANGE kz smax smin BYSCORE REV [LIMIT n n] [WITHSCORES]
ZRANGE kz xmin xmax BYLEX [LIMIT n n] [REV]
ZRANGESTORE kz kz n n [REV]
ZRANGESTORE kz kz smin smax BYSCORE [LIMIT n n]
ZREVRANGE kz n n [WITHSCORES]
ZRANGEBYSCORE kz smin smax [WITHSCORES] [LIMIT n n]
ZREVRANGEBYSCORE kz smax smin [WITHSCORES] [LIMIT n n]
ZRANGEBYLEX kz xmin xmax [LIMIT n n]
ZREVRANGEBYLEX kz xmax xmin [LIMIT n n]
ZREMRANGEBYRANK kz n n
ZREMRANGEBYSCORE kz smin smax
ZREMRANGEBYLEX kz xmin xmax
ZPOPMIN kz [n]
ZPOPMAX kz [n]
BZPOPMIN {kz}+ 0.01
BZPOPMAX {kz}+ 0.01
NUMKEYS ZMPOP {kz}+ ; (MIN|MAX) [COUNT n]
NUMKEYS ZUNION {kz}+ ; [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
NUMKEYS ZINTER {kz}+ ; [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
NUMKEYS ZUNION kz kz ; WEIGHTS fl fl [WITHSCORES]
NUMKEYS ZDIFF {kz}+ ; [WITHSCORES]
NUMKEYS ZINTERCARD {kz}+ ; [LIMIT n]
ZUNIONSTORE kz 2 kz kz [WEIGHTS fl fl] [AGGREGATE (SUM|MIN|MAX)]
ZINTERSTORE kz 2 kz (kt|kz) [WEIGHTS fl fl] [AGGREGATE (SUM|MIN|MAX)]
ZDIFFSTORE kz 2 kz kz
ZINTER 2 kz kt [WEIGHTS fl fl] [WITHSCORES]
ZUNION 2 kt kz [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
ZDIFF 2 (kt|kz) (kt|kz) [WITHSCORES]
ZRANGESTORE kz kz xmin xmax BYLEX [LIMIT n n]
ZRANDMEMBER kz n [WITHSCORES]
ZRANDMEMBER kz
CONFIG SET zset-max-listpack-entries (0|2|4|128)
OBJECT ENCODING kz""",
    "stream": """XADD kx [NOMKSTREAM] [MAXLEN [=|~] pn|MINID [=] id] aid {f v}+
XADD kx aid f v
XADD kx aid {f v}+
XADD kx (MAXLEN|MINID) ~ pn [LIMIT pn] aid {f v}+
XLEN kx
XRANGE kx rid rid [COUNT n]
XREVRANGE kx rid rid [COUNT n]
XREAD [COUNT n] STREAMS kx id
XREAD STREAMS kx kx id id
XDEL kx {id}+
XTRIM kx (MAXLEN|MINID) [=] id
XTRIM kx MAXLEN = pn
XTRIM kx (MAXLEN|MINID) ~ id [LIMIT pn]
XSETID kx id [ENTRIESADDED pn] [MAXDELETEDID id]
XGROUP CREATE kx g (id|$|0) [MKSTREAM] [ENTRIESREAD n]
XGROUP CREATE kx g 0 MKSTREAM
XGROUP SETID kx g (id|$) [ENTRIESREAD n]
XGROUP DESTROY kx g
XGROUP CREATECONSUMER kx g c
XGROUP DELCONSUMER kx g c
XREADGROUP GROUP g c [COUNT n] [NOACK] STREAMS kx >
XREADGROUP GROUP g c [COUNT n] STREAMS kx id
XREADGROUP GROUP g c STREAMS kx >
XREADGROUP GROUP g c [COUNT n] STREAMS kx kx (id|>) >
XACK kx g {id}+
XPENDING kx g
XPENDING kx g [IDLE 0] rid rid n [c]
XCLAIM kx g c 0 {id}+ [JUSTID] [FORCE] [RETRYCOUNT pn] [IDLE pn]
XCLAIM kx g c n {id}+ [FORCE] [TIME pn] [LASTID id]
XAUTOCLAIM kx g c 0 id [COUNT n] [JUSTID]
XINFO STREAM kx
XINFO GROUPS kx
XINFO CONSUMERS kx g
XINFO STREAM kx FULL [COUNT pn]
CONFIG SET stream-node-max-entries (1|2|3|10|100)
CONFIG SET stream-node-max-bytes (0|50|200|4096)""",
    "bitmap": """SETBIT kb bo (0|1|2)
GETBIT kb bo
SET kb v
BITCOUNT kb [n n [BYTE|BIT]]
BITPOS kb (0|1|2) [n [n [BYTE|BIT]]]
BITOP (AND|OR|XOR) kb {kb}+
BITOP NOT kb kb [kb]
BITFIELD kb {GET bt bfo|SET bt bfo N|INCRBY bt bfo N|OVERFLOW (WRAP|SAT|FAIL|BAD)}+
BITFIELD_RO kb {GET bt bfo}+
STRLEN kb""",
    "hll": """PFADD kp {m}+
PFADD kp
PFADD kp {em}+
PFADD kp em em em em em em em em em em em em em em em em em em em em em em em em
PFADD (p1|p2) em em em em em em em em em em em em em em em em em em em em em em em em
PFCOUNT {kp}+
PFCOUNT kp
PFMERGE kp {kp}+
PFMERGE kp
PFDEBUG (ENCODING|DECODE|TODENSE|encoding|NOSUCH) kp
PFDEBUG (ENCODING|GETREG) kp
SETRANGE kp ho hd
APPEND kp hd
SET kp hv [EX ttl]
GET kp
TYPE kp
OBJECT ENCODING kp
CONFIG SET hll-sparse-max-bytes (0|30|60|3000|3000|100000)
STRLEN kp""",
    "geo": """GEOADD kg [NX|XX] [CH] {lon lat m}+
GEOADD kg lon lat m
GEOADD kg lon lat m lon lat m lon lat m lon lat m
GEOPOS kg {m}+
GEODIST kg m m [u]
GEOHASH kg {m}+
GEORADIUS kg lon lat rad u [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT n [ANY]] [ASC|DESC]
GEORADIUS_RO kg lon lat rad u [WITHCOORD] [WITHDIST] [COUNT n] [ASC|DESC]
GEORADIUS kg lon lat rad u [WITHDIST] [COUNT n] [ASC|DESC] (STORE|STOREDIST) (kz|kg)
GEORADIUSBYMEMBER kg m rad u [WITHDIST] [COUNT n [ANY]] [ASC|DESC]
GEORADIUSBYMEMBER_RO kg m rad u [WITHHASH] [COUNT n] [ASC|DESC] [STORE kz]
GEORADIUSBYMEMBER kg m rad u [COUNT n] [ASC|DESC] STORE kz [STOREDIST kz]
GEOSEARCH kg (FROMMEMBER m|FROMLONLAT lon lat) (BYRADIUS rad u|BYBOX rad rad u) (ASC|DESC) [COUNT n] \
[WITHCOORD] [WITHDIST] [WITHHASH]
GEOSEARCH kg (BYRADIUS rad u|BYBOX rad rad u) (FROMMEMBER m|FROMLONLAT lon lat) [COUNT pn [ANY]] [WITHDIST]
GEOSEARCH kg [FROMMEMBER m] [FROMLONLAT lon lat] [BYRADIUS rad u] [BYBOX rad rad u] [ANY] [COUNT n]
GEOSEARCHSTORE (kz|kg) kg FROMLONLAT lon lat BYRADIUS rad u [ASC|DESC] [COUNT n [ANY]] [STOREDIST] [WITHDIST]
CONFIG SET zset-max-listpack-entries (0|4|128)
ZRANGE kg 0 -1 WITHSCORES""",
    "keys": """DEL {k}+
UNLINK {k}+
EXISTS {k}+
TYPE k
KEYS pat_
DBSIZE
RENAME k k
RENAMENX k k
COPY k k [DB 0] [REPLACE]
EXPIRE k ttl [NX|XX|GT|LT] [XX|GT]
PEXPIRE k pttl [NX|XX|GT|LT]
EXPIREAT k at [NX|XX|GT|LT]
PEXPIREAT k pat
EXPIRE k ttl
TTL k
PTTL k
EXPIRETIME k
PEXPIRETIME k
PERSIST k
TOUCH {k}+
OBJECT ENCODING k
OBJECT REFCOUNT nokey
MOVE k db
SORT k [BY src] [LIMIT n n] [GET src] [ASC|DESC] [ALPHA]
SORT (kl|kt|kz) [BY src] [LIMIT n n] [GET src] [GET src] [ASC|DESC] STORE (kl|k)
SORT kl [ALPHA] [LIMIT n n] [ASC|DESC]
SORT kt ALPHA [DESC]
SORT kl ALPHA STORE kl
SORT_RO kl [ALPHA] [DESC]
MEMORY USAGE k [SAMPLES pn]
SCAN 0 MATCH nosuch* COUNT 100
SELECT db
SWAPDB 9 9""",
    "server": """PING [v]
ECHO v
HELLO (2|3|4|a)
CLIENT SETNAME v
CLIENT GETNAME
CLIENT REPLY ON
CLIENT NO-EVICT (on|off)
CLIENT TRACKINGINFO
CLIENT GETREDIR
CLIENT UNPAUSE
CLIENT KILL ID 999999999
CLIENT NOSUCH
COMMAND GETKEYS SET a b
COMMAND GETKEYS (MSET a b c d|EVAL x 2 a b c|ZUNIONSTORE d 2 a b|XREAD STREAMS a b 0 0|\
SORT a STORE b|GET|NOSUCH a|BLPOP a b 0|LMPOP 2 a b LEFT)
COMMAND NOSUCH
CONFIG GET (maxmemory|maxmemory-policy|nosuch|databases|hash-max-listpack-entries)
CONFIG SET (maxmemory-policy (noeviction|allkeys-lru|bad)|nosuch 1|hash-max-listpack-entries (4|128)|\
zset-max-listpack-entries (4|128)|set-max-intset-entries (4|512))
OBJECT HELP
NOSUCHCMD v v
GET
SET a
QUITX
ACL WHOAMI
ACL CAT nosuch
ACL SETUSER u1 (on|off|>p|nopass|~*|+@all|-get|badrule|resetkeys)
ACL DELUSER u1
AUTH (default x|nosuch x|x)
RESET
WAIT 0 0
LATENCY RESET
SLOWLOG LEN
SLOWLOG RESET
PUBLISH ch v
PUBSUB NUMSUB ch
PUBSUB NUMPAT
UNSUBSCRIBE
PUNSUBSCRIBE
UNWATCH
WATCH k
EXEC
DISCARD
SCRIPT EXISTS ffffffffffffffffffffffffffffffffffffffff
SCRIPT FLUSH [SYNC|ASYNC|BAD]
EVALSHA ffffffffffffffffffffffffffffffffffffffff 0
EVAL v pn k
DEBUG SLEEP 0
READONLY
FLUSHDB [SYNC|ASYNC|BAD]
LOLWUT VERSION 99 nosuch""",
}
FAMILIES = {k: v.split("\n") for k, v in FAMILIES.items()}
LEVEL72 = {"zset": ["ZRANK kz m WITHSCORE", "ZREVRANK kz m WITHSCORE"],
           "server": ["CLIENT SETINFO (LIB-NAME v|LIB-VER v|NOSUCH v)", "CLIENT NO-TOUCH (on|off|x)"]}

SCRIPTS = [
    "return 1", "return 'x'", "return {1,2,{3,'a',nil,4}}", "return {1,nil,2}", "return 3.99", "return -3.99",
    "return true", "return false", "return nil",
    "return {ok='fine'}", "return {err='MY bad'}", "return {err='nospace'}", "return redis.error_reply('ERR foo')",
    "return redis.error_reply('foo bar')",
    "return redis.status_reply('S')", "return {double=3.5}", "redis.setresp(3); return {double=3.5}",
    "redis.setresp(3); return {map={a=1}}",
    "redis.setresp(3); return {set={a=true}}", "return {big_number='123'}",
    "redis.setresp(3); return {big_number='12345678901234567890'}",
    "return redis.call('SET',KEYS[1],ARGV[1])", "return redis.call('GET',KEYS[1])", "return redis.pcall('GET',KEYS[1])",
    "return redis.call('INCR',KEYS[1])", "return redis.pcall('INCR',KEYS[1])", "return redis.call('nosuch')",
    "return redis.pcall('nosuch')",
    "return redis.call('GET')", "return redis.pcall('GET')", "return redis.call()", "error('boom')",
    "return nosuchglobal", "x=1", "return #KEYS+#ARGV",
    "return KEYS", "return ARGV", "return {KEYS[1],ARGV[2],tonumber(ARGV[2])}", "return cjson.encode({1,2,3,{a='b'}})",
    "return cjson.decode('[1,2,{\"a\":3}]')[3]['a']",
    "return cjson.encode(cjson.decode('{\"a\":[1,2.5,null,true,\"x\"]}')['a'])", "return cjson.decode('bad')",
    "return cmsgpack.unpack(cmsgpack.pack({1,2,'x'}))", "return struct.unpack('>I2', struct.pack('>I2', 513))",
    "return bit.band(0xff, 0x0f)", "return bit.tohex(255)", "return redis.sha1hex('')", "return redis.sha1hex(ARGV[1])",
    "return tostring(1e15)", "return tostring(0.1+0.2)",
    "return string.format('%.3f', 3.14159)", "local t={} for i=1,300 do t[i]=i end return t",
    "return redis.call('TYPE',KEYS[1])", "return redis.call('TYPE',KEYS[1])['ok']",
    "return redis.call('HGETALL',KEYS[1])", "redis.setresp(3); return redis.call('HGETALL',KEYS[1])",
    "return redis.call('ZRANGE',KEYS[1],0,-1,'WITHSCORES')",
    "local a=redis.call('EXISTS',KEYS[1]); if a==1 then return redis.call('DEL',KEYS[1]) else return 'none' end",
    "return redis.call('SUBSCRIBE','x')", "return redis.call('BLPOP',KEYS[1],0)", "return redis.call('MULTI')",
    "return math.floor(2.7)", "return table.concat({'a','b'},',')",
    "return type(redis.call('GET','nokey'))", "return redis.call('SET',KEYS[1],1.5)",
    "return redis.call('RPUSH',KEYS[1],ARGV[1],2,3.5)",
    "#!lua\nreturn 1", "#!lua flags=no-writes\nreturn redis.call('SET',KEYS[1],1)", "#!lua flags=nosuch\nreturn 1",
    "#!nosuch\nreturn 1", "return redis.acl_check_cmd('GET','a')",
    "return redis.REDIS_VERSION_NUM > 0", "return _G.os ~= nil", "return loadstring('return 1')()",
    "return pcall(function() return redis.call('nosuch') end)", "return redis.breakpoint()",
    "redis.log(redis.LOG_DEBUG,'x'); return 1", "return redis.replicate_commands()",
    "return {1,'a',false,true,{},{{}}}", "return tonumber('0x10')", "return unpack({1,2,3})", "this is not lua",
    "local function f(n) return f(n+1)+1 end return f(1)", "setmetatable(_G,{}) return 1", "return string.rep('x',100)",
    "while true do break end return redis.call('LRANGE',KEYS[1],0,-1)",
]
LIB = """#!lua name=lib1
redis.register_function('f1', function(keys,args) return {keys[1],args[1],#keys} end)
redis.register_function{function_name='f2', callback=function(keys,args) return redis.call('GET',keys[1]) end, flags={'no-writes'}}
redis.register_function('f3', function(keys,args) return redis.call('SET',keys[1],args[1]) end)"""
FUNCS = [["FUNCTION", "LOAD", LIB], ["FUNCTION", "LOAD", "REPLACE", LIB], ["FCALL", "f1", "1", "s1", "a"],
         ["FCALL", "f2", "1", "s1"], ["FCALL_RO", "f2", "1", "s1"],
         ["FCALL", "f3", "1", "s1", "zz"], ["FCALL_RO", "f3", "1", "s1", "zz"], ["FCALL", "nosuch", "0"],
         ["FUNCTION", "DELETE", "lib1"], ["FUNCTION", "LIST"],
         ["FUNCTION", "LIST", "LIBRARYNAME", "lib*"], ["FUNCTION", "FLUSH"], ["FUNCTION", "LOAD", "#!lua\nreturn 1"],
         ["FUNCTION", "LOAD", "return 1"],
         ["FUNCTION", "LOAD", "#!lua name=lib2\nreturn 1"], ["FCALL", "f1", "a"], ["FUNCTION", "NOSUCH"],
         ["FCALL", "f1", "-1"], ["FCALL", "f1", "5", "a"]]
RAW = [b"PING\r\n", b"PING\n", b"\r\n\r\nPING\r\n", b"SET a b\r\nGET a\r\n", b"SET a \"x\\x41\\n\"\r\nGET a\r\n",
       b"SET a 'it\\'s'\r\nGET a\r\n", b"SET a \"unbalanced\r\n",
       b"*1\r\n$4\r\nPING\r\n", b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n", b"*0\r\n*1\r\n$4\r\nPING\r\n",
       b"*-1\r\n*1\r\n$4\r\nPING\r\n", b"*1\r\n$-1\r\n", b"*1\r\n+PING\r\n",
       b"*a\r\n", b"*1\r\n$a\r\n", b"*2147483648\r\n", b"*1\r\n$536870913\r\n", b"*1048577\r\n",
       b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$3\r\nabcd\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
       b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b"*2\r\n$3\r\nGET\r\n$0\r\n\r\n", b"*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n",
       b"*1\r\n$4\r\nQUIT\r\n*1\r\n$4\r\nPING\r\n", b"\x00\x01\x02\r\n", b"*1\r\n$0\r\n\r\n",
       b"   PING   \r\n", b"ping hello\r\n", b"*2\r\n$4\r\nHELL\r\n$1\r\n3\r\n", b"*1\n$4\nPING\n",
       b"*1\r\n$4\r\nPINGxx", b"x" * 70000, b"*1\r\n$10\r\nPING\r\n", b"HELLO 3\r\n",
       b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n",
       b"MULTI\r\nSET a\r\nEXEC\r\n", b"EVAL \"return 1\" 0\r\n",
       b"SUBSCRIBE a\r\nPING\r\nGET a\r\nUNSUBSCRIBE\r\nGET a\r\n", b"*1\r\n$4\r\nping\r\n$4\r\nPING\r\n",
       b"CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\n", b"CLIENT REPLY SKIP\r\nPING\r\nPING\r\n"]
