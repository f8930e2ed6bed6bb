#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What many idle or slow connections cost the busy ones.

  crowd.py --idle 5000       5000 idle connections
  crowd.py --slow 1000       1000 slow ones, a quarter of each kind: sends one byte per second; sends half a request and stops;
                             does not read replies of 100 KB; does not finish its AUTH

The server answers 50 busy connections, alternately without and with the crowd. The crowd disconnects in between. The
ratio is the median over the rounds. Memory is the difference in the server's RSS between no crowd and the first crowd.
"""
import argparse
import socket
import statistics
import struct
import threading
import time

from common import Server, add_arguments, chosen, print_table, request

PASSWORD = "secret"
BIG = 100000  # size in bytes of the value that is not read
ABORT = struct.pack("ii", 1, 0)  # close with a reset, so that the port can be used again at once
STEP = .01  # seconds between two rounds of bytes


class Crowd:
    """Connections that are closed at the end of the with block"""

    def __init__(self, server, idle, slow):
        self.port = server.port
        self.done = threading.Event()
        self.sockets = [self.dial() for _ in range(idle)]
        self.dribblers = []
        for i in range(slow):
            self.add_slow(i % 4)
        self.thread = threading.Thread(target=self.dribble)

    def dial(self):
        s = socket.create_connection(("127.0.0.1", self.port), 30)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        return s

    def add_slow(self, kind):
        s = self.dial()
        self.sockets.append(s)
        if kind == 0:
            s.sendall(request("AUTH", PASSWORD)[:-4])
            return
        s.sendall(request("AUTH", PASSWORD))
        s.recv(5)
        if kind == 1:
            s.sendall(request("SET", "half", "x" * 100)[:60])
        elif kind == 2:
            s.setblocking(False)
            s.send(request("GET", "big") * 100)
        else:
            self.dribblers.append(s)

    def dribble(self):
        """Sends one byte per second on each slow connection, spread evenly"""
        text = request("SET", "dribbled", "x" * 1000)
        start, sent = time.monotonic(), 0
        while self.dribblers and not self.done.wait(STEP):
            while sent < (time.monotonic() - start) * len(self.dribblers):
                turn, who = divmod(sent, len(self.dribblers))
                self.dribblers[who].send(text[turn:turn + 1])
                sent += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        for s in self.sockets:
            s.close()


def prepare(server, args):
    c = server.client()
    c("SET", "big", "x" * BIG)
    c("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0")
    c("CONFIG", "SET", "requirepass", PASSWORD)
    server.fill(args.keys, 32, "-a", PASSWORD)
    busy(server, args)


def busy(server, args):
    """CPU time per operation of the busy connections, in µs"""
    return server.load("-a", PASSWORD, "-c", 50, "-k", args.keys, "-n", args.requests)["cpu_us"]


def measure(name, args):
    server = Server(name)
    prepare(server, args)
    empty = server.settled_rss()
    alone, crowded, rss = [], [], None
    for _ in range(args.rounds):
        alone.append(busy(server, args))
        with Crowd(server, args.idle, args.slow):
            time.sleep(1)
            rss = rss or server.settled_rss()
            crowded.append(busy(server, args))
        time.sleep(.5)
    alone.append(busy(server, args))
    server.stop()
    ratios = [b / ((alone[i] + alone[i + 1]) / 2) for i, b in enumerate(crowded)]
    return [name, "%.3f" % statistics.median(alone), "%.3f" % statistics.median(crowded),
            "%.2f" % statistics.median(ratios), "%.0f" % ((rss - empty) / (args.idle + args.slow))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--idle", type=int, default=0)
    parser.add_argument("--slow", type=int, default=0)
    parser.add_argument("--keys", type=int, default=100000)
    parser.add_argument("--requests", type=int, default=200000, help="number per run of the busy connections")
    args = parser.parse_args()
    if args.idle + args.slow == 0:
        args.idle = 5000
    print_table(["server", "CPU µs per operation, alone", "with the crowd", "ratio", "RSS bytes per connection of the crowd"],
                [measure(name, args) for name in chosen(args)])


if __name__ == "__main__":
    main()
