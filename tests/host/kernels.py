#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""All arm64 kernels that Debian has, and one with pages of 64 KB that is built here: fetch each, build the module with gcc and
clang, boot it, and test the module in it.

    kernels.py [--update] [PATTERN...]

Prints TAP, and a table of what came out; --update writes it into develop.md between its two marks. PATTERN chooses kernels
(sid*), or boots (sid*/vacate), which --update doesn't take; rows of other kernels stay as they are. A kernel that can't be fetched, built or booted on this machine is skipped, and the reason printed, unless it
is one that `make check` needs as well. Exit status 3 if tests failed.
"""

import fnmatch
import os
import re
import signal
import subprocess
import sys
import tempfile

import boot
import suite

PAGE = os.path.join(boot.TOP, 'Documentation', 'develop.md')
BEGIN = '<!-- kernels: `make check-kernels UPDATE=1` writes what is between here -->'
END = '<!-- and here -->'
HEAD = ('| kernel | package | pages | builds | boots | passed | failed | skipped |',
        '|---|---|---|---|---|---|---|---|')
CANNOT = 4                      # status of `module` where its tools can't be had here


class Row:
    """A kernel, and what came out of it."""

    def __init__(self, name):
        self.name = name
        self.version = self.pages = self.boots = '-'
        self.builds = []
        self.counts = None

    def __str__(self):
        counts = ' | '.join('-' if self.counts is None else str(self.counts[c]) for c in ('passed', 'failed', 'skipped'))
        return f'| `{self.name}` | {self.version} | {self.pages} | {", ".join(self.builds) or "-"} | {self.boots} | {counts} |'


class Results:
    """What is printed, one result a line."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def line(self, ok, what):
        self.count += 1
        self.failed += not ok
        print(f'{"ok" if ok else "not ok"} {self.count} kernels: {what}', flush=True)

    def cannot(self, row, what, why):
        """Something that this machine can't do: a failure where it has to."""
        must = row.name in suite.KERNELS
        self.line(not must, f'{row.name}: {what}' + (f': {why}' if must else f' # SKIP {why}'))
        row.boots = 'not here'


def call(*args):
    """Returns the exit status, what was printed, and what was said, by one of our scripts."""
    r = subprocess.run([os.path.join(boot.HOST, args[0]), *args[1:]], capture_output=True, text=True, check=False)
    return r.returncode, r.stdout.strip(), r.stderr.strip()


def last_line(text):
    return text.split('\n')[-1] or 'without a word'


def page_size(config):
    with open(config, encoding='utf-8') as f:
        return re.search(r'^CONFIG_ARM64_(\d+)K_PAGES=y$', f.read(), re.M)[1] + ' KB'


def builds(row, results):
    """The module, with both compilers. Returns whether there is one to boot."""
    for compiler in ('gcc', 'clang'):
        what = f'builds with {compiler}, W=1, without a word'
        status, _, said = call('module', row.name, compiler)
        if status == CANNOT:
            results.cannot(row, what, last_line(said))
            continue
        if status:
            print('# ' + said.replace('\n', '\n# '))
        else:
            row.builds.append(compiler)
        results.line(not status, f'{row.name}: {what}')
    return 'gcc' in row.builds


def comes_up(row, first, results):
    """Boot it without our module. Returns whether it came as far as to say so."""
    name = f'{row.name}/kernel'
    with tempfile.TemporaryDirectory(prefix='rmi-test.') as tmp:
        initrd = os.path.join(tmp, 'initrd')
        boot.initramfs(row.name, initrd)
        record, log = boot.run_test(name, first, initrd)
    with open(log, encoding='utf-8') as f:
        text = f.read()
    if not re.search(r'^(not )?ok 1 ', text, re.M):
        results.cannot(row, 'boots', f'its last words are "{last_line(text.strip())}"')
        return False
    row.boots = 'yes'
    results.count = boot.report(results.count, name, record, log)
    results.failed += record.counts['failed']
    row.counts = record.counts
    return not record.counts['failed']


def try_kernel(row, patterns, results):
    """From the archive to the last test."""
    status, path, said = call('kernel', row.name)
    if status:
        results.cannot(row, 'can be fetched', last_line(said))
        return
    # What was built here has a hash behind it
    row.version = re.sub('_[0-9a-f]{16}$', '', path).split('_')[-1]
    row.pages = page_size(os.path.join(path, 'config'))
    first, boots = suite.matrix_boots(row.name)
    patterns = [p if '/' in p else p + '/*' for p in patterns]
    chosen = {n: b for n, b in boots.items() if not patterns or any(fnmatch.fnmatch(n, p) for p in patterns)}
    if not builds(row, results) or not comes_up(row, first, results) or not chosen:
        return
    _, counts = boot.run(chosen, {}, results.count)
    results.count = counts['results']
    results.failed += counts['failed']
    row.counts = row.counts + counts


def page_parts():
    """The page before the table, the table, and what is after it; all lines."""
    with open(PAGE, encoding='utf-8') as f:
        lines = f.read().split('\n')
    if lines.count(BEGIN) != 1 or lines.count(END) != 1 or lines.index(BEGIN) > lines.index(END):
        sys.exit(f'develop.md lacks the marks of the table: {BEGIN} and {END}, each on a line of its own')
    begin, end = lines.index(BEGIN), lines.index(END)
    return lines[:begin + 1], lines[begin + 1:end], lines[end:]


def publish(rows, names, update):
    """A table that isn't that of the page is no failure: Debian's kernels change from week to week."""
    before, old, after = page_parts()
    # By kernel; those that there are no more go
    lines = {line.split('`')[1]: line for line in old if '`' in line} | {row.name: str(row) for row in rows}
    table = [*HEAD, *(lines[n] for n in names if n in lines)]
    print('# ' + '\n# '.join(table))
    if table == old:
        return
    if not update:
        print('# develop.md has another table: UPDATE=1 writes this one')
        return
    with open(PAGE + '.new', 'w', encoding='utf-8') as f:
        f.write('\n'.join(before + table + after))
    os.replace(PAGE + '.new', PAGE)
    print('# this is in develop.md now')


def main():
    args = sys.argv[1:]
    update = args[:1] == ['--update']
    patterns = args[update:]
    whole = not any('/' in p for p in patterns)
    if update and not whole:
        sys.exit('the table is of whole kernels: --update takes no boots')
    page_parts()
    signal.signal(signal.SIGTERM, boot.stop)
    signal.signal(signal.SIGINT, boot.stop)
    status, names, _ = call('kernel', '--list', 'matrix')
    names = names.split('\n')
    rows = [Row(n) for n in names if not patterns or any(fnmatch.fnmatch(n, p.partition('/')[0]) for p in patterns)]
    if status or not rows:
        sys.exit('no kernel has such a name')
    status, _, said = call('prepare')
    if status:
        sys.exit(said)
    results = Results()
    for row in rows:
        try_kernel(row, patterns, results)
        print(f'# {row}', flush=True)
    print(f'1..{results.count}')
    if whole:
        publish(rows, names, update)
    return boot.TESTS_FAILED if results.failed else 0


if __name__ == '__main__':
    with boot.own_files():
        sys.exit(main())
