# SPDX-License-Identifier: GPL-2.0-only
"""As many things at once as there are CPUs: who wants to do one takes a slot for as long. What takes long goes first, so
that nothing long begins when all else is done."""

import contextlib
import heapq
import itertools
import os
import threading


class Slots:
    """Threads share them."""

    def __init__(self, number):
        self.number = number
        self.free = number
        self.lock = threading.Lock()
        self.order = itertools.count()
        self.waiting = []       # (-cost, order, event)

    def acquire(self, cost):
        event = threading.Event()
        with self.lock:
            heapq.heappush(self.waiting, (-cost, next(self.order), event))
            self.hand_out()
        event.wait()

    def release(self):
        with self.lock:
            self.free += 1
            self.hand_out()

    def hand_out(self):
        while self.free and self.waiting:
            self.free -= 1
            heapq.heappop(self.waiting)[2].set()

    @contextlib.contextmanager
    def take(self, cost=0):
        """One of them; `cost`: about how many seconds it takes."""
        self.acquire(cost)
        try:
            yield
        finally:
            self.release()


# Of this process: the CPUs that it may use
SLOTS = Slots(len(os.sched_getaffinity(0)))
