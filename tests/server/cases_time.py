# SPDX-License-Identifier: BSD-3-Clause
"""Clocks that are set while the server runs."""
import time

from harness import case, equal, expect

DAY = 86400000  # ms


@case("keys and fields that nobody accesses are removed after the clock was set back or years ahead", engines=False)
def jumps(t):
    c = t.server("--threads", 2, "--enable-debug-command", "yes").client()
    removed = 0
    for days in (-1, 3 * 365, 10 * 365, 0):
        for i in range(50):
            c.ask("SET", "later%d" % i, "v", "PX", 100 * 365 * DAY)
            c.ask("HSET", "h%d" % i, "f", "v", "g", "v")
        c.ask("DEBUG", "SHIFT-CLOCK", days * DAY)
        for i in range(50):
            c.ask("SET", "k%d" % i, "v", "PX", 50)
            equal(c.ask("HPEXPIRE", "h%d" % i, 50, "FIELDS", 1, "f")[0][1], 1, "HPEXPIRE")
        removed += 50
        t.wait(lambda: c.number("expired_keys") == removed, "keys that are removed")
        t.wait(lambda: c.number("expired_subkeys") == removed, "fields that are removed")
        equal(c.ask("DBSIZE"), 100, "keys that stay")


@case("a pause of 292 million years, and one that overflows in nanoseconds, keep no worker busy")
def long_pause(t):
    s = t.server("--threads", 1)
    a, b = s.client(), s.client()
    for ms in (9223370000000000000, 9300000000000):
        equal(a.ask("CLIENT", "PAUSE", ms, "WRITE"), b"OK", "CLIENT PAUSE")
        b.send("SET", "k", "v")
        a.ask("PING")
        before = s.cpu_seconds()
        time.sleep(0.5)
        expect(s.cpu_seconds() - before < 0.25, "half of the processor, at least, goes into waiting")
        equal(a.ask("CLIENT", "UNPAUSE"), b"OK", "CLIENT UNPAUSE")
        equal(b.read(), ("+", b"OK"), "the write that waited")
