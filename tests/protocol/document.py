# SPDX-License-Identifier: BSD-3-Clause
"""Reads a document in Markdown into cases and steps: the examples in it are tests.

A section is a case. Its blocks that begin with ```redis are what redis-cli shows: behind a prompt (`> `, or `name> ` for
another client) a request, and below it the reply, in RESP2. A case needs all commands that are in it.
"""
import re

import notation
from notation import Bad
from scenario import Case, Step

PROMPT = re.compile(r"(\w*)> (.*)")
ITEM = re.compile(r" *\d+\) ")
NIL_ARRAYS = (b"EXEC", b"XREAD", b"XREADGROUP")     # redis-cli shows both kinds of nil alike


def scalar(line, name):
    """A line of redis-cli in the notation of scenarios"""
    if line.startswith('"') or line == "...":
        return line
    if line.startswith("(integer) "):
        return line[len("(integer) "):]
    if line.startswith("(error) "):
        return "-" + line[len("(error) "):]
    if line == "(nil)":
        return "nilarray" if name in NIL_ARRAYS else "nil"
    if line == "(empty array)":
        return "[]"
    return '+"%s"' % line


def reply(lines, name=b""):
    """The lines of one reply in the notation of scenarios"""
    m = ITEM.match(lines[0])
    if not m:
        if len(lines) > 1:
            raise Bad("two replies to one request: %s" % lines[1])
        return scalar(lines[0], name)
    width, items = m.end(), []
    for line in lines:
        if ITEM.fullmatch(line[:width]):
            items.append([])
        elif line[:width].strip():
            raise Bad("not as far to the right as what it belongs to: %s" % line)
        items[-1].append(line[width:])
    return "[%s]" % " ".join(reply(i) for i in items)


class Reader:
    def __init__(self, path):
        self.path, self.lines = path, open(path, encoding="utf-8").read().split("\n")
        self.cases, self.case, self.step = [], None, None

    def read(self):
        inside = False
        for n, line in enumerate(self.lines, 1):
            try:
                if not inside and line.startswith("#"):
                    self.case = Case(line.strip("# "), n)
                    self.case.resp = (2,)
                    self.cases.append(self.case)
                elif line.startswith("```"):
                    self.end_step()
                    inside = line == "```redis"
                elif inside:
                    self.line(n, line)
            except Bad as e:
                raise Bad("%s: line %d: %s" % (self.path, n, e)) from e
        return [c for c in self.cases if c.steps]

    def line(self, n, line):
        m = PROMPT.fullmatch(line)
        if m:
            self.end_step()
            words = notation.words(m[2])
            self.step = Step("cmd", n, m[1], m[2], words)
            self.case.steps.append(self.step)
            self.case.needs.append(words[0].decode())
        elif self.step:
            self.step.block.append(line)
        else:
            raise Bad("a reply without a request")

    def end_step(self):
        """The reply is whole"""
        if self.step:
            if not self.step.block:
                raise Bad("%s has no reply" % self.step.text)
            self.step.wants = notation.replies(reply(self.step.block, self.step.arg[0].upper()))
        self.step = None


def load(path):
    return Reader(path).read()
