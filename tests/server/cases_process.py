# SPDX-License-Identifier: BSD-3-Clause
"""The process: signals, shutdown, the log, daemonize, systemd."""
import os
import signal
import socket
import threading

from harness import READY, Closed, Failure, Skip, case, contains, equal, expect


def files_left(t):
    return sorted(n for n in os.listdir(t.dir) if not n.startswith("log-"))


def crowd(t, s):
    """Clients in every state that a client can be in"""
    clients = {name: s.client() for name in ("idle", "half", "queue", "watch", "slow", "paused", "gone", "monitor")}
    clients["idle"].ask("SET", "k", "x" * 4000000)
    clients["half"].send_raw(b"*3\r\n$3\r\nSET\r\n$100\r\nabc")
    clients["queue"].ask("MULTI")
    clients["queue"].ask("INCR", "n")
    clients["watch"].ask("WATCH", "k", "n")
    for _ in range(5):
        clients["slow"].send("GET", "k")
    clients["gone"].send("GET", "k")
    clients["gone"].close()
    clients["idle"].ask("CLIENT", "PAUSE", "100000", "WRITE")
    clients["paused"].send("SET", "k", "v")
    return clients


def end_with_crowd(t, sig):
    s = t.server("--threads", 3, "--unixsocket", t.path("socket"), "--pidfile", t.path("pid"))
    equal(files_left(t), ["pid", "socket"], "files while it runs")
    clients = crowd(t, s)
    s.stop(sig)
    for name in ("idle", "half", "queue", "watch", "paused"):
        equal(clients[name].ended(), b"", "what client %s received" % name)
    equal(files_left(t), [], "files at the end")
    contains(s.output(), "bye bye")


@case("SIGTERM ends the server cleanly, whatever state its clients are in")
def sigterm(t):
    end_with_crowd(t, signal.SIGTERM)


@case("SIGINT ends the server cleanly, whatever state its clients are in")
def sigint(t):
    end_with_crowd(t, signal.SIGINT)


def hammer(c, go):
    """Sends requests and reads replies until the server hangs up, and checks them"""
    text = b"x" * 2000
    data = c.encode(("SET", "k", text)) * 20 + c.encode(("GET", "k")) * 20
    go.count = 0
    try:
        while True:
            c.send_raw(data)
            for i in range(40):
                if c.read() != (("+", b"OK") if i < 20 else ("$", text)):
                    go.wrong = True
            go.count += 1
    except (OSError, Closed, AttributeError, TypeError):    # the last two: the case has ended and closed it
        return


@case("SIGTERM ends the server cleanly under load")
def under_load(t):
    s = t.server("--threads", 3)
    threads = []
    for _ in range(4):
        go = threading.Event()
        go.wrong = False
        thread = threading.Thread(target=hammer, args=(s.client(), go), daemon=True)
        thread.start()
        threads.append((thread, go))
    t.wait(lambda: all(getattr(go, "count", 0) > 3 for _, go in threads), "the load")
    s.stop()
    for thread, go in threads:
        thread.join(t.limit)
        expect(not thread.is_alive(), "a client still waits")
        expect(not go.wrong, "a wrong reply")


@case("a server can start at once on the port of one that has just ended")
def start_again(t):
    s = t.server()
    for sig in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        clients = [s.client() for _ in range(5)]
        expect(all(c.is_alive() for c in clients), "no answer")
        if sig == signal.SIGTERM:
            s.stop()
        else:
            s.p.kill()
            s.p.wait()
        s = t.server(port=s.port)


@case("a second SIGTERM changes nothing", engines=False)
def sigterm_twice(t):
    s = t.server()
    s.p.send_signal(signal.SIGTERM)
    s.stop()


@case("SHUTDOWN NOSAVE ends the process without a reply, exit status 0")
def shutdown(t):
    for words in (("SHUTDOWN", "NOSAVE"), ("shutdown",)):
        s = t.server("--pidfile", t.path("pid"), "--unixsocket", t.path("socket"))
        c, other = s.client(), s.client()
        c.send(*words)
        equal((c.ended(), other.ended()), (b"", b""), "what the clients received")
        equal(s.status(), 0, "exit status")
        equal(files_left(t), [], "files at the end")


@case("a server continues after a SHUTDOWN that was refused")
def shutdown_refused(t):
    c = t.server().client()
    c.error("SHUTDOWN", "SAVE")
    c.error("SHUTDOWN", "SAVE", "NOSAVE")
    c.error("SHUTDOWN", "ABORT")
    expect(c.is_alive(), "no answer")


# ---- log ----

@case("SIGHUP reopens the log after it was moved")
def sighup(t):
    log = t.path("log")
    s = t.server("--logfile", log, log=log)
    os.rename(log, log + ".1")
    s.p.send_signal(signal.SIGHUP)
    t.wait(lambda: os.path.exists(log) and os.path.getsize(log), "a new log")
    with open(log + ".1") as f:
        old = f.read()
    contains(old, READY)
    c = s.client()
    expect(c.is_alive(), "no answer")
    s.stop()
    with open(log) as f:
        contains(f.read(), "bye bye")
    with open(log + ".1") as f:
        equal(f.read(), old, "the old log")


@case("SIGHUP does no harm without a log file, or if the file cannot be opened", engines=False)
def sighup_harmless(t):
    s = t.server()
    s.p.send_signal(signal.SIGHUP)
    s.wait_log("Reopened the log file")
    expect(s.client().is_alive(), "no answer")
    os.mkdir(t.path("d"))
    log = t.path("d/log")
    s = t.server("--logfile", log, log=log)
    s.log = t.path("e/log")
    os.rename(t.path("d"), t.path("e"))
    s.p.send_signal(signal.SIGHUP)
    s.wait_log("Cannot reopen the log file")
    expect(s.client().is_alive(), "no answer")


@case("a log file that cannot be opened stops the start; the error names path and reason", engines=False)
def bad_logfile(t):
    out = t.refused("--logfile", t.path("no/such/log"))
    contains(out, t.path("no/such/log"))
    contains(out, os.strerror(2))


@case("the log goes to stdout if no file is named, and only to the file if one is", engines=False)
def where_logged(t):
    s = t.server()
    contains(s.output(), READY)
    s = t.server("--logfile", "relative.log", "--dir", t.dir, ready=False)
    t.wait(lambda: os.path.exists(t.path("relative.log")) and READY in open(t.path("relative.log")).read(), "the log")
    equal(s.output(), "", "standard output")


# ---- background and supervision ----

@case("daemonize: the start returns, and the server runs in the background with pid file and log")
def daemonize(t):
    s = t.launch("--daemonize", "yes", "--pidfile", t.path("pid"), "--logfile", t.path("log"), "--dir", t.dir)
    equal(s.status("the start does not return"), 0, "exit status of the start")
    t.wait(lambda: os.path.exists(t.path("log")) and READY in open(t.path("log")).read(), "the log")
    pid = int(open(t.path("pid")).read())
    expect(pid != s.pid, "it has the pid of the process that was started")
    s.pid = pid
    c = s.client()
    equal(c.number("process_id"), pid, "process_id")
    equal(os.getsid(pid), pid, "its session")
    for fd in range(3):
        equal(os.readlink("/proc/%d/fd/%d" % (pid, fd)), "/dev/null", "descriptor %d" % fd)
    equal(s.output(), "", "what the start says")
    os.kill(pid, signal.SIGTERM)
    equal(os.waitpid(pid, 0)[1], 0, "exit status")
    equal(files_left(t), ["log"], "files at the end")


@case("a server in the background without a log file logs nothing", engines=False)
def daemonize_silent(t):
    s = t.launch("--daemonize", "yes", "--pidfile", t.path("pid"))
    s.status()
    t.wait(lambda: os.path.exists(t.path("pid")) and open(t.path("pid")).read().endswith("\n"), "the pid file")
    pid = int(open(t.path("pid")).read())
    t.wait(lambda: s.client().is_alive(), "an answer")
    os.kill(pid, signal.SIGTERM)
    equal(os.waitpid(pid, 0)[1], 0, "exit status")
    equal(s.output(), "", "what it says")


@case("a server in the background that cannot start logs the reason", engines=False)
def daemonize_fails(t):
    other = t.server()
    s = t.launch("--daemonize", "yes", "--pidfile", t.path("pid"), "--logfile", t.path("log"), port=other.port)
    s.status()
    t.wait(lambda: os.path.exists(t.path("log")) and "Failed listening" in open(t.path("log")).read(), "the reason")
    pid, status = os.waitpid(-1, 0)
    while pid == other.pid:
        raise Failure("the other server has ended")
    equal(os.waitstatus_to_exitcode(status), 1, "exit status")
    equal(files_left(t), ["log"], "files at the end")


def notified(t, *options, abstract=False):
    """Starts a server with a NOTIFY_SOCKET; -> (server, socket)"""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = t.path("notify")
    s.bind("\0" + name if abstract else name)
    s.settimeout(t.limit)
    return t.server(*options, env={"NOTIFY_SOCKET": ("@" if abstract else "") + name}), s


@case("supervised systemd and auto notify READY=1 when clients are accepted, and STOPPING=1")
def systemd(t):
    for word, abstract in (("systemd", False), ("auto", True)):
        s, notify = notified(t, "--supervised", word, abstract=abstract)
        contains(notify.recv(1000), b"READY=1")
        expect(s.client().is_alive(), "no answer")
        s.stop()
        contains(notify.recv(1000), b"STOPPING=1")
        notify.close()


@case("supervised no notifies nothing, and systemd starts without a socket", engines=False)
def unsupervised(t):
    s, notify = notified(t, "--supervised", "no")
    s.stop()
    notify.setblocking(False)
    try:
        raise Failure("it says %r" % notify.recv(1000))
    except BlockingIOError:
        pass
    expect(t.server("--supervised", "systemd").client().is_alive(), "no answer")


# ---- crashes and the log ----

def crash(t, subcommand, sig):
    if t.sanitizer:
        raise Skip("the sanitizer reports crashes")
    s = t.server("--enable-debug-command", "yes")
    s.client().send("DEBUG", subcommand)
    equal(s.status(), -sig, "exit status")
    for part in ("Larder 0.", "has crashed: signal %d" % sig, "thread worker-", "last command: debug", "Backtrace", "larder-server(+0x"):
        contains(s.output(), part)
    return s.output()


@case("a crash leaves version, signal, thread, last command and backtrace in the log")
def segfault(t):
    crash(t, "SEGFAULT", signal.SIGSEGV)


@case("a failed assertion leaves the same and its text", engines=False)
def panic(t):
    contains(crash(t, "PANIC", signal.SIGABRT), "Failed assertion: ")


@case("a log that nobody reads holds up no client")
def full_pipe(t):
    r, w = os.pipe()
    s = t.server("--unixsocket", t.path("socket"), "--enable-debug-command", "yes", ready=False, stdout=w, stderr=w)
    os.close(w)
    c = t.unix_client(t.path("socket"))
    for _ in range(300):
        c.ask("DEBUG", "LOG", "x" * 1000)
    expect(c.is_alive(), "no answer")
    s.stop()
    os.close(r)


@case("failed authentications and HTTP requests are logged, a second's as one line", engines=False)
def attacks(t):
    s = t.server("--requirepass", "secret")
    for _ in range(20):
        c = s.client()
        c.error("AUTH", "wrong")
        c.error("HELLO", "3", "AUTH", "someone", "wrong")
        c.send_raw(b"POST / HTTP/1.1\r\nHost: x\r\n")
        c.ended()
    s.wait_log("failed to authenticate as user 'default'")
    s.wait_log("HTTP request")
    for part in ("failed to authenticate", "HTTP request"):
        expect(0 < len(s.lines(part)) < 20, "%d lines with %r" % (len(s.lines(part)), part))
        contains(s.lines(part)[0], "127.0.0.1:")


@case("a password is neither in the arguments of the process nor in its environment", engines=False)
def hidden(t):
    s = t.server("--requirepass", "hunter2")
    expect("hunter" not in s.proc("cmdline"), "the arguments: %r" % s.proc("cmdline"))
    s.client().ask("AUTH", "hunter2")
    s = t.server(env={"LARDER_REQUIREPASS": "hunter3"})
    expect("hunter" not in s.proc("environ"), "it is in the environment")
    s.client().ask("AUTH", "hunter3")


@case("a password may hold a zero byte", engines=False)
def zero_byte(t):
    s = t.server()
    a = s.client()
    a.set("requirepass", b"a\0b")
    equal(a.ask("CONFIG", "GET", "requirepass")[1][1], b"a\0b", "CONFIG GET")
    b = s.client()
    contains(b.error("AUTH", "a"), "WRONGPASS")
    b.ask("AUTH", b"a\0b")
