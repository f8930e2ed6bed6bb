# SPDX-License-Identifier: BSD-3-Clause
"""Compares two replies. Tells hard differences from soft ones and from permitted ones (order, random choice, time)."""
import json
import re

UNORDERED = {"KEYS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "HKEYS", "HVALS", "SPOP"}
PAIRS = {"HGETALL", "CONFIG"}
SHAPE = {"LOLWUT", "SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER", "DUMP", "TIME", "RANDOMKEY", "MEMORY", "LATENCY",
         "SLOWLOG"}
TTLS = {"TTL": 2, "PTTL": 3000, "EXPIRETIME": 2, "PEXPIRETIME": 3000}
MASK = {b"radix-tree-keys", b"radix-tree-nodes", b"idle", b"inactive", b"seen-time", b"active-time", b"length-bytes",
        b"id", b"version", b"server", b"proto-x", b"library_code"}
# 7.0 counts entries that were deleted before a group read them
PROGRESS = {b"lag", b"entries-read"}
XMASKKEY = {b"radix-tree-keys", b"radix-tree-nodes", b"idle", b"inactive", b"seen-time", b"active-time"}


def up(x):
    return (x.decode("latin-1") if isinstance(x, bytes) else str(x)).upper()


def flat(r):
    """Turns a reply, or a key/value pair of a map, into a sort key."""
    if isinstance(r, tuple) and isinstance(r[0], tuple):
        return flat(r[0]) + flat(r[1])
    return json.dumps(tojson(r), sort_keys=True)


def tojson(r):
    t, v = r
    if isinstance(v, bytes):
        v = v.decode("latin-1")
    elif isinstance(v, list):
        v = [[tojson(a), tojson(b)] for a, b in v] if t == "%" else [tojson(x) for x in v]
    return [t, v]


def mask_fields(r, names):
    t, v = r
    if t == "%":
        return (t, sorted([(k, ("$", b"<masked>") if k[1] in names else mask_fields(x, names)) for k, x in v],
                          key=flat))
    if isinstance(v, list):
        out, i = [], 0
        while i < len(v):
            out.append(mask_fields(v[i], names))
            if v[i][0] in "$+" and v[i][1] in names and i + 1 < len(v):
                out.append(("$", b"<masked>"))
                i += 1
            i += 1
        return (t, out)
    return r


def shape(r):
    t, v = r
    if isinstance(v, list):
        return (t, [shape(x) if t != "%" else ("*", []) for x in v])
    if isinstance(v, int) and not isinstance(v, bool):
        return (t, 0)
    return (t, b"" if v is not None else None)


def norm(cmd, r):
    """Returns the reply in a comparable form. cmd: the list of arguments, or None."""
    if r is None or r[0] in "-!":
        return r
    if not cmd:
        return r
    c = up(cmd[0])
    sub = up(cmd[1]) if len(cmd) > 1 else ""
    t, v = r
    if c in SHAPE:
        if c in ("SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER"):
            return shape(r)
        return (t, b"<some>" if v is not None else None)
    if c in UNORDERED and isinstance(v, list):
        return (t, sorted(v, key=flat))
    if c == "SORT" or c == "SORT_RO":
        if isinstance(v, list) and any(up(x) == "BY" for x in cmd[2:]):
            return (t, sorted(v, key=flat))
        return r
    if c in PAIRS and isinstance(v, list):
        if t == "%":
            return (t, sorted(v, key=flat))
        return (t, sorted([("*", v[i:i + 2]) for i in range(0, len(v), 2)], key=flat))
    if c == "PUBSUB" and sub == "CHANNELS" and isinstance(v, list):
        return (t, sorted(v, key=flat))
    if c == "HELLO":
        return mask_fields(r, {b"id", b"version", b"server", b"modules", b"availability_zone"})
    if c == "XINFO":
        if sub == "GROUPS" or sub == "STREAM" and any(up(x) == "FULL" for x in cmd):
            return mask_times(mask_fields(r, XMASKKEY | {b"consumers"} | PROGRESS))
        return mask_fields(r, XMASKKEY)
    if c == "XPENDING" and isinstance(v, list) and len(cmd) > 3:
        return (t, [without_idle(x) if x[0] == "*" and x[1] and len(x[1]) == 4 else x for x in v])
    if c == "FUNCTION" and isinstance(v, list):
        return mask_fields((t, sorted([sortdeep(x) for x in v], key=flat)), {b"library_code"})
    if c == "CLIENT" and sub == "TRACKINGINFO":
        return sortdeep(r)
    if c in ("OBJECT", "COMMAND", "ACL", "CLIENT", "XGROUP", "SCRIPT") and sub == "HELP":
        return ("*", b"<help>")
    if c in ("GEORADIUS", "GEORADIUSBYMEMBER", "GEOSEARCH") and isinstance(v, list):
        return r
    return r


def without_idle(x):
    """A pending entry without its idle time."""
    return ("*", x[1][:2] + [(":", 0)] + x[1][3:])


def sortdeep(r):
    t, v = r
    if t == "%":
        return (t, sorted([(k, sortdeep(x)) for k, x in v], key=flat))
    if isinstance(v, list):
        return (t, sorted([sortdeep(x) for x in v], key=flat))
    return r


def mask_times(r):
    t, v = r
    if isinstance(v, int) and not isinstance(v, bool) and v > 10 ** 11:
        return (t, -1)
    if isinstance(v, list):
        return (t, [(a, mask_times(b)) for a, b in v] if t == "%" else [mask_times(x) for x in v])
    return r


NUM = re.compile(rb"^[-+]?(\d+\.?\d*([eE][-+]?\d+)?|inf|nan)$")


def compare(cmd, a, b):
    """Returns (None | 'hard' | 'soft', reason)."""
    if a == b:
        return None, ""
    if a is None or b is None or isinstance(a, str) or isinstance(b, str):
        return "hard", "reply missing"
    c = up(cmd[0]) if cmd else ""
    if c in TTLS and a[0] == b[0] == ":" and a[1] > 0 and b[1] > 0 and abs(a[1] - b[1]) <= TTLS[c]:
        return None, ""
    if c == "DBSIZE" and a[0] == b[0] == ":":       # counts expired keys until they are reclaimed
        return "soft", "count"
    if a[0] in "-!" and b[0] in "-!":
        wa, wb = a[1].split(b" ")[0], b[1].split(b" ")[0]
        return ("soft", "error text") if wa == wb else ("hard", "error code")
    if c == "OBJECT" and cmd and len(cmd) > 1 and up(cmd[1]) == "ENCODING" and a[0] == b[0] == "$" and a[1] and b[1]:
        return "soft", "encoding %s, %s" % (a[1].decode(), b[1].decode())
    return deep(norm(cmd, a), norm(cmd, b))


def deep(a, b):
    if a == b:
        return None, ""
    ta, va = a
    tb, vb = b
    if ta != tb:
        return "hard", "type %s/%s" % (ta, tb)
    if ta in "-!":
        return ("soft", "error text") if va.split(b" ")[0] == vb.split(b" ")[0] else ("hard", "error code")
    if isinstance(va, list) and isinstance(vb, list):
        if len(va) != len(vb):
            return "hard", "length %d/%d" % (len(va), len(vb))
        worst = (None, "")
        for x, y in zip(va, vb):
            if ta == "%":
                for p, q in zip(x, y):
                    d = deep(p, q)
                    if d[0] == "hard":
                        return d
                    worst = d if d[0] else worst
            else:
                d = deep(x, y)
                if d[0] == "hard":
                    return d
                worst = d if d[0] else worst
        return worst
    if isinstance(va, bytes) and isinstance(vb, bytes) and NUM.match(va) and NUM.match(vb):
        try:
            x, y = float(va), float(vb)
            if ta == "," and (x == y):
                return "soft", "float text"
            if x == y and re.search(rb"[.e]", va + vb):
                return "soft", "float text"
            if b"." in va and (abs(x - y) <= 1e-14 * max(abs(x), abs(y))):
                return "soft", "float text"
        except ValueError:
            pass
    return "hard", "value"
