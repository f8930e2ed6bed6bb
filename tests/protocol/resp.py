# SPDX-License-Identifier: BSD-3-Clause
"""A RESP2 and RESP3 client that keeps the wire type of every reply.

A reply is a pair (type, value), so that a comparison sees what was on the wire:
  ('+', bytes) status      ('-', bytes) error        (':', int)            ('$', bytes or None)
  ('*', list or None)      ('_', None) null          (',', bytes) double   ('#', bool)
  ('(', bytes) big number  ('=', bytes) verbatim     ('!', bytes) error    ('%', [(key, value), …])
  ('~', list) set          ('>', list) push          attributes ('|') are read and dropped
"""
import select
import socket


class Closed(Exception):
    """The server closed the connection."""


class Conn:
    def __init__(self, host="127.0.0.1", port=6379, timeout=5.0):
        self.addr = (host, int(port))
        self.timeout = timeout
        self.s = None
        self.connect()

    def connect(self):
        self.close()
        self.s = socket.create_connection(self.addr, timeout=self.timeout)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buf = b""
        self.pos = 0
        self.pushes = []

    def close(self):
        if self.s is not None:
            try:
                self.s.close()
            except OSError:
                pass
        self.s = None

    # -- writing

    @staticmethod
    def encode(args):
        out = [b"*%d\r\n" % len(args)]
        for a in args:
            if isinstance(a, str):
                a = a.encode("utf-8", "surrogateescape")
            elif isinstance(a, (int, float)):
                a = str(a).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(a), a))
        return b"".join(out)

    def send(self, *args):
        self.send_raw(self.encode(args))

    def send_raw(self, data):
        """Sends all of it. Reads meanwhile, since a server may stop reading from a client that does not."""
        if len(data) <= 16384:
            self.s.sendall(data)
            return
        view = memoryview(data)
        while view:
            r, w, _ = select.select([self.s], [self.s], [], self.timeout)
            if not r and not w:
                raise socket.timeout("cannot send")
            if r:
                self._fill()
            if w:
                view = view[self.s.send(view[:65536]):]

    # -- reading

    def _fill(self):
        try:
            d = self.s.recv(262144)
        except ConnectionError as e:
            raise Closed("connection reset") from e
        if not d:
            raise Closed("connection closed")
        self.buf = self.buf[self.pos:] + d
        self.pos = 0

    def _line(self):
        while True:
            i = self.buf.find(b"\r\n", self.pos)
            if i >= 0:
                r = self.buf[self.pos:i]
                self.pos = i + 2
                return r
            self._fill()

    def _exact(self, n):
        have = len(self.buf) - self.pos
        if have < n + 2:
            parts = [self.buf[self.pos:]]
            while have < n + 2:
                self.buf, self.pos = b"", 0
                self._fill()
                parts.append(self.buf)
                have += len(self.buf)
            self.buf, self.pos = b"".join(parts), 0
        r = self.buf[self.pos:self.pos + n]
        self.pos += n + 2
        return r

    def read_any(self):
        """The next reply, pushes too."""
        ln = self._line()
        if not ln:
            raise ValueError("empty reply line")
        t, rest = chr(ln[0]), ln[1:]
        if t in "+-,(":
            return (t, rest)
        if t == ":":
            return (t, int(rest))
        if t in "$=!":
            n = int(rest)
            return (t, None if n < 0 else self._exact(n))
        if t in "*~>":
            n = int(rest)
            return (t, None if n < 0 else [self.read_any() for _ in range(n)])
        if t == "%":
            return (t, [(self.read_any(), self.read_any()) for _ in range(int(rest))])
        if t == "|":
            for _ in range(2 * int(rest)):
                self.read_any()
            return self.read_any()
        if t == "_":
            return (t, None)
        if t == "#":
            return (t, rest == b"t")
        raise ValueError("bad reply line %r" % ln[:200])

    def read(self):
        """The next reply that is no push; pushes on the way are kept in self.pushes."""
        while True:
            r = self.read_any()
            if r[0] != ">":
                return r
            self.pushes.append(r)

    def cmd(self, *args):
        self.send(*args)
        return self.read()

    def pending(self):
        """Bytes that have arrived and were not read."""
        if self.s is not None and select.select([self.s], [], [], 0)[0]:
            try:
                self._fill()
            except (Closed, OSError):
                pass
        return self.buf[self.pos:]
