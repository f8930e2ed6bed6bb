# SPDX-License-Identifier: BSD-3-Clause
"""The notation of replies and words in scenario files (README.md explains it): parse, match, show."""
import re

ESC = {"n": 10, "r": 13, "t": 9, "a": 7, "b": 8, "0": 0, "\\": 92, '"': 34}


class Bad(Exception):
    """The scenario file is wrong here."""


# ---------------------------------------------------------------- words

def quoted(s, i):
    """s[i] is a quote -> (bytes, index after it)"""
    q, out, j = s[i], bytearray(), i + 1
    while j < len(s) and s[j] != q:
        if s[j] == "\\" and q == '"':
            if s[j + 1:j + 2] == "x":
                out.append(int(s[j + 2:j + 4], 16))
                j += 4
                continue
            if s[j + 1:j + 2] not in ESC:
                raise Bad("unknown escape in %s" % s[i:j + 2])
            out.append(ESC[s[j + 1]])
            j += 2
            continue
        out += s[j].encode("utf-8")
        j += 1
    if j >= len(s):
        raise Bad("quote not closed: %s" % s[i:i + 40])
    return bytes(out), j + 1


def string(s, i):
    """One or more quoted parts, each with an optional *N, joined by + -> (bytes, index after them)"""
    out = b""
    while True:
        b, i = quoted(s, i)
        m = re.compile(r"\*(\d+)").match(s, i)
        if m:
            b *= int(m[1])
            i = m.end()
        out += b
        if s[i:i + 1] != "+" or s[i + 1:i + 2] not in ('"', "'"):
            return out, i
        i += 1


def words(s):
    """A request line -> list of bytes"""
    out, i = [], 0
    while True:
        while i < len(s) and s[i].isspace():
            i += 1
        if i >= len(s):
            return out
        if s.startswith("{{", i):
            m = re.compile(r"\{\{(.*?)\}\}\*(\d+)").match(s, i)
            if not m:
                raise Bad("{{words}}*N expected: %s" % s[i:i + 40])
            part = words(m[1])
            for n in range(int(m[2])):
                out += [w.replace(b"#", b"%d" % n) for w in part]
            i = m.end()
        elif s[i] in "\"'":
            b, i = string(s, i)
            out.append(b)
        else:
            j = i
            while j < len(s) and not s[j].isspace():
                j += 1
            out.append(s[i:j].encode("utf-8"))
            i = j
        if i < len(s) and not s[i].isspace():
            raise Bad("a space is missing before: %s" % s[i:i + 40])


# ---------------------------------------------------------------- expected replies

class Want:
    """One expected reply. kind says which notation it was, value what stands in it."""

    def __init__(self, kind, value=None, name=None):
        self.kind, self.value, self.name = kind, value, name
        self.proto = self.only = None       # proto: for RESP2 or RESP3 only; only: for the oracle ('7.0') only
        self.text = ""


WORDS = ("nilarray", "nil", "any", "int", "bulk", "array", "double", "map", "none", "closed", "gone", "...")


class Parser:
    def __init__(self, text):
        self.s, self.i = text, 0

    def skip(self):
        while self.i < len(self.s) and self.s[self.i].isspace():
            self.i += 1
        return self.i < len(self.s)

    def take(self, pattern):
        m = re.compile(pattern).match(self.s, self.i)
        if m:
            self.i = m.end()
        return m

    def all(self):
        out = []
        while self.skip():
            start, proto, only = self.i, None, None
            while True:
                m = self.take(r"([23])>\s+") or self.take(r"(7\.0)>\s+")
                if not m:
                    break
                if m[1] == "7.0":
                    only = m[1]
                else:
                    proto = int(m[1])
            for w in self.repeated(0) or [self.value(0)]:
                w.proto, w.only, w.text = proto, only, self.s[start:self.i].strip()
                out.append(w)
        return out

    def repeated(self, depth):
        """{{replies}}*N, or None"""
        m = self.take(r"\{\{(.*?)\}\}\*(\d+)")
        if not m:
            return None
        if "#" not in m[1]:
            return Parser(m[1]).items("", depth) * int(m[2])
        return [w for n in range(int(m[2])) for w in Parser(m[1].replace("#", str(n))).items("", depth)]

    def value(self, depth):
        w = self.plain(depth)
        m = self.take(r"[ \t]+as[ \t]+(\w+)")
        if m:
            w.name = m[1]
        return w

    def plain(self, depth):
        s, i = self.s, self.i
        c = s[i]
        if c in "+-" and not re.compile(r"-?\d").match(s, i):
            return self.line(c, depth)
        if c in "\"'":
            b, self.i = string(s, i)
            return Want("$", b)
        if c == "/":
            return Want("re$", self.regex())
        m = self.take(r"(-?\d+)\.\.(-?\d+)")
        if m:
            return Want("range", (int(m[1]), int(m[2])))
        m = self.take(r"-?\d+(?![\w.])")
        if m:
            return Want(":", int(m[0]))
        m = self.take(r",(/)?")
        if m:
            if m[1]:
                self.i -= 1
                return Want("re,", self.regex())
            return Want(",", self.take(r"[^\s\]}]+")[0].encode())
        m = self.take(r"#([tf])")
        if m:
            return Want("#", m[1] == "t")
        m = self.take(r"\((-?\d+)")
        if m:
            return Want("(", m[1].encode())
        m = self.take(r"txt(?=[\"/])")
        if m:
            if s[self.i] == "/":
                return Want("re=", self.regex())
            b, self.i = string(s, self.i)
            return Want("=", b)
        m = self.take(r"(any-order\s+|~|>)?\[")
        if m:
            return Want({None: "*", "~": "~", ">": ">"}.get(m[1], "bag"), self.items("]", depth))
        if self.take(r"\{"):
            return self.pairs(depth)
        for word in WORDS:
            if self.take(re.escape(word) + r"(?![\w-])"):
                return Want(word)
        raise Bad("cannot read the reply: %s" % s[i:i + 60])

    def line(self, sign, depth):
        """A status or an error: to the end of the line, or one word inside an array"""
        self.i += 1
        c = self.s[self.i:self.i + 1]
        if c == "/":
            return Want("re" + sign, self.regex())
        if c == '"':
            b, self.i = string(self.s, self.i)
            return Want(sign, b)
        text = self.take(r"[^\n]*" if depth == 0 else r"[^\s\]}]*")[0].rstrip()
        if text.endswith(" ..."):
            return Want("re" + sign, re.escape(text[:-4].encode()) + b"( .*)?")
        return Want(sign, text.encode())

    def regex(self):
        m = self.take(r"/((?:[^/\\]|\\.)*)/")
        if not m:
            raise Bad("expression not closed: %s" % self.s[self.i:self.i + 40])
        expression = m[1].replace("\\/", "/").encode()
        re.compile(expression)
        return expression

    def items(self, end, depth):
        out = []
        while self.skip() and self.s[self.i] != end:
            out += self.repeated(depth) or [self.value(depth + 1)]
        if end and not self.take(re.escape(end)):
            raise Bad("%s is missing" % end)
        return out

    def pairs(self, depth):
        out = []
        while self.skip() and self.s[self.i] != "}":
            k = self.value(depth + 1)
            if k.kind == "...":
                out.append((k, None))
                continue
            if not self.take(r"\s*:"):
                raise Bad(": expected after a key: %s" % self.s[self.i:self.i + 40])
            self.skip()
            out.append((k, self.value(depth + 1)))
        if not self.take(r"\}"):
            raise Bad("} is missing")
        return Want("%", out)


def replies(text):
    return Parser(text).all()


# ---------------------------------------------------------------- matching

NULLS = {2: {"nil": ("$", None), "nilarray": ("*", None)}, 3: {"nil": ("_", None), "nilarray": ("_", None)}}
# what a RESP3 type becomes for a RESP2 client
DOWN = {"%": "*", "~": "*", ">": "*", "#": ":", ",": "$", "(": "$", "=": "$"}


def full(expression, b, names, w):
    m = re.compile(substitute(expression, names, re.escape), re.S).fullmatch(b)
    if m and w.name:
        names[w.name] = m[1] if m.re.groups else m[0]
    return m is not None


def match(w, r, proto, names):
    """Is the reply r what w says? Fills names from `as`."""
    t, v = r
    k = w.kind
    wire = lambda c: DOWN.get(c, c) if proto == 2 else c
    ok = False
    if k == "any":
        ok = True
    elif k in ("nil", "nilarray"):
        ok = r == NULLS[proto][k]
    elif k in "$+-" or k == ":":
        ok = t == k and v == substitute(w.value, names)
    elif k == "range":
        ok = t == ":" and w.value[0] <= v <= w.value[1]
    elif k in ("int", "bulk", "array", "double", "map"):
        ok = t == wire({"int": ":", "bulk": "$", "array": "*", "double": ",", "map": "%"}[k]) and v is not None
    elif k in ("re$", "re+", "re-", "re,"):
        return t == wire(k[2]) and v is not None and full(w.value, v, names, w)
    elif k == "re=":
        return t == wire("=") and full(w.value, v if proto == 2 else v[4:], names, w)
    elif k == "=":
        ok = r == (("$", w.value) if proto == 2 else ("=", b"txt:" + w.value))
    elif k in ",(":
        ok = r == (wire(k), w.value)
    elif k == "#":
        ok = r == ((":", int(w.value)) if proto == 2 else ("#", w.value))
    elif k in "*>":
        ok = t == wire(k) and v is not None and in_order(w.value, v, proto, names)
    elif k in ("~", "bag"):
        ok = t == wire("~" if k == "~" else "*") and v is not None and in_any_order(w.value, v, proto, names)
    elif k == "%":
        ok = match_map(w, r, proto, names)
    if ok and w.name:
        names[w.name] = b"%d" % v if isinstance(v, int) else v
    return ok


def substitute(b, names, how=bytes):
    """Puts in what `as` has kept"""
    if isinstance(b, bytes) and b"${" in b:
        return re.sub(rb"\$\{(\w+)\}", lambda m: how(names[m[1].decode()]) if m[1].decode() in names else m[0], b)
    return b


def in_order(want, got, proto, names):
    if want and want[-1].kind == "...":
        want = want[:-1]
        got = got[:len(want)]
    return len(want) == len(got) and all(match(w, g, proto, names) for w, g in zip(want, got))


def in_any_order(want, got, proto, names):
    rest = any(w.kind == "..." for w in want)
    want, left = [w for w in want if w.kind != "..."], list(got)
    if len(want) != len(left) and not rest:
        return False
    for w in want:
        for i, g in enumerate(left):
            if match(w, g, proto, names):
                del left[i]
                break
        else:
            return False
    return True


def match_map(w, r, proto, names):
    t, v = r
    if proto == 2:
        if t != "*" or v is None or len(v) % 2:
            return False
        v = list(zip(v[::2], v[1::2]))
    elif t != "%":
        return False
    both = [Want("pair", p) for p in w.value if p[0].kind != "..."]
    if len(both) != len(v) and len(both) == len(w.value):
        return False
    left = list(v)
    for p in both:
        for i, (gk, gv) in enumerate(left):
            if match(p.value[0], gk, proto, names) and match(p.value[1], gv, proto, names):
                del left[i]
                break
        else:
            return False
    return True


# ---------------------------------------------------------------- showing

def show_bytes(b):
    if len(b) > 24 and b == b[:1] * len(b):
        return '%s*%d' % (show_bytes(b[:1]), len(b))
    try:
        text = b.decode("utf-8")
    except UnicodeDecodeError:
        text = b.decode("latin-1")
        return '"%s"' % "".join(short_escape(c) if ord(c) < 127 else "\\x%02x" % ord(c) for c in text)
    return '"%s"' % "".join(short_escape(c) for c in text)


def short_escape(c):
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", '"': '\\"'}.get(c) or (
        c if c.isprintable() else "".join("\\x%02x" % b for b in c.encode("utf-8")))


def show_line(sign, b, depth):
    text = b.decode("latin-1")
    plain = text.isprintable() and text == text.strip() and not text.startswith(("/", '"'))
    if not plain or (depth and not re.fullmatch(r"[\w.]+", text)):
        return sign + show_bytes(b)
    return sign + text


def show(r, proto=3, depth=0):
    """A reply in the notation of scenario files"""
    t, v = r
    if t in "+-":
        return show_line(t, v, depth)
    if t == ":":
        return "%d" % v
    if v is None:
        return "nilarray" if t == "*" else "nil"
    if t == "$":
        return show_bytes(v)
    if t == "=":
        return "txt" + show_bytes(v[4:])
    if t == "#":
        return "#t" if v else "#f"
    if t in ",(":
        return t + v.decode()
    if t == "%":
        return "{%s}" % " ".join("%s: %s" % (show(a, proto, depth + 1), show(b, proto, depth + 1)) for a, b in v)
    if t in "*~>":
        return "%s[%s]" % (t if t != "*" else "", " ".join(show(x, proto, depth + 1) for x in v))
    return "%s%r" % (t, v)
