#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run parts of the tests, each printing TAP, and close with what came out of all.

    check.py [--quick|--all] PART...    build, lint, unit, sweep, tools, fleet, fuzz, coverage, bench, guest, debug, kernels, packages

What is missing is installed. All parts are under way at once, and share as many slots as there are CPUs; what each prints
stays together, in the order of the parts. --quick: one kernel, and few boots; --all: all
boots. TESTS: patterns of boots, of all that there are. Exit status 0 only if something was run and nothing failed.
"""

import collections
import concurrent.futures
import os
import re
import signal
import sys
import tempfile
import threading
import time

import boot
import parts
from slots import SLOTS

SLOWEST = 10


class Part:
    """One part, and what it has said. Its lines are printed when it is its turn."""

    def __init__(self, name, printer):
        self.name = name
        self.printer = printer
        self.lines = []
        self.started = self.ended = None
        self.in_slots = 0       # seconds
        self.cpu = 0            # the same, of CPU time
        self.tests = []         # (seconds, name)
        self.lock = threading.Lock()

    def say(self, text):
        with self.printer.lock:
            self.lines += text.split('\n')
            self.printer.print_more()

    def result(self, good, what, n=0):
        self.say(f'{"ok" if good else "not ok"} {n} {self.name}: {what}')

    def took(self, seconds, what):
        with self.lock:
            self.in_slots += seconds
            self.tests.append((seconds, what))

    def used(self, seconds):
        with self.lock:
            self.cpu += seconds


class Printer:
    """Prints what the first part says that isn't at its end as it says it, then what the next one has said so far, and so on."""

    def __init__(self):
        self.lock = threading.RLock()
        self.parts = []
        self.at = self.printed = 0

    def print_more(self):
        while self.at < len(self.parts):
            part = self.parts[self.at]
            for line in part.lines[self.printed:]:
                print(line)
            self.printed = len(part.lines)
            sys.stdout.flush()
            if not part.ended:
                return
            self.at += 1
            self.printed = 0

    def print_all(self):
        """Whether it is its turn or not."""
        for part in self.parts[self.at:]:
            for line in part.lines[self.printed:]:
                print(line)
            self.printed = 0
        self.at = len(self.parts)


def perform(part, what):
    part.started = time.monotonic()
    part.say(f'# {part.name}')
    try:
        what(part)
    except Exception as e:      # pylint: disable=broad-except # whatever it is, it mustn't be missed
        part.result(False, f'it runs to its end: {type(e).__name__}: {e}')
    if not any(re.match('(not )?ok ', line) for line in part.lines):
        part.result(False, 'it has results')
    with part.printer.lock:
        part.ended = time.monotonic()
        spent = part.ended - part.started
        part.say(f'# {part.name}: {minutes(spent)}, {minutes(part.in_slots)} of them in slots')


def minutes(seconds):
    return f'{seconds // 60:.0f}:{seconds % 60:02.0f}'


def close(chosen, shared, started):
    """The tables, and the last line. Returns the exit status."""
    lines = [line for part in chosen for line in part.lines]
    for line in lines:
        m = re.match(r'not ok \d+ (.*)', line)
        if m:
            # Once more, for those who see the end only
            print(f'# failed: {m[1]}')
    whole = time.monotonic() - started
    print('#\n#   took  in slots  CPU time')
    for p in (*chosen, shared):
        spent = minutes(p.ended - p.started) if p.ended else ''
        print(f'# {spent:>6} {minutes(p.in_slots):>9} {minutes(p.cpu):>9}  {p.name}')
    print(f'# {minutes(whole):>6} {minutes(sum(p.in_slots for p in chosen)):>9} {minutes(shared.cpu + sum(p.cpu for p in chosen)):>9}  '
          f'all, in {SLOTS.number} slots\n#\n# the slowest:')
    for seconds, what in sorted((t for p in chosen for t in p.tests), reverse=True)[:SLOWEST]:
        print(f'# {minutes(seconds):>6}  {what}')
    counts = collections.Counter(
        'failed' if line.startswith('not ok ') else 'skipped' if '# SKIP' in line else 'passed'
        for line in lines if re.match('(not )?ok ', line))
    skipped = f', {counts["skipped"]} skipped' if counts['skipped'] else ''
    print(f'{counts["passed"]} passed, {counts["failed"]} failed{skipped}', flush=True)
    return 0 if counts['passed'] + counts['skipped'] and not counts['failed'] else 1


def main():
    started = time.monotonic()
    option = sys.argv[1] if sys.argv[1:2] in (['--quick'], ['--all']) else ''
    names = sys.argv[1 + bool(option):]
    unknown = [n for n in names if n not in parts.PARTS]
    if unknown or not names:
        sys.exit(f'no part {unknown[0]!r}: ' * bool(unknown) + 'parts are ' + ', '.join(parts.PARTS))
    os.makedirs(parts.BUILD, exist_ok=True)
    printer = Printer()
    chosen = printer.parts = [Part(n, printer) for n in names]
    shared = Part('kernels that were fetched or built', printer)

    def stop(*_):
        parts.kill_all()
        # Not to wait for a lock that a thread has which will never run again
        with printer.lock:
            for part in chosen:
                if not part.ended:
                    part.lines.append(f'not ok 0 {part.name}: it was ended from outside')
            printer.print_all()
            close(chosen, shared, started)
        os._exit(1)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with boot.own_files(), concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        work = parts.Work(tempfile.gettempdir(), shared, option == '--quick', option == '--all')
        work.prepare(names)
        together = [p for p in chosen if p.name not in parts.ALONE]
        list(pool.map(lambda p: perform(p, getattr(work, p.name)), together))
        for p in chosen:
            if p.name in parts.ALONE:
                perform(p, getattr(work, p.name))
        with printer.lock:
            printer.print_more()
        # A kernel that is still being built for a part which came to its end before
        parts.kill_all()
    return close(chosen, shared, started)


if __name__ == '__main__':
    sys.exit(main())
