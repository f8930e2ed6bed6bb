# SPDX-License-Identifier: BSD-3-Clause
"""One of the two servers: sends steps to it and collects the replies."""
import json
import time

from compare import flat, up
from resp import Closed, Conn


ANSWER_BY_PUSH = ("SUBSCRIBE", "PSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SSUBSCRIBE", "SUNSUBSCRIBE")
# commands that undo what an earlier sequence may have changed
FRESH = ("FLUSHALL", "FUNCTION FLUSH", "ACL DELUSER u1", "CONFIG SET maxmemory-policy noeviction",
         "CONFIG SET hash-max-listpack-entries 128", "CONFIG SET zset-max-listpack-entries 128",
         "CONFIG SET set-max-intset-entries 512")


def executed(name, cmd, queued, r):
    """Splits the reply of EXEC by command; names the reply of any other command."""
    if cmd[0] != "EXEC" or not isinstance(r, tuple) or r[0] != "*" or r[1] is None or len(r[1]) != len(queued):
        return [(name, r)]
    replies = [(["EXEC"], ("*", []))] + list(zip(queued, r[1]))
    queued.clear()
    return replies


class Side:
    def __init__(self, host, port, timeout):
        self.host, self.port, self.timeout = host, port, timeout
        self.c = Conn(host, port, timeout)
        self.aux = None
        self.resp = 2

    def fresh(self, resp):
        self.resp = resp
        self.c.connect()
        if self.aux:
            self.aux.close()
            self.aux = None
        for words in FRESH:
            self.c.cmd(*words.split())
        if resp == 3:
            self.c.cmd("HELLO", "3")
        self.c.cmd("SELECT", "9")

    def listen(self):
        """Subscribes to keyspace events."""
        self.c.cmd("CONFIG", "SET", "notify-keyspace-events", "KEA")
        self.n = Conn(self.host, self.port, self.timeout)
        self.n.cmd("PSUBSCRIBE", "__key*__:*")

    def call(self, cmd, sent=False):
        try:
            if not sent:
                self.c.pushes = []
                self.c.send(*cmd)
            # in RESP3 the replies of SUBSCRIBE and its relatives are pushes
            if self.resp == 3 and up(cmd[0]) in ANSWER_BY_PUSH:
                return self.c.read_any()
            return self.c.read()
        except (Closed, ConnectionError):
            self.reopen()
            return "closed"
        except OSError:
            self.reopen()
            return "no reply"
        except ValueError as e:
            self.reopen()
            return "bad protocol: %s" % e

    def reopen(self):
        try:
            self.c.connect()
            if self.resp == 3:
                self.c.cmd("HELLO", "3")
            self.c.cmd("SELECT", "9")
        except Exception:
            time.sleep(0.2)

    def auxc(self, resp=None):
        if self.aux:
            self.aux.close()
        self.aux = Conn(self.host, self.port, self.timeout)
        if (resp or self.resp) == 3:
            self.aux.cmd("HELLO", "3")
        self.aux.cmd("SELECT", "9")
        return self.aux

    seq = 0

    def drain_quiet(self, c, want=None, wait=0.04, limit=200):
        """Reads until nothing arrives for `wait` seconds, or with `want`, until that many replies arrived and a short
        wait brought no more."""
        out = []
        try:
            while len(out) < limit:
                c.s.settimeout(wait if want is None else (2.0 if len(out) < want else 0.01))
                out.append(c.read_any())
        except (Closed, ConnectionError):
            out.append("closed")
        except OSError:
            pass
        except ValueError as e:
            out.append("bad protocol: %s" % e)
        if c.s:
            c.s.settimeout(self.timeout)
        return out

    def drain(self, c, want=None):
        """Reads messages of a subscribed connection: up to `want` within half a second, because a threaded server may
        deliver late, then up to the reply of a PING."""
        out = []
        try:
            if want is not None:
                c.s.settimeout(1.0)
                try:
                    while len(out) < want:
                        out.append(c.read_any())
                except (Closed, ConnectionError):
                    return out + ["closed"]
                except OSError:
                    pass
                c.s.settimeout(self.timeout)
            Side.seq += 1
            mark = b"mark-%d" % Side.seq
            c.send("PING", mark)
            while True:
                r = c.read_any()
                if r == ("$", mark) or (r[0] in "*>" and r[1] and r[1][-1] == ("$", mark)):
                    break
                out.append(r)
        except (Closed, ConnectionError):
            out.append("closed")
        except OSError:
            out.append("no reply")
        except ValueError as e:
            out.append("bad protocol: %s" % e)
        return out

    def do(self, step):
        """A generator: yields ("sleep", s), ("drain", conn) or ("quiet", conn);
        run_step drives both sides in lockstep and sends the drained list back.
        It ends with ("done", [(cmd for normalising, reply), ...])."""
        return getattr(self, "do_" + step[0])(step)

    def do_cmd(self, step):
        cmd = step[1]
        try:
            self.c.pushes = []
            self.c.send(*cmd)
        except OSError:
            pass
        yield ("sleep", 0)
        r = self.call(cmd, sent=True)
        c0 = up(cmd[0])
        if c0 == "HELLO" and isinstance(r, tuple) and r[0] in "*%":
            self.resp = 3 if r[0] == "%" else 2
        if c0 == "RESET" and r == ("+", b"RESET"):
            self.resp = 2
            self.c.cmd("SELECT", "9")
        yield ("done", [(cmd, r)])

    def do_px(self, step):
        r = self.call(step[1])
        yield ("sleep", 0.012)
        yield ("done", [(step[1], r)])

    def do_multi(self, step):
        _, pre, cmds, mid, end = step
        out = [(c, self.call(c)) for c in pre]
        if mid:
            a = self.auxc()
            for c in mid:
                out.append((c, a.cmd(*c)))
        out.append((["MULTI"], self.call(["MULTI"])))
        queued = []
        for c in cmds:              # there may be an EXEC among them
            r = self.call(c)
            out += executed(["QUEUED"], c, queued, r)
            if r == ("+", b"QUEUED"):
                queued.append(c)
        out += executed(["EXEC"], [end], queued, self.call([end]))
        yield ("done", out)

    def do_eval(self, step):
        _, s, keys, args = step
        r = self.call(["EVAL", s, str(len(keys))] + keys + args)
        yield ("done", [(args if "unpack(ARGV)" in s else ["HGETALL"] if "HGETALL" in s else ["EVAL"], r)])

    def do_block(self, step):
        a = self.auxc()
        a.send(*step[1])
        yield ("sleep", 0.02)
        r1 = self.call(step[2])
        try:
            r2 = a.read()
        except Exception:
            r2 = "no reply"
        yield ("done", [(step[2], r1), (step[1], r2)])

    def do_pubsub(self, step):
        a = self.auxc()
        out = []
        for c in step[1]:
            a.send(*c)
        got = yield ("drain", a)
        out += [(["MSG"], x) for x in sortmix(got)]
        for c in step[2]:
            out.append((c, self.call(c)))
        got = yield ("drain", a)
        out += [(["MSG"], x) for x in sortmix(got)]
        for c in step[3]:
            try:
                a.send(*c)
            except OSError:
                pass
        got = yield ("drain", a)
        out += [(["MSG"], x) for x in got]
        yield ("done", out)

    def do_tracking(self, step):
        a = self.auxc(3)
        out = [(["CLIENT"], a.cmd("CLIENT", "TRACKING", "ON", *step[1]))]
        for c in step[2]:
            out.append((c, a.cmd(*c)))
        for c in step[3]:
            out.append((c, self.call(c)))
        got = yield ("drain", a)
        out += [(["MSG"], x) for x in sortmix(a.pushes + got)]
        a.pushes = []
        a.cmd("CLIENT", "TRACKING", "OFF")
        yield ("done", out)

    def do_raw(self, step):
        c = Conn(self.host, self.port, self.timeout)
        try:
            c.send_raw(step[1])
        except OSError:
            pass
        got = yield ("quiet", c)
        c.close()
        yield ("done", [(["HELLO"], x) for x in got] + [(["RAW"], "end")])

    def do_scan(self, step):
        t = step[1]
        cur, got, n, res = b"0", [], 0, None
        while res is None:
            cmd = [t[0]] + ([cur] + t[1:] if t[0] == "SCAN" else [t[1], cur] + t[2:])
            r = self.call(cmd)
            n += 1
            if not isinstance(r, tuple) or r[0] != "*" or len(r[1] or []) != 2:
                res = [(cmd, r)]
                break
            cur = r[1][0][1]
            items = r[1][1][1]
            if t[0] in ("HSCAN", "ZSCAN"):
                items = [("*", items[i:i + 2]) for i in range(0, len(items), 2)]
            if t[0] == "ZSCAN":     # the score as a number, whatever digits it is written with
                items = [("*", [m, ("$", repr(float(score[1])).encode())]) for _, (m, score) in items]
            got += items
            if cur == b"0" or n > 1000:
                break
        uniq = sorted({flat(x) for x in got})
        yield ("done", res or [(["SCANALL"], ("$", ("endless" if n > 1000 else json.dumps(uniq)).encode()))])

    def do_dumprestore(self, step):
        d = self.call(["DUMP", step[1]])
        out = [(["DUMP"], d)]
        if isinstance(d, tuple) and d[0] == "$" and d[1]:
            bad = bytearray(d[1])
            bad[-1] ^= 1
            out.append((["RESTORE"], self.call(["RESTORE", "restored-bad", "0", bytes(bad)])))
            out.append((["RESTORE"], self.call(["RESTORE", step[2], "0", d[1]] + step[3])))
        yield ("done", out)

    def state(self):
        """Returns the content of database 9 in a comparable form."""
        out = []
        ks = self.call(["KEYS", "*"])
        if not isinstance(ks, tuple) or not isinstance(ks[1], list):
            return [(["KEYS"], ks)]
        for k in sorted(x[1] for x in ks[1]):
            t = self.call(["TYPE", k])
            out.append((["STATE", k], t))
            cmd = {b"string": ["GET", k], b"hash": ["HGETALL", k], b"list": ["LRANGE", k, "0", "-1"],
                   b"set": ["SMEMBERS", k],
                   b"zset": ["ZRANGE", k, "0", "-1", "WITHSCORES"],
                   b"stream": ["XRANGE", k, "-", "+"]}.get(t[1] if isinstance(t, tuple) else None)
            if cmd:
                out.append((cmd, self.call(cmd)))
            out.append((["PTTL", k], self.call(["PTTL", k])))
            out.append((["OBJECT", "ENCODING", k], self.call(["OBJECT", "ENCODING", k])))
        return out


def sortmix(l):
    return sorted(l, key=lambda x: flat(x) if isinstance(x, tuple) else str(x))


def run_step(A, B, st):
    ga, gb = A.do(st), B.do(st)
    sa = sb = None
    na = 0
    ra = rb = None
    while ra is None or rb is None:
        nap = 0
        if ra is None:
            k, x = ga.send(sa)
            sa = None
            if k == "done":
                ra = x
            elif k == "sleep":
                nap = x
            else:
                sa = A.drain(x) if k == "drain" else A.drain_quiet(x)
                na = len(sa)
        if rb is None:
            k, x = gb.send(sb)
            sb = None
            if k == "done":
                rb = x
            elif k == "sleep":
                nap = max(nap, x)
            else:
                want = na - (1 if sa and sa[-1] == "closed" else 0) if sa is not None else None
                sb = B.drain(x, want) if k == "drain" else B.drain_quiet(x, want)
        if nap:
            time.sleep(nap)
    return ra, rb
