#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Who is given up by tests/host/patience.py, with seconds in place of minutes: what hangs, and nothing that is slow; and what
tests/host/boot.py boots once more. Prints TAP."""

import io
import os
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tests/host'))
import boot                     # noqa: E402 pylint: disable=wrong-import-position
import patience                 # noqa: E402 pylint: disable=wrong-import-position

TESTS_FAILED = 3
SPIN = 'while True: pass'
SLEEP = 'import time; time.sleep(1000)'
# As a kernel that idles has its ticks
TICK = """import time
while True:
    at = time.thread_time()
    while time.thread_time() - at < 0.018:
        pass
    time.sleep(0.082)
"""
results = []


def result(good, what):
    results.append(good)
    print(f'{"ok" if good else "not ok"} {len(results)} patience: {what}', flush=True)


def watched(program, busy=1000.0, idle=1000.0, until=lambda w: w.gave_up, each=lambda w: None):
    """Until it was given up for good, or is at its end. Returns why, or None."""
    patience.BUSY, patience.IDLE, patience.EVERY, patience.SLOWER = busy, idle, 0.1, 1

    class Watched(patience.Patience):
        gave_up = None

    with subprocess.Popen([sys.executable, '-c', program]) as p:
        def give_up(why):
            w.gave_up = why

        w = Watched(p.pid, give_up)
        while not until(w):
            each(w)
            time.sleep(0.05)
        p.kill()
        w.close()
        return w.gave_up


# Whose other limit is far, so that it is this one
why = watched(SPIN, busy=1)
result('CPU time' in why, f'who runs in circles is given up: {why}')
why = watched(SLEEP, idle=1)
result('did nothing' in why, f'who waits for ever is given up: {why}')
why = watched(TICK, idle=1)
result('did nothing' in why, f'and who does so as a kernel does: {why}')
# Many times as much of both as is allowed at once
why = watched(SPIN, busy=1, until=lambda w: w.gave_up or w.cpu > 3, each=lambda w: w.progress())
result(why is None, f'who comes further is not: {why}')
end = time.monotonic() + 3
why = watched(SLEEP, idle=1, until=lambda w: w.gave_up or time.monotonic() > end, each=lambda w: w.progress())
result(why is None, f'nor who does so with pauses: {why}')
# It has a fraction of the one CPU that is less than what counts as idle, and stands in line for it
cpu = {min(os.sched_getaffinity(0))}
os.sched_setaffinity(0, cpu)
others = [subprocess.Popen([sys.executable, '-c', SPIN]) for _ in range(12)]
why = watched(SPIN, idle=1, until=lambda w: w.gave_up or w.cpu > 0.15)
for o in others:
    o.kill()
    o.wait()
result(why is None, f'nor who has to wait for a CPU: {why}')


class Fake(boot.Machine):
    """A program for each QEMU."""

    programs = []
    made = 0

    def __init__(self, what, _initrd, **_more):     # pylint: disable=super-init-not-called
        self.boot = what
        self.dir = '/nonexistent'
        said = Fake.programs[Fake.made]
        Fake.made += 1
        self.process = subprocess.Popen([sys.executable, '-c', f'print({said!r}, flush=True)\n' + SLEEP * (said[-1] == '.')],
                                        stdout=subprocess.PIPE)

    def qmp(self, command, **arguments):
        raise OSError('there is none')


def boots(*programs):
    """Each says something, and hangs if that ends in a full stop. The record of the whole."""
    Fake.programs, Fake.made, boot.Machine = programs, 0, Fake
    patience.IDLE = 1
    record = boot.Record()
    boot.follow_one(boot.Boot('none'), 'none', record, io.StringIO())
    return record


UP = f'{boot.FIRMWARE_UP}, RMM none'
r = boots(f'{UP}.', f'{UP}\nhere I am')
result(r.silent and not r.hung and r.starts == 1 and Fake.made == 2 and r.lines[-1] == 'here I am',
       'a kernel that hangs without a word is booted once more')
r = boots(f'{UP}.', f'{UP}.')
result(r.silent and r.hung and Fake.made == 2, 'and not a third time')
r = boots(f'{UP}\nhere I am.', f'{UP}\nhere I am')
result(r.hung and not r.silent and Fake.made == 1, 'nor one that has said anything')
print(f'1..{len(results)}')
sys.exit(0 if all(results) else TESTS_FAILED)
