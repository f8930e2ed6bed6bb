# SPDX-License-Identifier: BSD-3-Clause
"""Listening sockets: addresses, ports, the unix socket, and changes at run time."""
import ctypes
import fcntl
import os
import socket
import stat
import struct

from cases_workers import forbid_io_uring
from harness import LIBC, Failure, Skip, case, contains, equal, expect, free_port, has_ipv6

NOWHERE = "198.51.100.7"        # RFC 5737: an address that no machine has
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8914, 0x8916, 1


def is_open(port, host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as s:
        return s.connect_ex((host, port)) == 0


@case("the server listens on each address of bind, IPv4 and IPv6")
def several_addresses(t):
    hosts = ["127.0.0.1", "127.0.0.2"] + (["::1"] if has_ipv6() else [])
    s = t.server("--bind", *hosts)
    for host in hosts:
        expect(s.client(host=host).is_alive(), "no answer on " + host)
    equal(s.listening(), len(hosts), "listening sockets")
    expect(not is_open(s.port, "127.0.0.3"), "listens on an address that was not configured")


@case("bind * listens on every address of the machine", engines=False)
def every_address(t):
    s = t.server("--bind", "*")
    expect(s.client(host="127.0.0.9").is_alive(), "no answer")


@case("an address with '-' may be missing", engines=False)
def optional_address(t):
    s = t.server("--bind", "127.0.0.1", "-" + NOWHERE)
    expect(s.client().is_alive(), "no answer")
    equal(s.listening(), 1, "listening sockets")


@case("a missing address stops the start; the error names address and reason", engines=False)
def missing_address(t):
    out = t.refused("--bind", "127.0.0.1", NOWHERE)
    contains(out, NOWHERE)
    contains(out, os.strerror(99))


@case("a port in use stops the start with a hint; the server that uses it continues")
def taken_port(t):
    s = t.server()
    out = t.refused(port=s.port)
    contains(out, "Failed listening on port %d" % s.port)
    contains(out, "--port")
    expect(s.client().is_alive(), "the first server is disturbed")


@case("an address with '-' does not excuse a port in use", engines=False)
def optional_taken(t):
    s = t.server()
    contains(t.refused("--bind", "-127.0.0.1", port=s.port), "Failed listening on port %d" % s.port)


@case("the unix socket has the permissions of unixsocketperm, serves clients, and is removed at the end")
def unix_socket(t):
    path = t.path("socket")
    s = t.server("--unixsocket", path, "--unixsocketperm", "750")
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o750, "permissions")
    c = t.unix_client(path)
    c.ask("SET", "k", "v")
    contains(c.text("CLIENT", "INFO"), " addr=%s:0 " % path)
    contains(c.text("CLIENT", "INFO"), " flags=U ")
    equal(s.client().ask("GET", "k"), b"v", "GET over TCP")
    s.stop()
    expect(not os.path.exists(path), "the socket is still there")


@case("a socket file that an earlier server left behind is replaced", engines=False)
def stale_socket(t):
    path = t.path("socket")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
    t.server("--unixsocket", path)
    expect(t.unix_client(path).is_alive(), "no answer")


@case("a unix socket that cannot be created stops the start; the error names path and reason", engines=False)
def bad_socket(t):
    path = t.path("no/such/folder")
    out = t.refused("--unixsocket", path)
    contains(out, path)
    contains(out, os.strerror(2))


@case("with port 0 the server listens on the unix socket only")
def port_zero(t):
    path = t.path("socket")
    s = t.server("--unixsocket", path, port=0)
    expect(t.unix_client(path).is_alive(), "no answer")
    equal(s.listening(), 0, "listening TCP sockets")
    contains(s.output(), path)


@case("a server with nothing to listen on does not start", engines=False)
def nowhere(t):
    contains(t.refused(port=0), "nothing to listen on")
    contains(t.refused("--bind", "-" + NOWHERE), "nothing to listen on")


@case("a start that fails leaves neither socket nor pid file", engines=False)
def clean_failure(t):
    s = t.server()
    t.refused("--unixsocket", t.path("socket"), "--pidfile", t.path("pid"), port=s.port)
    t.refused("--bind", NOWHERE, "--unixsocket", t.path("socket"), "--pidfile", t.path("pid"))
    t.refused("--io-engine", "io_uring", "--unixsocket", t.path("socket"), "--pidfile", t.path("pid"),
              prepare=forbid_io_uring)
    equal([n for n in os.listdir(t.dir) if not n.startswith("log-")], [], "what is left")


@case("a start that fails leaves the pid file of a running server alone", engines=False)
def other_pidfile(t):
    s = t.server("--pidfile", t.path("pid"))
    t.refused("--pidfile", t.path("pid"), port=s.port)
    with open(t.path("pid")) as f:
        equal(f.read(), "%d\n" % s.pid, "pid file")


@case("a pid file that another server has written since stays", engines=False)
def replaced_pidfile(t):
    s = t.server("--pidfile", t.path("pid"))
    other = t.server("--pidfile", t.path("pid"))
    s.stop()
    with open(t.path("pid")) as f:
        equal(f.read(), "%d\n" % other.pid, "pid file")
    other.stop()
    expect(not os.path.exists(t.path("pid")), "the pid file is still there")


@case("a start on the unix socket of a live server is refused and touches nothing")
def live_socket(t):
    path = t.path("socket")
    s = t.server("--unixsocket", path)
    before = os.lstat(path).st_ino
    contains(t.refused("--unixsocket", path), "Failed opening the unix socket %s: another server uses it" % path)
    equal(os.lstat(path).st_ino, before, "the inode of the socket")
    expect(t.unix_client(path).is_alive(), "the live server is out of reach")
    s.p.kill()
    s.p.wait()
    expect(os.path.exists(path), "a killed server leaves its socket")
    t.server("--unixsocket", path)
    expect(t.unix_client(path).is_alive(), "no answer in place of the killed server")


@case("unixsocket on a plain file, a folder, a FIFO or a link is refused and touches nothing", engines=False)
def no_socket(t):
    t.write("file", "precious")
    os.mkdir(t.path("folder"))
    os.mkfifo(t.path("fifo"))
    os.symlink("file", t.path("link"))
    for name in ("file", "folder", "fifo", "link"):
        before = os.lstat(t.path(name))
        contains(t.refused("--unixsocket", t.path(name)), "it exists and is not a socket")
        equal(os.lstat(t.path(name)).st_ino, before.st_ino, "the inode of the " + name)


@case("the unix socket of another server that took the path stays at the end; dir may change meanwhile", engines=False)
def replaced_socket(t):
    s = t.server("--dir", t.dir, "--unixsocket", "socket")
    os.unlink(t.path("socket"))
    other = t.server("--dir", t.dir, "--unixsocket", "socket", "--enable-protected-configs", "yes")
    s.stop()
    c = t.unix_client(t.path("socket"))
    os.mkdir(t.path("folder"))
    c.set("dir", t.path("folder"))
    other.stop()
    expect(not os.path.exists(t.path("socket")), "the socket is still there")


@case("an unknown host name in bind is told as such", engines=False)
def unknown_name(t):
    out = t.refused("--bind", "no.such.host.invalid")
    contains(out, "no.such.host.invalid")
    expect("Cannot assign" not in out and ("ame or service" in out or "resolution" in out), out)


# ---- at run time ----

@case("CONFIG SET port opens the new port, closes the old one, and keeps the clients")
def set_port(t):
    s = t.server()
    c, new = s.client(), free_port()
    c.set("port", new)
    expect(is_open(new), "the new port is closed")
    t.wait(lambda: not is_open(s.port), "the old port to close")
    expect(c.is_alive() and t.client(new).is_alive(), "clients are lost")
    equal(c.get("port"), str(new), "CONFIG GET port")
    equal(s.listening(), 1, "listening sockets")


@case("CONFIG SET port to one in use, or bind to a foreign address, is refused, and the old sockets stay")
def set_taken_port(t):
    s, other = t.server(), t.server()
    c = s.client()
    failed = "ERR CONFIG SET failed (possibly related to argument '%s') - %s"
    equal(c.error("CONFIG", "SET", "port", other.port),
          failed % ("port", "Unable to listen on this port. Check server logs."), "the error for port")
    equal(c.error("CONFIG", "SET", "bind", "192.0.2.1"),
          failed % ("bind", "Failed to bind to specified addresses."), "the error for bind")
    equal(c.get("port"), str(s.port), "CONFIG GET port")
    equal(c.get("bind"), "127.0.0.1", "CONFIG GET bind")
    for _ in range(20):
        expect(s.client().is_alive(), "the old port does not serve")
    equal(s.listening(), 1, "listening sockets")
    s.wait_log("Failed listening on port %d" % other.port)
    c.set("port", free_port())          # and it can still be changed
    expect(t.client(int(c.get("port"))).is_alive(), "no answer on the third port")


@case("CONFIG SET port 0 stops listening, and another number starts again")
def set_port_zero(t):
    s = t.server()
    c = s.client()
    c.set("port", 0)
    t.wait(lambda: not is_open(s.port), "the port to close")
    expect(c.is_alive(), "the client is lost")
    c.set("port", s.port)
    expect(s.client().is_alive(), "no answer")


@case("CONFIG SET bind changes the addresses, and a refused one keeps the old addresses")
def set_bind(t):
    s = t.server("--bind", "127.0.0.1")
    c = s.client()
    c.set("bind", "127.0.0.1 127.0.0.2")
    expect(s.client().is_alive() and s.client(host="127.0.0.2").is_alive(), "no answer on one of the two")
    c.set("bind", "127.0.0.2")
    t.wait(lambda: not is_open(s.port), "the old address to close")
    expect(s.client(host="127.0.0.2").is_alive(), "no answer on the new address")
    c.error("CONFIG", "SET", "bind", NOWHERE)
    equal(c.get("bind"), "127.0.0.2", "CONFIG GET bind")
    for _ in range(20):
        expect(s.client(host="127.0.0.2").is_alive(), "no answer on the address that was kept")
    expect(not is_open(s.port), "an address that was given up is open again")


@case("successful and refused changes of port and bind leak no descriptor")
def no_leak(t):
    s, other = t.server(), t.server()
    c = s.client()
    expect(c.is_alive(), "no answer")
    before = s.descriptors()
    for _ in range(5):
        c.set("port", free_port())
        c.error("CONFIG", "SET", "port", other.port)
        c.set("bind", "127.0.0.1 127.0.0.2")
        c.error("CONFIG", "SET", "bind", "127.0.0.1 " + NOWHERE)
        c.set("bind", "127.0.0.1")
    t.wait(lambda: s.descriptors() <= before, "%d descriptors or fewer" % before)


# ---- sockets ----

def backlogs(port):
    """The backlog of each listening IPv4 socket on the port, from the kernel (man 7 sock_diag)"""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as s:
            ask = struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, 1 << 10) + bytes(48)
            s.settimeout(5)
            s.send(struct.pack("=IHHII", 16 + len(ask), 20, 0x301, 1, 0) + ask)
            data, found, done = b"", [], False
            while not done:
                data = s.recv(1 << 20)
                while len(data) >= 16:
                    n, kind = struct.unpack_from("=IH", data)
                    if kind in (2, 3):
                        done = True
                        break
                    if struct.unpack_from("!H", data, 20)[0] == port:
                        found.append(struct.unpack_from("=I", data, 16 + 4 + 48 + 8)[0])
                    data = data[(n + 3) & ~3:]
            return found
    except OSError as e:
        raise Skip("no sock_diag: %s" % e) from None


@case("tcp-backlog is the backlog of the listening sockets")
def backlog(t):
    s = t.server("--tcp-backlog", "37", "--bind", "127.0.0.1")
    equal(backlogs(s.port), [37], "backlog")
    s.client().error("CONFIG", "SET", "port", t.server().port)
    equal(backlogs(s.port), [37], "backlog after a port was refused")


@case("tcp-keepalive enables the kernel's probes, and 0 disables them")
def keepalive(t):
    s = t.server("--tcp-keepalive", "100")
    a = s.client()
    a.set("tcp-keepalive", 0)
    b = s.client()
    expect(a.is_alive() and b.is_alive(), "no answer")

    def timer(c):
        port = "%04X" % c.s.getsockname()[1]
        return [line[5][:2] for line in s.tcp() if line[2].endswith(":" + port)]
    t.wait(lambda: timer(a) == ["02"] and timer(b) == ["00"], "timers 02 and 00: %s %s" % (timer(a), timer(b)))


def own_network():
    """Moves this process into a network namespace of its own, with 127.0.0.1 and 10.99.0.1 on its only device"""
    user, group = os.getuid(), os.getgid()
    if LIBC.unshare(CLONE_NEWNET | (CLONE_NEWUSER if user else 0)) != 0:
        raise Skip("no network namespace: %s" % os.strerror(ctypes.get_errno()))
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % user), ("gid_map", "0 %d 1" % group)):
            with open("/proc/self/" + name, "w") as f:
                f.write(text)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            address = struct.pack("=H2x4s8x", socket.AF_INET, socket.inet_aton("10.99.0.1"))
            fcntl.ioctl(s, SIOCSIFADDR, struct.pack("16s16s", b"lo:1", address))
            fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH", b"lo", IFF_UP))
    except OSError as e:
        raise Skip("no device in a network namespace: %s" % e) from None


@case("protected-mode refuses clients from other machines until it is off or a password is set")
def protected_mode(t):
    own_network()
    s = t.server("--bind", "*")
    admin = s.client()

    def said():
        return s.client(make=lambda: socket.create_connection(("10.99.0.1", s.port), t.limit)).ended()
    expect(said().startswith(b"-DENIED "), "no DENIED")
    equal(admin.number("rejected_connections"), 1, "rejected_connections")
    expect(s.client(host="127.0.0.1").is_alive(), "the own machine is refused")
    admin.set("requirepass", "secret")
    c = s.client(host="10.99.0.1")
    contains(c.error("PING"), "NOAUTH")
    c.ask("AUTH", "secret")
    waiting = s.client(host="10.99.0.1")
    contains(waiting.error("PING"), "NOAUTH")
    admin.set("requirepass", "")
    waiting.send("PING")
    expect(waiting.ended().startswith(b"-DENIED "), "one who did not know the password is let in")
    expect(said().startswith(b"-DENIED "), "no DENIED without the password")
    expect(c.is_alive(), "a client that is in already is thrown out")
    admin.set("protected-mode", "no")
    expect(s.client(host="10.99.0.1").is_alive(), "refused though it is off")


@case("a reset in the accept queue and a burst of connections do not disturb other clients")
def accept_storm(t):
    s = t.server()
    c = s.client()
    for _ in range(10):
        burst = []
        for i in range(40):
            k = socket.create_connection(("127.0.0.1", s.port), t.limit)
            if i % 2:
                k.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            burst.append(k)
        for k in burst:
            k.close()
        if not c.is_alive():
            raise Failure("no answer")
    t.wait(lambda: c.number("connected_clients") == 1, "the others to be gone")
