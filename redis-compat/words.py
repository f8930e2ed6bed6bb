# SPDX-License-Identifier: BSD-3-Clause
"""Random arguments: keys, values, numbers with their edge cases, times, ids."""

POOL = {"ks": ["s1", "s2", "s3", "{t}s4"], "kh": ["h1", "h2", "h3"], "kl": ["l1", "l2", "{t}l3"],
        "kt": ["t1", "t2", "t3"], "kz": ["z1", "z2", "z3"], "kx": ["x1", "x2"],
        "kb": ["b1", "b2", "b3"], "kp": ["p1", "p2", "p3"], "kg": ["g1", "g2"]}
ALLKEYS = [k for p in POOL.values() for k in p]
EDGE_INT = ["0", "1", "-1", "2", "3", "5", "7", "10", "100", "255", "256", "1000", "65535", "2147483647",
            "2147483648", "4294967295", "9223372036854775807", "-9223372036854775808",
            "9223372036854775808", "-9223372036854775809", "18446744073709551615"]
BAD_INT = ["", "a", "1.5", " 1", "1 ", "+1", "01", "-0", "0x10", "1e3", "-", "nan"]
FLOATS = ["0", "1", "-1", "0.1", "1.5", "-2.25", "3.14159", "1e3", "1e-5", "1e17", "1e300", "-1e300", "inf", "-inf",
          "+inf", "Infinity", "1.0", "100000000000000000000", "0.30000000000000004", "5e-324", "1.7976931348623157e308"]
BAD_FLOATS = ["", "nan", "abc", "1.5x", " 1", "1,5", "--1", "0x1p3"]


class Words:
    """Has one method for each word of the templates; r is the random source."""

    def __init__(self, rng):
        self.r = rng

    def word(self, t):
        if t in POOL:
            return self.key(self.r, POOL[t])
        return getattr(self, "word_" + t)(self.r)

    @classmethod
    def knows(cls, t):
        return t in POOL or hasattr(cls, "word_" + t)

    @staticmethod
    def str(v):
        return v if isinstance(v, str) else v.decode("latin-1")

    def key(self, r, pool):
        x = r.random()
        if x < 0.93:
            return r.choice(pool)
        if x < 0.98:
            return r.choice(ALLKEYS)
        return r.choice(["nokey", "", "k\r\n\x00\xff".encode("latin-1")])

    def word_k(self, r):
        return r.choice(ALLKEYS) if r.random() < 0.97 else "nokey"

    def word_v(self, r):
        x = r.random()
        if x < 0.35:
            return str(r.randint(-3, 12))
        if x < 0.75:
            return r.choice(["a", "b", "abc", "hello world", "foo", "bar", "Foo", "abcabcabc", "ohmytext", "mynewtext"])
        if x < 0.85:
            return r.choice(EDGE_INT)
        if x < 0.9:
            return r.choice(FLOATS)
        if x < 0.93:
            return ""
        if x < 0.96:
            return bytes(r.randrange(256) for _ in range(r.randint(1, 12)))
        return r.choice("xyz") * r.choice([43, 44, 45, 64, 65, 128, 500, 3000])

    def word_m(self, r):
        x = r.random()
        if x < 0.5:
            return r.choice(["a", "b", "c", "d", "e", "f", "aa", "ab"])
        if x < 0.9:
            return str(r.randint(-2, 9))
        return self.word("v")

    def word_f(self, r):
        return r.choice(["f1", "f2", "f3", "f4", "f5", "1", "2"]) if r.random() < .95 else self.word("v")

    def word_n(self, r):
        x = r.random()
        return str(r.randint(-6, 6)) if x < 0.88 else (r.choice(EDGE_INT) if x < 0.95 else r.choice(BAD_INT))

    def word_pn(self, r):
        x = r.random()
        if x < 0.9:
            return str(r.randint(0, 5))
        return r.choice(EDGE_INT[:12]) if x < 0.95 else r.choice(BAD_INT + ["-1"])

    def word_N(self, r):
        x = r.random()
        return str(r.randint(-20, 20)) if x < 0.6 else (r.choice(EDGE_INT) if x < 0.92 else r.choice(BAD_INT))

    def word_fl(self, r):
        x = r.random()
        return (str(r.randint(-5, 5)) if x < 0.4 else "%.*g" % (r.randint(1, 17), r.uniform(-100, 100)) if x < 0.7
                else r.choice(FLOATS) if x < 0.93 else r.choice(BAD_FLOATS))

    def word_sc(self, r):
        x = r.random()
        return (str(r.randint(-5, 5)) if x < 0.6 else "%.3g" % r.uniform(-10, 10) if x < 0.85
                else r.choice(FLOATS) if x < 0.97 else r.choice(BAD_FLOATS))

    def word_smin(self, r):
        return self.score_bound(r, '-inf')

    def word_smax(self, r):
        return self.score_bound(r, '+inf')

    def score_bound(self, r, end):
        x = r.random()
        if x < 0.25:
            return end
        v = self.word("sc")
        return "(" + v if r.random() < 0.3 else v

    def word_xmin(self, r):
        return self.lex_bound(r, '-')

    def word_xmax(self, r):
        return self.lex_bound(r, '+')

    def lex_bound(self, r, end):
        x = r.random()
        if x < 0.3:
            return end
        if x < 0.95:
            return r.choice("[(") + self.str(self.word("m"))
        return r.choice(["a", "", "[", "("])

    def word_ttl(self, r):
        x = r.random()
        return (str(r.choice([100, 1000, 5000, 100000])) if x < 0.85 else
                r.choice(["0", "-1", "9223372036854775807", "9223372036854775", "a", "1.5", ""]))

    def word_pttl(self, r):
        x = r.random()
        return (str(r.choice([100000, 1000000, 123456789])) if x < 0.85 else
                r.choice(["0", "-1", "9223372036854775807", "a", ""]))

    def word_at(self, r):
        x = r.random()
        return (str(r.choice([4000000000, 4000000001, 5000000000])) if x < 0.75 else
                r.choice(["1", "1000000000", "0", "-1", "9223372036854775807", "a"]))

    def word_pat(self, r):
        x = r.random()
        return (str(r.choice([4000000000000, 4000000000001])) if x < 0.75 else
                r.choice(["1", "1000000000000", "0", "-1", "9223372036854775807", "a"]))

    def word_id(self, r):
        x = r.random()
        if x < 0.45:
            return str(r.randint(0, 12))
        if x < 0.85:
            return "%d-%d" % (r.randint(0, 12), r.randint(0, 4))
        if x < 0.93:
            return "%d-*" % r.randint(1, 14)
        return r.choice(["-", "+", "$", "0-0", "a", "1-", "-1", "1-2-3", "18446744073709551615-18446744073709551615",
                         "9999999999999999999999", ""])

    def word_aid(self, r):
        x = r.random()
        if x < 0.8:
            self.xid = getattr(self, "xid", 0) + r.choice([0, 1, 1, 2])
            return "%d-%s" % (self.xid, r.choice(["1", "2", "*", "3"]))
        return self.word("id")

    def word_rid(self, r):
        x = r.random()
        return (r.choice("-+") if x < 0.4 else
                ("(" if r.random() < .2 else "") + self.word("id"))

    def word_g(self, r):
        return r.choice(["grp1", "grp2"]) if r.random() < .95 else "nogrp"

    def word_c(self, r):
        return r.choice(["alice", "bob"])

    def word_bo(self, r):
        x = r.random()
        return str(r.randint(0, 70)) if x < 0.85 else r.choice(["4294967295", "-1", "4294967296", "a", "1000", "8191"])

    def word_bt(self, r):
        x = r.random()
        if x < 0.92:
            return r.choice(["u8", "i8", "u4", "i5", "u16", "i16", "u1", "i64", "u63"])
        return r.choice(["u64", "i65", "u0", "x8", "8", ""])

    def word_bfo(self, r):
        return r.choice(["0", "1", "#0", "#1", "#2", "7", "100", "-1", "#-1", "a"])

    def word_lon(self, r):
        if r.random() < 0.5:
            return "%.6f" % r.uniform(-180, 180)
        return r.choice(["13.361389", "15.087269", "0", "-122.27652", "2.349", "13.36139", "14", "179.9999", "-179.9999",
                         "180", "-180"] if r.random() < .95 else ["180.0000001", "-181", "inf", "nan", "1e308", "a"])

    def word_lat(self, r):
        if r.random() < 0.5:
            return "%.6f" % r.uniform(-85.05, 85.05)
        return r.choice(["38.115556", "37.502669", "0", "37.805186", "48.86", "38.11556", "37", "85", "85.05112878",
                         "-85.05112878"] if r.random() < .95 else ["85.051128781", "-86", "-inf", "nan", "x"])

    def word_u(self, r):
        return r.choice(["m", "km", "ft", "mi", "M"]) if r.random() < .96 else "yard"

    def word_rad(self, r):
        if r.random() < 0.4:
            return "%.3f" % 10 ** r.uniform(-1, 6)
        return r.choice(["100", "200", "500", "1000", "0", "20000", "1", "inf"] if r.random() < .95 else ["-1", "nan", "a"])

    def word_em(self, r):
        return bytes(r.randrange(256) for _ in range(r.choice([1, 2, 2, 3, 8, 20])))

    def word_ho(self, r):
        return str(r.choice([0, 4, 8, 15, r.randint(16, 60), r.randint(16, 60), r.randint(16, 300)]))

    def word_hd(self, r):
        """A run of a HyperLogLog. Those of two bytes are complete: PFADD into half of one differs."""
        first = r.choice([0, 1, 63, 0x40, 0x7f, 0x80, 0xff, r.randrange(256)])
        return bytes([first, 0] if first >> 6 == 1 else [first])

    def word_hv(self, r):
        """A HyperLogLog: sparse, valid or not, or dense."""
        head = b"HYLL%c\0\0\0" + bytes(7) + r.choice([b"\0", b"\x80"])
        x = r.random()
        if x < 0.4:
            return head % 1 + b"".join(self.word("hd") for _ in range(r.randint(0, 20))) + b"\x7f\xff"
        if x < 0.7:
            n = r.randint(1, 16383)
            return head % 1 + bytes([0x40 | (n - 1) >> 8, n - 1 & 255]) + bytes([0x40 | (16383 - n) >> 8, 16383 - n & 255])
        return head % 0 + bytes(r.choice([0, 1, 255, r.randrange(256)]) for _ in range(12)) * 1024

    def word_pat_(self, r):
        return r.choice(["*", "s*", "h?", "[sh]*", "*1", "x[1-2]", "", "\\*", "[^s]*", "[", "[a-", "nokey", "?1",
                         "{t}*"])

    def word_src(self, r):
        return r.choice(["s1", "nokey", "#", "w_*", "h1->f1", "h*->f1", "h*->f2", "h*->", "*->f1", "s*", "{t}s*", "*"])

    def word_db(self, r):
        return r.choice(["0", "9", "9", "1", "16", "-1", "a"])
