# SPDX-License-Identifier: GPL-2.0-only
"""When a program that still runs is given up: once it gets nowhere, whatever the clock says.

A slow machine, or one that is busy with something else, makes everything take longer, and nothing else than that. So what
counts is what the program had of the machine since it last came any further:

    busy    seconds of CPU time: it runs in circles. As many more as this machine is slower than those that are usual.
    idle    seconds in which it neither ran nor stood in line for a CPU: it waits for what doesn't come

Waiting for a CPU is neither, nor is what passes while the machine itself stands still.
"""

import glob
import os
import threading
import time

BUSY = 240              # the longest that was seen between two lines is about a tenth of that
IDLE = 120              # what waits on purpose, for kmemleak or a hung task, does so for 6 s
EVERY = 1.0             # seconds between two looks
QUIET = 0.3             # it is idle if it wants less of a CPU than that; the ticks of a kernel that idles take half of it

ROUNDS = 1000000        # of calibrate()'s loop
USUAL = 0.05            # seconds of CPU time that a machine of 2024 takes for it
TICKS = os.sysconf('SC_CLK_TCK')


def calibrate():
    """How many times slower this machine is than usual; never less than 1."""
    least = None
    for _ in range(3):
        start = time.thread_time()
        n = 0
        for i in range(ROUNDS):
            n ^= i
        took = time.thread_time() - start
        least = took if least is None else min(least, took)
    return max(1.0, least / USUAL)


SLOWER = calibrate()


def cpu_seconds(pid):
    """That a process and its threads have had."""
    with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as f:
        fields = f.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def read_tasks(pid, name):
    """That file of all threads that there are."""
    for path in glob.glob(f'/proc/{pid}/task/*/{name}'):
        try:
            with open(path, encoding='ascii', errors='replace') as f:
                yield f.read()
        except OSError:
            pass


def seconds_in_line(pid):
    """For a CPU, of all threads, as far as they came to have one then. 0 where the kernel doesn't count them."""
    return sum(int(text.split()[1]) for text in read_tasks(pid, 'schedstat')) / 1e9


def runs(pid):
    """One of its threads has a CPU, or stands in line for one."""
    return any(text.rpartition(')')[2].split()[:1] == ['R'] for text in read_tasks(pid, 'stat'))


class Patience:
    """Watches a process until close(), and calls `give_up` with a word of why, once."""

    def __init__(self, pid, give_up):
        self.pid = pid
        self.give_up = give_up
        self.cpu = 0            # seconds in all
        self.longest = 0        # seconds of CPU time between two signs of progress
        self.busy = self.idle = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def progress(self):
        """It came further."""
        self.busy = self.idle = 0

    def watch(self):
        cpu, line, at = 0, 0, time.monotonic()
        while not self.ended.wait(EVERY):
            try:
                cpu_now, line_now = cpu_seconds(self.pid), seconds_in_line(self.pid)
            except OSError:
                return
            now = time.monotonic()
            # Whoever is late was kept waiting itself
            passed = min(now - at, 2 * EVERY)
            wanted = cpu_now - cpu + max(0, line_now - line)
            if wanted < QUIET * passed and not runs(self.pid):
                self.idle += passed
            self.busy += cpu_now - cpu
            self.longest = max(self.longest, self.busy)
            cpu, line, at = cpu_now, line_now, now
            self.cpu = cpu
            why = self.why()
            if why:
                self.give_up(why)
                return

    def why(self):
        if self.busy > BUSY * SLOWER:
            return f'no progress in {self.busy:.0f} s of CPU time'
        if self.idle > IDLE * SLOWER:
            return f'no progress in {self.idle:.0f} s in which it did nothing'
        return None

    def close(self):
        self.ended.set()
        self.thread.join()
