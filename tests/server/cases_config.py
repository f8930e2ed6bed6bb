# SPDX-License-Identifier: BSD-3-Clause
"""Sources of options and their precedence, CONFIG SET and CONFIG REWRITE."""
import os

from harness import case, contains, equal, expect


@case("the environment overrides the file, and arguments override both", engines=False)
def precedence(t):
    names = ("timeout", "tcp-keepalive", "maxclients", "lfu-decay-time")
    file = t.write("larder.conf", "bind 127.0.0.1", "timeout 11", "tcp-keepalive 11", "maxclients 11", "timeout 12")
    s = t.server("--timeout", 33, config=file, env={"LARDER_TIMEOUT": "22", "LARDER_TCP_KEEPALIVE": "22"})
    c = s.client()
    equal([c.get(name) for name in names], ["33", "22", "11", "1"], "values")
    s = t.server(config=file)
    equal(s.client().get("timeout"), "12", "of two lines in the file")
    s = t.server("--timeout", 1, "--timeout", 2)
    equal(s.client().get("timeout"), "2", "of two arguments")


@case("quotes, units, comments and several words are parsed as in redis.conf", engines=False)
def syntax(t):
    s = t.server(config=t.write("larder.conf", "# comment", "  BIND  127.0.0.1 -198.51.100.7", "maxmemory 3mb",
                                'requirepass "a \\"b\\" \\x41\\n"', "client-output-buffer-limit pubsub 1mb 2k 3",
                                "proto-max-bulk-len 2m", "", "logfile ''"))
    c = s.client()
    c.ask("AUTH", 'a "b" A\n')
    equal(c.get("maxmemory"), str(3 << 20), "maxmemory")
    equal(c.get("proto-max-bulk-len"), "2000000", "proto-max-bulk-len")
    equal(c.get("bind"), "127.0.0.1 -198.51.100.7", "bind")
    contains(c.get("client-output-buffer-limit"), "pubsub 1048576 2000 3")


@case("include reads other files in its place, and later lines override earlier ones", engines=False)
def include(t):
    os.mkdir(t.path("d"))
    t.write("d/1.conf", "timeout 1", "maxclients 101")
    t.write("d/2.conf", "timeout 2", "include last.conf")
    t.write("last.conf", "tcp-keepalive 3")
    file = t.write("larder.conf", "bind 127.0.0.1", "maxclients 100", "tcp-keepalive 9", "include d/*.conf",
                   "lfu-decay-time 4", "include none/*.conf")
    c = t.server(config=file).client()
    names = ("timeout", "maxclients", "tcp-keepalive", "lfu-decay-time")
    equal([c.get(name) for name in names], ["2", "101", "3", "4"], "values")


@case("an error in an included file names that file and line; files that include each other are refused",
      engines=False)
def bad_include(t):
    t.write("inner.conf", "timeout 1", "timeout soon")
    contains(t.refused(config=t.write("outer.conf", "# one", "include inner.conf")), "inner.conf:2: timeout: ")
    t.write("a.conf", "include b.conf")
    t.write("b.conf", "include a.conf")
    contains(t.refused(config="a.conf"), "deep")


# ---- at run time ----

@case("requirepass changes at run time: clients stay authenticated, new ones need the new password")
def requirepass(t):
    s = t.server("--requirepass", "first")
    a = s.client()
    contains(a.error("GET", "k"), "NOAUTH")
    contains(a.error("AUTH", "other"), "WRONGPASS")
    a.ask("AUTH", "first")
    a.set("requirepass", "second")
    expect(a.is_alive(), "who was in is thrown out")
    b = s.client()
    contains(b.error("GET", "k"), "NOAUTH")
    contains(b.error("AUTH", "first"), "WRONGPASS")
    contains(b.error("HELLO", "3", "AUTH", "default", "first"), "WRONGPASS")
    b.ask("HELLO", "3", "AUTH", "default", "second")
    a.set("requirepass", "")
    expect(s.client().is_alive(), "a password is asked for though there is none")


@case("no log line shows a password", engines=False)
def secret(t):
    s = t.server("--loglevel", "debug", "--requirepass", "hunter2-first")
    c = s.client()
    c.ask("AUTH", "hunter2-first")
    c.error("AUTH", "hunter2-wrong")
    c.set("requirepass", "hunter2-second")
    s.stop()
    expect("hunter2" not in s.output(), "it does")
    out = t.refused(config=t.write("larder.conf", "requirepass hunter2 hunter2"))
    expect("hunter2" not in out, "a file with an error in it shows it: " + out)


@case("loglevel changes at run time", engines=False)
def loglevel(t):
    s = t.server("--loglevel", "warning", "--unixsocket", t.path("socket"), ready=False)
    c = t.unix_client(t.path("socket"))
    equal(s.output(), "", "what is logged below warning")
    c.set("loglevel", "notice")
    s.stop()
    contains(s.output(), "Shutting down")


@case("CONFIG SET changes all of its options or none")
def all_or_nothing(t):
    s, other = t.server(), t.server()
    c = s.client()
    for bad in (("timeout", "soon"), ("port", other.port), ("dir", "/no/such/directory"), ("no-such-option", "1")):
        c.error("CONFIG", "SET", "tcp-keepalive", "77", *bad, "lfu-decay-time", "5")
        equal((c.get("tcp-keepalive"), c.get("lfu-decay-time"), c.get("port")), ("300", "1", str(s.port)),
              "values after a refused %s" % bad[0])
    expect(s.client().is_alive(), "no answer")


@case("CONFIG REWRITE writes the options and keeps the comments; the next start has the same options", engines=False)
def rewrite(t):
    file = t.write("larder.conf", "# mine", "bind 127.0.0.1", "timeout 5  ", "# more of mine", "maxmemory 10mb",
                   "hz 20", "client-output-buffer-limit normal 1mb 0 0")
    s = t.server("--tcp-keepalive", 44, config=file)
    c = s.client()
    c.set("timeout", 0, "maxmemory-policy", "allkeys-lfu", "requirepass", 'p "w" \x01', "worker-weights", "2 3",
          "client-output-buffer-limit", "normal 2mb 1mb 7", "maxmemory", "12345678")
    equal(c.ask("CONFIG", "REWRITE"), b"OK", "CONFIG REWRITE")
    before = c.ask("CONFIG", "GET", "*")
    s.stop()
    with open(file) as f:
        text = f.read()
    for line in ("# mine\n", "# more of mine\n", "hz 20\n", "bind 127.0.0.1\n", "maxmemory-policy allkeys-lfu\n",
                 "tcp-keepalive 44\n"):
        contains(text, line)
    equal(sorted(n for n in os.listdir(t.dir) if not n.startswith("log-")), ["larder.conf"], "files")
    s = t.server(config=file, port=s.port)
    c = s.client()
    c.ask("AUTH", 'p "w" \x01')
    equal(c.ask("CONFIG", "GET", "*"), before, "options after the next start")
    c.ask("CONFIG", "REWRITE")
    with open(file) as f:
        equal(f.read(), text, "the file after a second CONFIG REWRITE")


@case("CONFIG REWRITE without a file, or with one that cannot be written, is an error", engines=False)
def rewrite_fails(t):
    contains(t.server().client().error("CONFIG", "REWRITE"), "without a config file")
    os.mkdir(t.path("d"))
    file = t.write("d/larder.conf", "bind 127.0.0.1")
    c = t.server(config=file).client()
    os.rename(t.path("d"), t.path("e"))
    c.set("timeout", 9)
    c.error("CONFIG", "REWRITE")
    expect(c.is_alive(), "no answer")
    with open(t.path("e/larder.conf")) as f:
        equal(f.read(), "bind 127.0.0.1\n", "the file")
