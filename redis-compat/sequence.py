# SPDX-License-Identifier: BSD-3-Clause
"""Sends a sequence of steps to both servers, finds the first hard difference, and minimizes the sequence."""
import json
import re
import time

from compare import compare, tojson, up
from side import run_step


def show(x, n=300):
    if isinstance(x, tuple):
        x = json.dumps(tojson(x))
    elif not isinstance(x, str):
        x = repr(x)
    return x if len(x) <= n else x[:n] + "...(%d)" % len(x)


def sig(step, cmd, a, b, why):
    """Returns the signature of a difference, which identifies its kind."""
    c = cmd or ["?"]
    name = up(c[0])
    if name in ("XINFO", "XGROUP", "OBJECT", "CLIENT", "CONFIG", "COMMAND", "ACL", "SCRIPT", "FUNCTION", "PUBSUB",
                "DEBUG", "MEMORY") and len(c) > 1:
        name += " " + up(c[1])[:20]

    def kind(r):
        if not isinstance(r, tuple):
            return str(r)[:20]
        if r[0] in "-!":
            return "-" + r[1].split(b" ")[0].decode("latin-1")[:20]
        return r[0] + ("nil" if r[1] is None else "")
    via = step[0] if step[0] != "cmd" else ""
    if step[0] == "eval" and "unpack(ARGV)" not in step[1]:
        name = "EVAL <%s>" % step[1][:60].replace("\n", " ")
    if step[0] == "raw":
        name = "RAW " + repr(step[1][:40])
    return "%s%s: %s vs %s (%s)" % (via + " " if via else "", name, kind(a), kind(b), re.sub(r"\d+", "N", why))


NOTIFY = False


def run_seq(A, B, steps, resp, soft=None):
    """Returns the first hard difference, (index, signature, cmd, a, b, reason), or None."""
    A.fresh(resp)
    B.fresh(resp)
    if NOTIFY:
        for x in (A, B):
            x.listen()
    r = first_difference(A, B, steps, resp, soft)
    if NOTIFY:
        if r is None:
            r = different_events(A, B, len(steps) - 1)
        for x in (A, B):
            x.n.close()
    return r


def different_events(A, B, last):
    """Returns the first keyspace event that differs. Expiry events are ignored, because their time varies."""
    a = A.drain(A.n)
    a, b = [[x[1][2:] for x in got if isinstance(x, tuple) and b"expired" not in x[1][2][1] + x[1][3][1]]
            for got in (a, B.drain(B.n, len(a)))]
    if a == b:
        return None
    j = next((j for j in range(min(len(a), len(b))) if a[j] != b[j]), min(len(a), len(b)))
    xa = ("*", a[j]) if j < len(a) else "nothing"
    xb = ("*", b[j]) if j < len(b) else "nothing"
    return last, "NOTIFY %s vs %s" % (event(xa), event(xb)), ["NOTIFY"], xa, xb, "event"


def event(x):
    if not isinstance(x, tuple):
        return x
    text = "/".join(y[1].decode("latin-1").split(":")[-1] for y in x[1])
    return re.sub(r"[{}\w]*\d/|/[{}\w]*\d$", "", text)


def first_difference(A, B, steps, resp, soft=None):
    for i, st in enumerate(steps + [["state"]]):
        if st[0] == "state":
            ra, rb = A.state(), B.state()
        else:
            ra, rb = run_step(A, B, st)
        for j in range(max(len(ra), len(rb))):
            ca, xa = ra[j] if j < len(ra) else (rb[j][0], "nothing")
            cb, xb = rb[j] if j < len(rb) else (ra[j][0], "nothing")
            lv, why = compare(ca, xa, xb)
            if lv == "hard":
                return i, sig(st, ca, xa, xb, why), ca, xa, xb, why
            if lv == "soft" and soft is not None:
                k = sig(st, ca, xa, xb, why)
                soft.setdefault(k, [0, show(ca), show(xa), show(xb)])[0] += 1
    return None


def shrink(A, B, steps, resp, signature, budget):
    t0, tries = time.time(), 0

    def bad(s):
        nonlocal tries
        tries += 1
        d = run_seq(A, B, s, resp)
        return d is not None and d[1] == signature
    n = 2
    cur = list(steps)
    while len(cur) >= 2 and time.time() - t0 < budget:
        size, reduced = max(1, len(cur) // n), False
        for i in range(0, len(cur), size):
            cand = cur[:i] + cur[i + size:]
            if cand and bad(cand):
                cur, n, reduced = cand, max(n - 1, 2), True
                break
            if time.time() - t0 > budget:
                break
        if not reduced:
            if n >= len(cur):
                break
            n = min(len(cur), n * 2)
    # arguments: drop, then shorten
    for i in range(len(cur)):
        if cur[i][0] != "cmd":
            continue
        j = len(cur[i][1]) - 1
        while j >= 1 and time.time() - t0 < budget:
            a = cur[i][1]
            if j < len(a):
                for rep in ([], ["a"] if len(str(a[j])) > 6 else None, ["1"] if len(str(a[j])) > 6 else None):
                    if rep is None:
                        continue
                    cand = cur[:i] + [["cmd", a[:j] + rep + a[j + 1:]]] + cur[i + 1:]
                    if bad(cand):
                        cur = cand
                        break
            j -= 1
    return cur, tries


def stepstr(st):
    def q(a):
        s = a.decode("latin-1") if isinstance(a, bytes) else str(a)
        return s if re.fullmatch(r"[\w.*:{}()<>#@~=$+\-\[\]]+", s) else json.dumps(s)
    if st[0] == "cmd":
        return " ".join(q(x) for x in st[1])
    return "<%s> %s" % (st[0], show(st[1:], 400))
