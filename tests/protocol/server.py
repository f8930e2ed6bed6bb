# SPDX-License-Identifier: BSD-3-Clause
"""One server under test: started on a free loopback port, ready when PING answers, ended with its own process id."""
import ctypes
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from resp import Closed, Conn

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def die_with_parent():
    """In the child: a runner that is killed leaves no server behind"""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broken(Exception):
    """The server does not start, or ended when nobody asked it to."""


class Server:
    def __init__(self, binary, options, wait):
        self.wait = wait
        self.dir = tempfile.mkdtemp(prefix="protocol-")
        self.log = os.path.join(self.dir, "server.log")
        m = re.search(r"--requirepass\s+(\S+)", options)
        self.password = m[1] if m else None
        for attempt in range(3):        # another process may take the port before the server does
            self.port = free_port()
            self.argv = [binary, "--port", str(self.port), "--enable-debug-command", "yes", "--save", ""]
            self.argv += shlex.split(options.replace("{dir}", self.dir))
            with open(self.log, "ab") as log:
                self.p = subprocess.Popen(self.argv, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          preexec_fn=die_with_parent)
            if self.ready():
                break
        else:
            text = self.tail()
            self.stop()
            raise Broken("does not start: %s\n%s" % (" ".join(self.argv), text))
        self.admin = self.connect()

    def ready(self):
        end = time.monotonic() + 3 * self.wait
        while time.monotonic() < end and self.p.poll() is None:
            try:
                c = Conn("127.0.0.1", self.port, 1)
                r = c.cmd("PING")
                c.close()
                if r[1].startswith((b"PONG", b"NOAUTH")):
                    return True
            except (OSError, Closed):
                time.sleep(0.01)
        return False

    def connect(self):
        c = Conn("127.0.0.1", self.port, self.wait)
        if self.password:
            c.cmd("AUTH", self.password)
        return c

    def ask(self, *words):
        """A reply on the runner's own connection, opened again if a case has lost it"""
        try:
            return self.admin.cmd(*words)
        except (ConnectionError, Closed):
            self.admin.close()
            self.admin = self.connect()
            return self.admin.cmd(*words)

    def tail(self):
        with open(self.log, errors="replace") as f:
            return f.read()[-4000:]

    def ended(self, seconds):
        """Waits for the server to end by itself; its exit status, or None if it goes on"""
        try:
            return self.p.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self):
        """Ends it; None if that went well, else what was wrong. Sanitizers report here."""
        wrong = None
        if self.p.poll() is None:
            self.p.terminate()
            if self.ended(6 * self.wait) is None:
                wrong = "does not end on SIGTERM"
                self.p.kill()
                self.p.wait()
        if not wrong and self.p.returncode not in (0, -signal.SIGTERM):
            wrong = "exit status %d" % self.p.returncode
        if wrong:
            wrong = "server: %s\n%s" % (wrong, self.tail())
        shutil.rmtree(self.dir, ignore_errors=True)
        return wrong
