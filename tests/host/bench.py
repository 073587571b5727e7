#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a load of the module takes in the booted machine.

    bench.py KERNEL KERNEL...  a table of instructions, of the first kernel, and one of elapsed time, of each
    bench.py --check KERNEL    the instructions as tests: TAP

Instructions are counted by QEMU's -icount, so that they are the same in each run; elapsed time is for people to look at.
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

# Elapsed time: the RMM works so long on each command. Less doesn't overlap in QEMU; and what the RMM holds isn't kept from
# Linux, as QEMU would stop all CPUs each time that it changes.
WORK_NS = 50000
PARALLEL_GB = 16
PARALLEL_LOADS = 40         # such times differ more than counts do
THREADS = {2: (1, 2), 4: (4,)}      # by how many CPUs the machine has

FLAVOURS = {'static': '', 'dynamic': NEWBORN}


def measure(kernel, initrd, name, **more):
    """Boot once; the counts of tests/guest/bench, or None with a word of what went wrong."""
    record, log = boot.run_test(f'{kernel}/bench-{name}', boot.Boot('bench', kernel=kernel, **more), initrd)
    bad = [what for ok, what in record.results if not ok]
    if bad or not record.counts['frequency']:
        return None, f'{bad[0] if bad else "nothing was counted"}: see {os.path.relpath(log, boot.TOP)}'
    return record.counts, ''


def instructions(kernel, initrd, flavour, gb):
    """Whole, the module's own, firmware, commands, between commands; or a word of what went wrong."""
    counts, wrong = measure(kernel, initrd, f'{flavour}-{gb}', smp=1, ram=f'{gb}G', icount=True,
                            machine=f'dialect beta3\nmemory 1G {gb}G\n{FLAVOURS[flavour]}',
                            env={'threads': 1, 'loads': LOADS})
    if not counts:
        return wrong
    if counts['frequency'] != 10 ** 9:
        # One tick of the counter has to be the nanosecond that an instruction takes
        return f'the counter has {counts["frequency"]} Hz'
    return (counts['whole-1'], counts['init-1'] - counts['firmware-1'], counts['firmware-1'], counts['calls-1'],
            counts['between-1'])


def per_par(kernel, initrd):
    """What each PAR more adds to the instructions between the first command and the last, or a word. What a load costs
    anyway isn't part of it, nor how the kernel makes files, which takes now more, now less."""
    few, many = (instructions(kernel, initrd, 'static', gb) for gb in PER_PAR)
    for cost in (few, many):
        if isinstance(cost, str):
            return cost
    return (many[4] - few[4]) / (PER_PAR[1] - PER_PAR[0])


def elapsed(kernel, initrd):
    """Nanoseconds of module_init() by threads, and how many commands; or a word of what went wrong."""
    times = {}
    for cpus, threads in THREADS.items():
        counts, wrong = measure(
            kernel, initrd, f'parallel-{cpus}', smp=cpus, ram=f'{PARALLEL_GB}G',
            machine=f'dialect beta3\nmemory 1G {PARALLEL_GB}G\n{NEWBORN}flag unprotected\nwork-ns {WORK_NS}\n',
            env={'threads': ','.join(map(str, threads)), 'loads': PARALLEL_LOADS})
        if not counts:
            return wrong
        times |= {n: counts[f'init-{n}'] * 10 ** 9 // counts['frequency'] for n in threads}
        calls = counts[f'calls-{threads[0]}']
    return times, calls


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
    print(each if isinstance(each, str) else f'the module itself, static, for each PAR more: {each:.0f}')
    return wrong or isinstance(each, str)


def print_elapsed(initrds):
    print(f'\ntime of a dynamic load of {PARALLEL_GB} GB, by an RMM that works {WORK_NS // 1000} us on each command, '
          f'{os.cpu_count()} CPUs under QEMU')
    wrong = False
    for kernel, initrd in initrds.items():
        cost = elapsed(kernel, initrd)
        if isinstance(cost, str):
            wrong = True
            print(f'{kernel}: {cost}')
            continue
        times, calls = cost
        for n, ns in times.items():
            print(f'{kernel:<8} {calls:>5} commands, {n} threads: {ns / 10 ** 6:7.2f} ms, '
                  f'{times[1] / ns:.2f} times as fast as one', flush=True)
    return wrong


def check(kernel, initrd):
    each = per_par(kernel, initrd)
    good = not isinstance(each, str) and 0 < each <= MOST_PER_PAR
    print(f'{"ok" if good else "not ok"} 1 bench: {kernel}, static: ' + (
        each if isinstance(each, str) else f'{each:.0f} instructions for each PAR more, no more than {MOST_PER_PAR}'))
    return 0 if good else boot.TESTS_FAILED


def main():
    kernels = [k for k in sys.argv[1:] if k != '--check']
    with tempfile.TemporaryDirectory(prefix='rmi-bench.') as tmp:
        initrds = {k: os.path.join(tmp, k) for k in kernels}
        for kernel, path in initrds.items():
            boot.initramfs(kernel, path)
        first = kernels[0], initrds[kernels[0]]
        if sys.argv[1] == '--check':
            return check(*first)
        return int(print_instructions(*first) | print_elapsed(initrds))


if __name__ == '__main__':
    with boot.own_files():
        sys.exit(main())
