#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""coverage.py LCOV SRC LIST LEAST: a table of the lines of SRC that were reached, and whether the rest is explained.

LIST has a line for each unreached one, "file: text of the line", below a comment (#) that says why. A text stands for all
lines of that file that read so.
"""
import os
import sys


def lines_of(lcov, src):
    """{file: {line number: times reached}} of the files below src."""
    files, at = {}, None
    with open(lcov, encoding='ascii') as f:
        for line in f:
            key, _, value = line.strip().partition(':')
            if key == 'SF':
                path = os.path.realpath(value)
                within = os.path.dirname(path) in (src, os.path.join(src, 'prove'))
                at = files.setdefault(os.path.relpath(path, src), {}) if within else None
            elif key == 'DA' and at is not None:
                number, count = value.split(',')[:2]
                at[int(number)] = at.get(int(number), 0) + int(count)
    return files


def explained(path):
    """The (file, text) pairs of the list. Each needs a reason above it."""
    pairs, reason = set(), False
    with open(path, encoding='ascii') as f:
        for line in f:
            line = line.strip()
            if not line:
                reason = False
            elif line.startswith('#'):
                reason = True
            else:
                name, _, text = line.partition(': ')
                if not reason:
                    sys.exit(f'{path}: no reason for {line}')
                pairs.add((name, text.strip()))
    return pairs


def main():
    lcov, src, listed, least = sys.argv[1], os.path.realpath(sys.argv[2]), explained(sys.argv[3]), float(sys.argv[4])
    files, total, missed, unexplained, used = lines_of(lcov, src), 0, 0, [], set()
    print(f'# {"file":14} {"lines":>6} {"reached":>8} {"explained":>10}')
    for name in sorted(files):
        text = dict(enumerate(open(os.path.join(src, name), encoding='utf-8'), 1))
        not_reached = [n for n, count in sorted(files[name].items()) if not count]
        known = [n for n in not_reached if (name, text[n].strip()) in listed]
        used |= {(name, text[n].strip()) for n in known}
        unexplained += [f'{name}:{n}: {text[n].strip()}' for n in not_reached if n not in known]
        total += len(files[name])
        missed += len(not_reached)
        reached = len(files[name]) - len(not_reached)
        print(f'# {name:14} {len(files[name]):6} {100 * reached / len(files[name]):7.1f}% {len(known):10}')
    for line in unexplained:
        print(f'# not reached, and no reason given: {line}')
    for name, text in sorted(listed - used):
        print(f'# listed without need: {name}: {text}')
    percent = 100 * (total - missed) / total if total else 0
    good = total and percent >= least and not unexplained and listed == used
    print(f'{"ok" if good else "not ok"} 1 coverage: {percent:.1f} % of {total} lines of src/ reached, '
          f'{missed - len(unexplained)} explained, {len(unexplained)} not')
    return 0 if good else 3


if __name__ == '__main__':
    sys.exit(main())
