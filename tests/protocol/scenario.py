# SPDX-License-Identifier: BSD-3-Clause
"""Reads a scenario file into cases and steps (README.md explains the format)."""
import re

import notation
from notation import Bad


class Step:
    """One request (or raw bytes, a read, a sleep, a close) of one client and what must come back."""

    def __init__(self, kind, line, client, text, arg):
        self.kind, self.line, self.client, self.text, self.arg = kind, line, client, text, arg
        self.block, self.last = [], line        # the expectation as written, its last line
        self.wants = []
        self.until = self.skip_oracle = False

    def close(self):
        try:
            self.wants = notation.replies("\n".join(self.block))
        except Bad as e:
            raise Bad("line %d: %s" % (self.line, e)) from e

    def expected(self, proto, oracle):
        """The replies that count for this protocol on this server"""
        w = [x for x in self.wants if x.proto in (None, proto)]
        if oracle and any(x.only for x in w):
            return [x for x in w if x.only]
        return [x for x in w if not x.only]


class Case:
    def __init__(self, name, line, base=None):
        self.name, self.line, self.steps = name, line, []
        self.server = base.server if base else ""
        self.resp = base.resp if base else (2, 3)
        self.bytes_ok = base.bytes_ok if base else True
        self.pipeline_ok = base.pipeline_ok if base else True
        self.larder_only = base.larder_only if base else None
        self.handshake = base.handshake if base else True
        self.config = list(base.config) if base else []
        self.needs = list(base.needs) if base else []
        self.large = base.large if base else False
        self.ends_server = False

    def can_pipeline(self):
        """Is there anything to send together?"""
        pairs = zip(self.steps, self.steps[1:])
        return self.pipeline_ok and any(
            a.client == b.client and a.kind in ("cmd", "raw") and b.kind in ("cmd", "raw") for a, b in pairs)


STEP_DIRECTIVES = ("raw", "read", "close", "half-close", "sleep", "scan", "until", "skip-oracle")


def case_directive(c, word, rest):
    if word == "server":
        c.server = rest or " "
    elif word == "resp":
        c.resp = tuple(int(x) for x in rest.split())
    elif word == "no-bytes":
        c.bytes_ok = False
    elif word == "no-pipeline":
        c.pipeline_ok = False
    elif word == "larder-only":
        c.larder_only = rest
    elif word == "needs":
        c.needs += rest.split()
    elif word == "large":
        c.large, c.bytes_ok, c.pipeline_ok = True, False, False
    elif word == "no-handshake":
        c.handshake, c.resp = False, (2,)
    elif word == "config":
        name, value = rest.split(None, 1)
        c.config.append((name, notation.words(value)[0]))
    elif word == "ends-server":
        c.ends_server = True
    else:
        raise Bad("unknown directive @%s" % word)
    if word in ("no-bytes", "no-pipeline", "larder-only") and not rest:
        raise Bad("@%s needs a reason" % word)


def seconds(text):
    m = re.fullmatch(r"(\d+)(ms|s)", text)
    if not m:
        raise Bad("a time like 50ms or 2s expected")
    t = int(m[1]) / (1000 if m[2] == "ms" else 1)
    if t > 5:
        raise Bad("a sleep may last 5 s at most")
    return t


class Reader:
    def __init__(self, path):
        self.path = path
        self.lines = open(path, encoding="utf-8").read().split("\n")
        self.base = Case("", 0)         # what the head of the file says of every case
        self.cases, self.case, self.step = [], None, None
        self.until = self.skip = None

    def read(self):
        for n, raw in enumerate(self.lines, 1):
            try:
                self.line(n, raw.rstrip())
            except Bad as e:
                text = str(e) if str(e).startswith("line ") else "line %d: %s" % (n, e)
                raise Bad("%s: %s" % (self.path, text)) from e
        self.end_step()
        return self.cases

    def line(self, n, s):
        if s.startswith((" ", "\t")):
            if not self.step:
                raise Bad("a reply without a request")
            self.step.block.append(s)
            self.step.last = n
        elif not s or s.startswith("#"):
            return
        elif s.startswith("== "):
            self.end_step()
            self.case = Case(s[3:].strip().rstrip("=").strip(), n, self.base)
            self.cases.append(self.case)
        else:
            self.end_step()
            self.step_line(n, s)

    def end_step(self):
        if self.step:
            self.step.close()
            self.step = None

    def step_line(self, n, s):
        m = re.match(r"([A-Z]\w?): +", s)
        client, body = (m[1], s[m.end():]) if m else ("", s)
        m = re.match(r"@([\w-]+)\s*", body)
        if not m:
            return self.add("cmd", n, client, s, notation.words(body))
        word, rest = m[1], body[m.end():]
        if word not in STEP_DIRECTIVES:
            if self.case and self.case.steps:
                raise Bad("@%s belongs before the first request" % word)
            return case_directive(self.case or self.base, word, rest)
        if word == "until":
            self.until = True
        elif word == "skip-oracle":
            if not rest:
                raise Bad("@skip-oracle needs a reason")
            self.skip = True
        elif word == "sleep":
            self.add("sleep", n, client, s, seconds(rest))
        elif word == "scan":
            self.add("scan", n, client, s, notation.words(rest))
        elif word == "raw":
            self.add("raw", n, client, s, b"".join(notation.words(rest)))
        else:
            self.add(word, n, client, s, None)

    def add(self, kind, n, client, text, arg):
        if not self.case:
            raise Bad("a case (== name) is missing before this")
        st = Step(kind, n, client, text, arg)
        if kind in ("cmd", "raw"):
            st.until, self.until = bool(self.until), None
        st.skip_oracle, self.skip = bool(self.skip), None
        self.case.steps.append(st)
        self.step = st


def load(path):
    return Reader(path).read()
