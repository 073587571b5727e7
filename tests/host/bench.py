#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a load of the module takes in the booted machine.

    bench.py KERNEL            a table
    bench.py --check KERNEL    tests: TAP

Instructions are counted by QEMU's -icount, so that they are the same in each run. Waiting for grace periods isn't part of them.
Everything that has to be built is built by `prepare` before.
"""

import os
import sys
import tempfile

import boot
from suite import NEWBORN

GIGABYTES = (1, 2, 4)       # of RAM, and as many PARs
LOADS = 9                   # of which the one that took the least counts
PER_PAR = (1, 16)           # gigabytes: what the PARs between these add, each
MOST_PER_PAR = 2000         # instructions of the module's own, where all tables are the platform's

# Gigabytes: what each between these adds where everything is paid, of which the kernel clears what it allocates
PER_GB = (2, 8)
MOST_PER_GB = {1: 120000, 0: 40000}     # by init_on_alloc, which Debian has at 1

FLAVOURS = {'static': '', 'dynamic': NEWBORN}


def measure(kernel, initrd, name, **more):
    """Boot once; the counts of tests/guest/bench, or None with a word of what went wrong."""
    record, log = boot.run_test(f'{kernel}/bench-{name}', boot.Boot('bench', kernel=kernel, **more), initrd)
    bad = [what for ok, what in record.results if not ok]
    if bad or not record.counts['frequency']:
        return None, f'{bad[0] if bad else "nothing was counted"}: see {os.path.relpath(log, boot.TOP)}'
    return record.counts, ''


def instructions(kernel, initrd, flavour, gb, **env):
    """Whole, the module's own, firmware, commands, between commands; or a word of what went wrong."""
    counts, wrong = measure(kernel, initrd, f'{flavour}-{gb}', smp=1, ram=f'{gb}G', icount=True,
                            machine=f'dialect beta3\nmemory 1G {gb}G\n{FLAVOURS[flavour]}', env={'loads': LOADS} | env)
    if not counts:
        return wrong
    if counts['frequency'] != 10 ** 9:
        # One tick of the counter has to be the nanosecond that an instruction takes
        return f'the counter has {counts["frequency"]} Hz'
    return counts['whole'], counts['own'], counts['firmware'], counts['calls'], counts['walk']


def slope(kernel, initrd, flavour, gigabytes, which, **env):
    """What each gigabyte more adds, or a word. What a load costs anyway isn't part of it."""
    few, many = (instructions(kernel, initrd, flavour, gb, **env) for gb in gigabytes)
    for cost in (few, many):
        if isinstance(cost, str):
            return cost
    return (many[which] - few[which]) / (gigabytes[1] - gigabytes[0])


def per_par(kernel, initrd):
    """Between the first command and the last: how the kernel makes files takes now more, now less."""
    return slope(kernel, initrd, 'static', PER_PAR, 4)


def per_gb(kernel, initrd, clears):
    return slope(kernel, initrd, 'dynamic', PER_GB, 4, init_on_alloc=clears)


def print_instructions(kernel, initrd):
    print(f'instructions of a load, {kernel}, one CPU, RMM beta3, PARs and tracking regions of 1 GB')
    print(f'{"RMM":<8} {"RAM":>5} {"insmod to available":>20} {"module itself":>14} {"firmware":>10} {"commands":>9}')
    wrong = 0
    for flavour in FLAVOURS:
        for gb in GIGABYTES:
            cost = instructions(kernel, initrd, flavour, gb)
            wrong |= isinstance(cost, str)
            print(f'{flavour:<8} {gb:>2} GB ' + (
                cost if isinstance(cost, str) else f'{cost[0]:>20} {cost[1]:>14} {cost[2]:>10} {cost[3]:>9}'), flush=True)
    each = per_par(kernel, initrd)
    wrong |= isinstance(each, str)
    print(each if isinstance(each, str) else f'the module itself, static, for each PAR more: {each:.0f}')
    for clears in MOST_PER_GB:
        each = per_gb(kernel, initrd, clears)
        wrong |= isinstance(each, str)
        print(each if isinstance(each, str) else
              f'the module itself, paid, for each GB more: {each:.0f} with init_on_alloc={clears}')
    return int(wrong)


def gate(number, kernel, what, value, most):
    good = not isinstance(value, str) and 0 < value <= most
    print(f'{"ok" if good else "not ok"} {number} bench: {kernel}, {what}: ' + (
        value if isinstance(value, str) else f'{value:.0f} instructions more, no more than {most}'))
    return good


def check(kernel, initrd):
    good = gate(1, kernel, 'static, for each PAR', per_par(kernel, initrd), MOST_PER_PAR)
    for n, (clears, most) in enumerate(MOST_PER_GB.items(), 2):
        good &= gate(n, kernel, f'paid, for each GB, init_on_alloc={clears}', per_gb(kernel, initrd, clears), most)
    return 0 if good else boot.TESTS_FAILED


def main():
    kernel = sys.argv[-1]
    with tempfile.TemporaryDirectory(prefix='rmi-bench.') as tmp:
        initrd = os.path.join(tmp, kernel)
        boot.initramfs(kernel, initrd)
        return (check if sys.argv[1] == '--check' else print_instructions)(kernel, initrd)


if __name__ == '__main__':
    with boot.own_files():
        sys.exit(main())
