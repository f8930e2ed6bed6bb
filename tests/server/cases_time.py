# SPDX-License-Identifier: BSD-3-Clause
"""Clocks that are set while the server runs."""
from harness import case, equal

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
