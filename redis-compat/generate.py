# SPDX-License-Identifier: BSD-3-Clause
"""Generates a random sequence of steps from the templates. The seed determines all of it."""
import re

from families import FAMILIES, FUNCS, RAW, SCRIPTS
from words import POOL, Words

SPECIAL = ("multi", "script", "function", "block", "pubsub", "tracking", "raw", "scan", "dumprestore", "px")


class Gen(Words):
    def __init__(self, rng, families):
        super().__init__(rng)
        self.fams = {f: FAMILIES[f] for f in families if f in FAMILIES}
        self.special = [s for s in SPECIAL if s in families]
        self.compiled = {}

    # grammar: [a|b] optional choice, (a|b) choice, {a b}+ repeated one to four times
    def parse(self, tpl):
        toks = re.findall(r"\}\+|[\[\](){}|]|[^\s\[\](){}|]+", tpl)
        pos = 0

        def alt(end):
            nonlocal pos
            alts, cur = [], []
            while pos < len(toks) and toks[pos] not in end:
                t = toks[pos]
                pos += 1
                if t == "|":
                    alts.append(cur)
                    cur = []
                elif t == "[":
                    a = alt("]")
                    pos += 1
                    cur.append(("opt", a))
                elif t == "(":
                    a = alt(")")
                    pos += 1
                    cur.append(("one", a))
                elif t == "{":
                    a = alt(("}+",))
                    pos += 1
                    cur.append(("rep", a))
                else:
                    cur.append(("tok", t))
            alts.append(cur)
            return alts
        return alt(())[0]

    def expand(self, seq, out):
        r = self.r
        for kind, x in seq:
            if kind == "tok":
                out.append(self.word(x) if self.knows(x) else x)
            elif kind == "opt":
                if r.random() < 0.4:
                    self.expand(r.choice(x), out)
            elif kind == "one":
                self.expand(r.choice(x), out)
            else:
                for _ in range(r.choice([1, 1, 2, 2, 3, 4])):
                    self.expand(r.choice(x), out)

    def command(self, fam=None):
        r = self.r
        fam = fam or r.choice(list(self.fams))
        tpl = r.choice(self.fams[fam])
        if " 0.01" in tpl and r.random() < 0.7:
            tpl = r.choice(self.fams[fam])
        if tpl not in self.compiled:
            self.compiled[tpl] = self.parse(tpl)
        out = []
        self.expand(self.compiled[tpl], out)
        if out[0] == "NUMKEYS":  # CMD with numkeys computed: "NUMKEYS CMD {k}+ ; rest"
            i = out.index(";")
            out = [out[1], str(i - 2) if r.random() < .95 else self.word("n")] + out[2:i] + out[i + 1:]
        if r.random() < 0.05 and out[0] not in ("WAIT", "DEBUG", "CLIENT", "CONFIG", "ACL", "BLPOP", "BRPOP", "BLMOVE"):
            out = self.mutate(out)
        if r.random() < 0.05:
            out[0] = out[0].lower()
        return self.safe(out)

    def mutate(self, a):
        r, a = self.r, list(a)
        x = r.random()
        if x < 0.3 and len(a) > 1:
            a.pop(r.randrange(1, len(a)))
        elif x < 0.55:
            a.insert(r.randrange(1, len(a) + 1), self.word(r.choice(["v", "n", "fl", "k"])))
        elif x < 0.75 and len(a) > 2:
            i, j = r.randrange(1, len(a)), r.randrange(1, len(a))
            a[i], a[j] = a[j], a[i]
        elif x < 0.9 and len(a) > 1:
            a[r.randrange(1, len(a))] = self.word(r.choice(["v", "n", "fl", "k", "id"]))
        elif len(a) > 1:
            i = r.randrange(1, len(a))
            a[i] = a[i].lower() if isinstance(a[i], str) else a[i]
        return a

    def safe(self, a):
        """Rejects steps that block, need much memory or have random results."""
        c = (a[0] if isinstance(a[0], str) else "").upper()
        if c in ("SETRANGE", "SETBIT") and len(a) > 2:
            try:
                v = int(self.str(a[2]))
                if (c == "SETRANGE" and 5000 < v < 2 ** 62) or (c == "SETBIT" and 40000 < v < 2 ** 32):
                    a = a[:2] + ["1000"] + a[3:]
            except ValueError:
                pass
        if c == "BITFIELD":
            a = [("1000" if isinstance(x, str) and re.fullmatch(r"#?\d{5,}", x) and len(x) < 12 else x) for x in a]
        if c == "XADD" and "*" in a[1:]:
            a = ["5-*" if x == "*" else x for x in a]
        if c in ("BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX"):
            a = a[:-1] + ["0.01"]
        if c in ("BLMPOP", "BZMPOP"):
            a = a[:1] + ["0.01"] + a[2:]
        if c in ("XREAD", "XREADGROUP"):
            block = {i for i, x in enumerate(a) if self.str(x).upper() == "BLOCK"}
            a = [x for i, x in enumerate(a) if i not in block and i - 1 not in block]
        if c == "COMMAND" and len(a) == 1:
            a = a + ["NOSUCH"]
        if c == "SPOP":
            a = a[:2] + ["1000"] if len(a) > 1 else a
        return a

    # steps

    def step(self):
        r = self.r
        if self.special and r.random() < 0.12:
            return getattr(self, "step_" + r.choice(self.special))(r)
        return ["cmd", self.command()]

    def step_multi(self, r):
        cmds = [self.command() for _ in range(r.randint(0, 5))]
        cmds = [c for c in cmds if str(c[0]).upper() not in ("SUBSCRIBE", "RESET", "HELLO", "QUIT")]
        w = r.random()
        return ["multi", [["WATCH", self.word("k")]] if w < .3 else [], cmds,
                [["SET", self.word("ks"), "w"]] if w < .1 else [], "DISCARD" if r.random() < .15 else "EXEC"]

    def step_script(self, r):
        if r.random() < 0.5:
            c = self.command()
            return ["eval", r.choice(["return redis.call(unpack(ARGV))", "return redis.pcall(unpack(ARGV))",
                                      "redis.setresp(3); return redis.call(unpack(ARGV))"]), [], c]
        return ["eval", r.choice(SCRIPTS), [self.word("k"), self.word("k")], [self.word("v"), self.word("n")]]

    def step_function(self, r):
        return ["cmd", r.choice(FUNCS)]

    def step_block(self, r):
        b, p = r.choice([
            (["BLPOP", "l1", "l2", "0.5"], ["RPUSH", r.choice(["l1", "l2"]), self.word("v"), self.word("v")]),
            (["BRPOP", "l1", "0.5"], ["LPUSH", "l1", self.word("v"), self.word("v")]),
            (["BLMOVE", "l1", "l2", "LEFT", "RIGHT", "0.5"], ["RPUSH", "l1", self.word("v")]),
            (["BLMPOP", "0.5", "2", "l1", "l2", "RIGHT", "COUNT", "2"], ["RPUSH", "l2", "a", "b", "c"]),
            (["BZPOPMIN", "z1", "z2", "0.5"], ["ZADD", "z2", "2", "b", "1", "a"]),
            (["BZMPOP", "0.5", "1", "z1", "MAX", "COUNT", "2"], ["ZADD", "z1", "2", "b", "1", "a"]),
            (["XREAD", "BLOCK", "500", "STREAMS", "x1", "$"],
             ["XADD", "x1", "%d-1" % (100 + r.randint(0, 10 ** 6)), "f", "v"]),
            (["BRPOPLPUSH", "l1", "l2", "0.5"], ["LPUSH", "l1", self.word("v")])])
        return ["block", b, p]

    def step_pubsub(self, r):
        ch = r.choice(["ch1", "ch2"])
        sub = r.choice([["SUBSCRIBE", "ch1", "ch2"], ["PSUBSCRIBE", "ch*"], ["SUBSCRIBE", "ch1"],
                        ["PSUBSCRIBE", "ch[1]", "ch?"]])
        return ["pubsub", [sub], [["PUBLISH", ch, self.word("v")], ["PUBSUB", "NUMSUB", "ch1", "ch2"],
                                  ["PUBSUB", "NUMPAT"], ["PUBSUB", "CHANNELS"]],
                [["PING"], ["GET", "x"], ["UNSUBSCRIBE", "ch1"], ["PUNSUBSCRIBE", "ch?"],
                 [r.choice(["UNSUBSCRIBE", "PUNSUBSCRIBE"])], ["PING", "z"]]]

    def step_tracking(self, r):
        k = r.choice(POOL["ks"])
        opt = r.choice([[], ["BCAST"], ["BCAST", "PREFIX", "s"], ["OPTIN"], ["OPTOUT"], ["NOLOOP"]])
        return ["tracking", opt, [["GET", k], ["HGETALL", "h1"]],
                [["SET", k, self.word("v")], ["DEL", "h1"], ["FLUSHDB"]][:r.randint(1, 3)]]

    def step_raw(self, r):
        b = r.choice(RAW)
        if r.random() < 0.4:
            b = bytearray(b)
            for _ in range(r.randint(1, 3)):
                if b:
                    i = r.randrange(len(b))
                    if r.random() < .5:
                        b[i] = r.choice(b"*$:+-\r\n0123456789 \"'\\x\x00\xff")
                    else:
                        del b[i]
            b = bytes(b)
        return ["raw", b]

    def step_scan(self, r):
        t = r.choice([["SCAN"], ["SCAN", "MATCH", self.word("pat_")],
                      ["SCAN", "TYPE", r.choice(["string", "hash", "list", "zset", "set", "stream"])],
                      ["HSCAN", self.word("kh")], ["SSCAN", self.word("kt")], ["ZSCAN", self.word("kz")],
                      ["SCAN", "COUNT", "2"],
                      ["HSCAN", self.word("kh"), "MATCH", "f*", "COUNT", "1"]])
        return ["scan", t]

    def step_dumprestore(self, r):
        a, b = self.word("k"), self.word("k")
        return ["dumprestore", a, b, r.choice([[], ["REPLACE"], ["REPLACE", "ABSTTL"], ["REPLACE", "IDLETIME", "10"],
                                               ["REPLACE", "FREQ", "5"]])]

    def step_px(self, r):
        return ["px", r.choice([["SET", self.word("ks"), self.word("v"), "PX", "1"], ["PEXPIRE", self.word("k"), "1"],
                                ["GETEX", self.word("ks"), "PX", "1"], ["PSETEX", self.word("ks"), "1", "v"]])]
