#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""fleet.py: what src/fleet ships and writes, judged by the grammar of whoever reads it; the ABI documents beside the
sources; and that what the documents say is so. Prints TAP; exit status 3 if something failed."""

import contextlib
import datetime
import fnmatch
import glob
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time

import prometheus_client.parser
import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FLEET = os.path.join(TOP, 'src', 'fleet')
SCRIPT = os.path.join(FLEET, 'rmi-fleet')
LABELS, METRICS = 'etc/kubernetes/node-feature-discovery/features.d', 'var/lib/prometheus/node-exporter'
RPM_METRICS = 'var/lib/node_exporter/textfile_collector'
LABEL_FILE, METRIC_FILE = f'{LABELS}/arm-cca-rmi', f'{METRICS}/arm_cca_rmi.prom'
PARAMETERS = '/sys/module/arm_cca_rmi/parameters/'

HEALTHY = {
    'available': '1', 'reason': 'ok', 'detail': '', 'revision': '2.0', 'rmm_state': 'active',
    'owner': 'this-module', 'kernel_driver': 'absent', 'proved': 'never', 'granule_size': '4096', 'l0gpt_size': '1073741824',
    'region_size': '1073741824', 'dialect': 'beta3', 'tracking': 'paid', 'memory_covered': '1073741824', 'memory_donated': '1179648', 'memory_lost': '0', 'smc_calls': '16', 'features/ipa_bits': '40', 'features/pa_bits': '40',
    'features/granule_sizes': '4096 16384 65536', 'features/hash_algorithms': 'none', 'features/max_recs_order': '0'}
LATER = [name for name in HEALTHY if name.startswith('features/') or name in (
    'owner', 'kernel_driver', 'proved', 'region_size', 'dialect', 'tracking')]
UNTRACKED = HEALTHY | {'available': '0', 'reason': 'not-tracked', 'detail': '0x100000000-0x140000000 none',
                       'memory_covered': '0', 'memory_donated': '0'}
NO_RMM = HEALTHY | {'available': '0', 'reason': 'no-rmm', 'detail': 'nobody answers RMI_VERSION', 'revision': 'none',
                    'rmm_state': 'none', 'granule_size': '0', 'l0gpt_size': '0', 'memory_covered': '0',
                    'memory_donated': '0', 'smc_calls': '1'}

passed, failed = 0, 0


def report(good, what, why=''):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        for line in str(why).splitlines():
            print(f'# {line}')
    print(f'{"ok" if good else "not ok"} {passed + failed} fleet: {what}', flush=True)


def same(what, got, expected):
    report(got == expected, what, f'got      {got!r}\nexpected {expected!r}')


def skip(what, why):
    report(True, f'{what} # SKIP {why}')


def text(*path):
    with open(os.path.join(TOP, *path), encoding='utf-8') as f:
        return f.read()


def run(*command, **more):
    """(exit status, what it said)"""
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    return p.returncode, p.stdout


@contextlib.contextmanager
def host(attributes, directories=(LABELS, METRICS)):
    """A tree with what sysfs has of the module (nothing, if it isn't loaded) and the directories of those who read."""
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        os.makedirs(f'{root}/sys/firmware')
        if attributes is not None:
            set_attributes(root, attributes)
        for d in directories:
            os.makedirs(f'{root}/{d}')
        yield root


def set_attributes(root, attributes):
    directory = f'{root}/sys/firmware/rmi'
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    for name, value in attributes.items():
        os.makedirs(os.path.dirname(f'{directory}/{name}'), exist_ok=True)
        with open(f'{directory}/{name}', 'w', encoding='ascii') as f:
            f.write(f'{value}\n')


EXPIRY = re.compile(r'# \+expiry-time=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n')


def without_expiry(lines):
    """What node-feature-discovery is told, less the first line, which is another one each second"""
    first = EXPIRY.match(lines)
    if not first:
        raise RuntimeError(f'no expiry time: {lines!r}')
    return lines[first.end():]


def files(root, whole=False):
    """All files but sysfs's and the administrator's, and what is in them: without the expiry time, but if it is asked for"""
    found = {}
    for directory, _, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            if not path.startswith((f'{root}/sys/', f'{root}/etc/default', f'{root}/etc/sysconfig')):
                with open(path, encoding='ascii') as f:
                    lines = f.read()
                found[os.path.relpath(path, root)] = without_expiry(lines) if name == 'arm-cca-rmi' and not whole else lines
    return found


def fleet(root, *arguments, prefix=(), **more):
    variables = {k: v for k, v in os.environ.items() if k not in ('FEATURES_D', 'TEXTFILE_D')}
    return run(*prefix, SCRIPT, *arguments, env=variables | {'RMI_ROOT': root}, **more)


def written(attributes, whole=False):
    """(what node-feature-discovery is told, what node_exporter is told) of such a host"""
    with host(attributes) as root:
        rc, said = fleet(root, 'update')
        found = files(root, whole)
        if rc or said or set(found) != {LABEL_FILE, METRIC_FILE}:
            raise RuntimeError(f'{rc} {said!r} {list(found)}')
        return found[LABEL_FILE], found[METRIC_FILE]


# The script ------------------------------------------------------------------------------------

def feature_lines(available, reason, revision, *more):
    return ''.join(f'# +no-label\narm-cca-rmi-{line}\n' for line in (
        f'available={available}', f'reason={reason}', f'revision={revision}') + more)


def test_values():
    labels, metrics = written(HEALTHY)
    same('labels of a healthy host', labels, feature_lines('true', 'ok', '2.0', 'proved=never'))
    same('its metrics', [line for line in metrics.splitlines() if line[0] != '#'], [
        'arm_cca_rmi_available 1', 'arm_cca_rmi_reason{reason="ok"} 1',
        'arm_cca_rmi_info{revision="2.0",rmm_state="active",owner="this-module",kernel_driver="absent",dialect="beta3",tracking="paid",proved="never"} 1',
        'arm_cca_rmi_features_info{ipa_bits="40",pa_bits="40",granule_sizes="4096 16384 65536",hash_algorithms="none",'
        'max_recs_order="0"} 1', 'arm_cca_rmi_region_size_bytes 1073741824', 'arm_cca_rmi_memory_covered_bytes 1073741824',
        'arm_cca_rmi_memory_donated_bytes 1179648', 'arm_cca_rmi_memory_lost_bytes 0', 'arm_cca_rmi_smc_calls_total 16'])
    older = written({name: value for name, value in HEALTHY.items() if name not in LATER})
    same('labels beside an older module', older[0], feature_lines('true', 'ok', '2.0'))
    same('metrics beside an older module', [line for line in older[1].splitlines() if line[0] != '#'], [
        'arm_cca_rmi_available 1', 'arm_cca_rmi_reason{reason="ok"} 1',
        'arm_cca_rmi_info{revision="2.0",rmm_state="active"} 1', 'arm_cca_rmi_memory_covered_bytes 1073741824',
        'arm_cca_rmi_memory_donated_bytes 1179648', 'arm_cca_rmi_memory_lost_bytes 0', 'arm_cca_rmi_smc_calls_total 16'])
    labels, metrics = written(UNTRACKED)
    same('labels of a host that is not tracked', labels, feature_lines('false', 'not-tracked', '2.0', 'proved=never'))
    report('arm_cca_rmi_available 0\n' in metrics and 'arm_cca_rmi_reason{reason="not-tracked"} 1\n' in metrics,
           'its metrics', metrics)
    report('0x' not in labels + metrics, 'what only root may read stays there', labels + metrics)
    same('labels of a host without RMM', written(NO_RMM)[0], feature_lines('false', 'no-rmm', 'none', 'proved=never'))
    labels, metrics = written(None)
    same('labels of a host without the module', labels, feature_lines('false', 'not-loaded', 'none'))
    same('its metrics', [line for line in metrics.splitlines() if line[0] != '#'],
         ['arm_cca_rmi_available 0', 'arm_cca_rmi_reason{reason="not-loaded"} 1'])
    largest = str(2**64 - 1)
    report(f'smc_calls_total {largest}\n' in written(HEALTHY | {'smc_calls': largest})[1], 'the largest number is one')


# Comments and key[=value]. Those two words are for the one line that follows. A value has the form of a label's.
COMMENT = re.compile(r'#(?! ?\+).*|# \+(no-label|no-feature|expiry-time=\S+)')
FEATURE = re.compile(r'([A-Za-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?(=([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?)?')


def features_of(lines):
    """{name: value} as node-feature-discovery reads them; fails on what its documentation doesn't know"""
    found, no_label = {}, False
    if not lines.endswith('\n') or len(lines) > 65536:
        raise ValueError('no line end, or too long')
    for line in lines.splitlines():
        if line.startswith('#'):
            if not COMMENT.fullmatch(line):
                raise ValueError(line)
            no_label = no_label or line == '# +no-label'
            continue
        # A name without a prefix is for features that are no labels
        if not FEATURE.fullmatch(line) or '/' not in line and not no_label:
            raise ValueError(line)
        name, _, value = line.partition('=')
        found[name], no_label = value, False
    return found


SAMPLE = re.compile(r'([a-z_:][a-z0-9_:]*)(\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\})? [0-9]+')


def metrics_of(lines):
    """{sample: value}, after what the text format and its conventions ask for"""
    families, values, seen = {}, {}, []
    for line in lines.splitlines(keepends=True):
        if not line.endswith('\n'):
            raise ValueError('no line end')
        kind = re.match(r'# (HELP|TYPE) (\w+) (.+)\n', line)
        if kind and kind[1] == 'HELP':
            if kind[2] in families:
                raise ValueError(f'twice: {line}')
            families[kind[2]] = None
        elif kind:
            if families.get(kind[2], 'gone') is not None or kind[3] not in ('gauge', 'counter'):
                raise ValueError(line)
            if (kind[3] == 'counter') != kind[2].endswith('_total'):
                raise ValueError(f'a counter ends in _total, and nothing else does: {line}')
            families[kind[2]] = kind[3]
            seen.append(kind[2])
        else:
            sample = SAMPLE.fullmatch(line[:-1])
            # All samples of a family are below its head
            if not sample or not seen or sample[1] != seen[-1]:
                raise ValueError(line)
    for family in prometheus_client.parser.text_string_to_metric_families(lines):
        for sample in family.samples:
            if sample.timestamp is not None or sample.name in values:
                raise ValueError(f'a time, or twice: {sample}')
            values[sample.name] = sample.value
    if sorted(values) != sorted(families):
        raise ValueError(f'{sorted(values)} and {sorted(families)}')
    return values


def fails(function, *arguments):
    try:
        function(*arguments)
    except ValueError:
        return True
    return False


def reasons():
    return re.findall(r'\[REASON_\w+\]\s*= \{ "([^"]+)"', text('src', 'verdict.c'))


def test_grammars():
    wrong = []
    for name, attributes in [('healthy', HEALTHY), ('untracked', UNTRACKED), ('no RMM', NO_RMM), ('not loaded', None)]:
        labels, metrics = written(attributes, whole=True)
        for function, lines in ((features_of, labels), (metrics_of, metrics)):
            try:
                function(lines)
            except ValueError as e:
                wrong.append(f'{name}: {e}')
    report(not wrong, 'both files are of the form that their readers document', '\n'.join(wrong))
    report(all(fails(features_of, lines) for lines in ('a=b', 'a=b\n', '# +no-label\na b\n', '# +nolabel\nx/a=b\n', '# +no-label\na=b\nc=d\n')),
           'which other files are not (features)')
    report(all(fails(metrics_of, lines) for lines in (
        'a 1\n', '# HELP a b\n# TYPE a counter\na 1\n', '# HELP a b\n# TYPE a gauge\na 1 1600000000\n', '# HELP a b\n# TYPE a gauge\na 1',
        '# HELP a b\n# TYPE a gauge\na 1\na 2\n', '# HELP a b\n# TYPE a gauge\n')), 'which other files are not (metrics)')
    wrong = []
    for word in reasons():
        labels, metrics = written(HEALTHY | {'available': str(int(word == 'ok')), 'reason': word})
        if features_of(labels)['arm-cca-rmi-reason'] != word or f'{{reason="{word}"}} 1\n' not in metrics:
            wrong.append(word)
    report(len(reasons()) > 15 and not wrong, f'all {len(reasons())} reasons go through both', wrong)
    report('not-loaded' not in reasons(), 'not-loaded is none of them')


def test_bad_attributes():
    wrong, tried = [], 0
    bad = {
        'available': ('', '2', 'yes', '1\n1', '01'), 'reason': ('', 'a b', 'x"y', 'ok\nok', 'OK', '*'),
        'revision': ('', '2', '.', '2.', 'two', '2.0 '), 'rmm_state': ('', 'a"', '\\'), 'memory_covered': ('', '-1', '1.5', '0x10', '010', '1 2'),
        'memory_donated': ('x',), 'memory_lost': ('1\n2',), 'smc_calls': ('', '1e3'), 'owner': ('', 'a"b'), 'kernel_driver': ('', 'a b'), 'proved': ('', 'a b'), 'dialect': ('', 'a"b'), 'tracking': ('a b',),
        'region_size': ('-1',), 'features/hash_algorithms': ('', 'a"b', 'sha256\nsha512')}
    for name, values in bad.items():
        # Those that came later may be missing
        for value in (*values, *([] if name in LATER else [None])):
            attributes = HEALTHY | {name: value}
            if value is None:
                del attributes[name]
            for verb in ('labels', 'metrics', 'update'):
                with host(HEALTHY) as root:
                    fleet(root, 'update')
                    before = files(root, whole=True)
                    set_attributes(root, attributes)
                    rc, said = fleet(root, verb)
                    tried += 1
                    if rc != 1 or f'/sys/firmware/rmi/{name}' not in said or 'rmi-fleet: ' not in said:
                        wrong.append(f'{verb} {name} {value!r}: {rc} {said!r}')
                    if len(before) != 2 or files(root, whole=True) != before:
                        wrong.append(f'{verb} {name} {value!r}: {files(root)}')
    report(tried > 100 and not wrong, f'{tried} times an attribute is missing or wrong: an error that names it, and nothing changes',
           '\n'.join(wrong))


def test_bad_directories():
    with host(HEALTHY, ()) as root:
        for verb, directory in (('labels', LABELS), ('metrics', METRICS)):
            rc, said = fleet(root, verb)
            same(f'{verb}: a directory that is missing', (rc, said), (1, f'rmi-fleet: no directory {root}/{directory}\n'))
        same('update: none is there', (*fleet(root, 'update'), files(root)), (
            2, f'rmi-fleet: nobody to tell: neither {root}/{LABELS} nor {root}/{METRICS} is there\n', {}))
    with host(HEALTHY, (METRICS,)) as root:
        same('update: one is there', (*fleet(root, 'update'), list(files(root))), (0, '', [METRIC_FILE]))

    # Root may write everywhere
    as_nobody = () if os.getuid() else ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')
    with host(HEALTHY) as root, tempfile.TemporaryDirectory() as theirs:
        os.chmod(theirs, 0o755)
        fleet(root, 'update')
        before = files(root, whole=True)
        set_attributes(root, UNTRACKED)
        shutil.copy(SCRIPT, theirs)
        for directory in (LABELS, METRICS):
            os.chmod(f'{root}/{directory}', 0o555)
        for verb in ('labels', 'metrics', 'update'):
            rc, said = run(*as_nobody, f'{theirs}/rmi-fleet', verb, env={'RMI_ROOT': root, 'PATH': os.environ['PATH']})
            report(rc == 1 and "rmi-fleet: can't write into " in said and files(root, whole=True) == before,
                   f'{verb}: a directory that nobody may write into', f'{rc} {said!r}')
        for directory in (LABELS, METRICS):
            os.chmod(f'{root}/{directory}', 0o755)
        for verb in ('labels', 'metrics', 'update'):
            # A file that can't grow, as on a full disk
            rc, said = fleet(root, verb, prefix=('sh', '-c', 'trap "" XFSZ; ulimit -f 0; exec "$0" "$@"'))
            report(rc == 1 and "rmi-fleet: can't write " in said and files(root, whole=True) == before, f'{verb}: a disk that is full', f'{rc} {said!r}')
        rc, said = fleet(root, 'update')
        report(rc == 0 and files(root)[METRIC_FILE] != before[METRIC_FILE], 'and then it can', f'{rc} {said!r}')
    for arguments in ((), ('help',), ('labels', 'metrics')):
        with host(HEALTHY) as root:
            rc, said = fleet(root, *arguments)
            report(rc == 1 and 'rmi-fleet: ' in said and not files(root), f'it takes no {arguments}', said)


def test_whole():
    with host(HEALTHY) as root:
        fleet(root, 'update', umask=0o077)
        for name in (LABEL_FILE, METRIC_FILE):
            same(f'{os.path.basename(name)} can be read by everyone', os.stat(f'{root}/{name}').st_mode & 0o777, 0o644)
        before = files(root, whole=True)
        with contextlib.ExitStack() as stack:
            readers = [stack.enter_context(open(f'{root}/{name}', encoding='ascii')) for name in (LABEL_FILE, METRIC_FILE)]
            set_attributes(root, UNTRACKED)
            fleet(root, 'update')
            same('who reads while it is written has the old one, whole', [r.read() for r in readers],
                 [before[LABEL_FILE], before[METRIC_FILE]])
        same('and then there is the new one', tuple(files(root).values()), written(UNTRACKED))
        shutil.rmtree(f'{root}/sys/firmware/rmi')
        same('the module goes', (*fleet(root, 'update'), files(root)), (0, '', dict(zip((LABEL_FILE, METRIC_FILE), written(None)))))
        several = [subprocess.Popen([SCRIPT, 'update'], env={'RMI_ROOT': root, 'PATH': os.environ['PATH']}) for _ in range(8)]
        same('eight at once', ([p.wait() for p in several], sorted(files(root))), ([0] * 8, [LABEL_FILE, METRIC_FILE]))
        with tempfile.TemporaryDirectory() as other:
            run(SCRIPT, 'update', env={'RMI_ROOT': root, 'PATH': os.environ['PATH'], 'FEATURES_D': other, 'TEXTFILE_D': other})
            same('other directories', sorted(os.listdir(other)), ['arm-cca-rmi', 'arm_cca_rmi.prom'])


def test_expiry():
    """What nobody writes again is true for 15 minutes more"""
    before = int(time.time())
    with host(HEALTHY) as root:
        fleet(root, 'update')
        lines = files(root, whole=True)[LABEL_FILE]
    after = int(time.time())
    first = EXPIRY.match(lines)
    report(first, 'the first line is the expiry time', lines)
    if first:
        at = datetime.datetime.strptime(first[1], '%Y-%m-%dT%H:%M:%SZ').replace(tzinfo=datetime.timezone.utc).timestamp()
        report(before + 900 <= at <= after + 900, 'which is 15 minutes ahead', f'{before} {at} {after}')


def put(path, lines=''):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='ascii') as f:
        f.write(lines)


def test_remove():
    with host(HEALTHY) as root:
        fleet(root, 'update')
        put(f'{root}/{LABELS}/.rmi-fleet.abcdef')
        put(f'{root}/{METRICS}/another.prom', 'x 1\n')
        put(f'{root}/{METRICS}/.rmi-fleet.keep')
        same('remove', (*fleet(root, 'remove'), sorted(files(root))), (0, '', [f'{METRICS}/.rmi-fleet.keep', f'{METRICS}/another.prom']))
        same('remove: there is nothing', fleet(root, 'remove'), (0, ''))
        rc, said = run('make', '-s', '-C', TOP, f'DESTDIR={root}', 'fleet-install')
        fleet(root, 'update')
        told = sorted(files(root))
        rc, said = run('make', '-s', '-C', TOP, f'DESTDIR={root}', 'fleet-remove')
        same('make fleet-remove: nothing is told any more', (LABEL_FILE in told and METRIC_FILE in told, rc, said, sorted(files(root))), (
            True, 0, '', [f'{METRICS}/.rmi-fleet.keep', f'{METRICS}/another.prom']))
    with host(HEALTHY, ()) as root:
        same('remove: there is no directory either', fleet(root, 'remove'), (0, ''))
    for name, command in (('debian/rmi-host.prerm', 'remove'), ('rpm/arm-cca-rmi.spec', '0')):
        lines = [line for line in text(name).splitlines() if 'rmi-fleet remove' in line]
        report(len(lines) == 1 and f'"$1" != {command} ]' in lines[0], f'{name} does it', lines)


def test_drafts():
    """A kill leaves one; another run may be at work on a younger one"""
    with host(HEALTHY) as root:
        for name, minutes in (('.rmi-fleet.ABCDEF', 6), ('.rmi-fleet.GHIJKL', 2), ('.rmi-fleet-other', 60)):
            put(f'{root}/{LABELS}/{name}')
            os.utime(f'{root}/{LABELS}/{name}', (time.time() - 60 * minutes,) * 2)
        os.makedirs(f'{root}/{LABELS}/deeper')
        put(f'{root}/{LABELS}/deeper/.rmi-fleet.ABCDEF')
        os.utime(f'{root}/{LABELS}/deeper/.rmi-fleet.ABCDEF', (0, 0))
        same('drafts that were left are swept', (*fleet(root, 'labels'), sorted(os.listdir(f'{root}/{LABELS}')), len(files(root))), (
            0, '', ['.rmi-fleet-other', '.rmi-fleet.GHIJKL', 'arm-cca-rmi', 'deeper'], 4))


def test_directories():
    """Where they are"""
    with host(HEALTHY, (RPM_METRICS,)) as root:
        same('the directory of RPMs', (*fleet(root, 'update'), list(files(root))), (0, '', [f'{RPM_METRICS}/arm_cca_rmi.prom']))
        same('is cleared, too', (*fleet(root, 'remove'), files(root)), (0, '', {}))
    with host(HEALTHY, (RPM_METRICS, METRICS)) as root:
        same("Debian's, where both are there", (*fleet(root, 'update'), list(files(root))), (0, '', [METRIC_FILE]))
    for name, form in (('default', '{}={}'), ('sysconfig', '  {}="{}"  '), ('default', "{}='{}'")):
        with host(HEALTHY) as root:
            there = f'{root}/else where'
            os.makedirs(there)
            put(f'{root}/etc/{name}/rmi-fleet', '\n'.join((
                '# a comment', 'FEATURES_D=/nowhere', *(form.format(n, there) for n in ('FEATURES_D', 'TEXTFILE_D')), 'OTHER=1')) + '\n')
            same(f'as /etc/{name}/rmi-fleet has them, {form}', (*fleet(root, 'update'), sorted(os.listdir(there)), len(files(root))), (
                0, '', ['arm-cca-rmi', 'arm_cca_rmi.prom'], 2))
            same('and are cleared', (*fleet(root, 'remove'), files(root)), (0, '', {}))
            rc, said = run(SCRIPT, 'update', env={'RMI_ROOT': root, 'PATH': os.environ['PATH'], 'FEATURES_D': f'{root}/{LABELS}'})
            same('the environment has precedence', (rc, said, sorted(files(root))), (0, '', ['else where/arm_cca_rmi.prom', LABEL_FILE]))


def test_into():
    """What has the name of a file of ours already, and isn't one"""
    with host(HEALTHY) as root:
        os.symlink('../linked', f'{root}/{LABEL_FILE}')
        os.symlink('/dev/null', f'{root}/{METRIC_FILE}')
        for what in ('to nothing yet', 'to a file'):
            rc, said = fleet(root, 'update')
            same(f'a link {what} stays one', (rc, said, os.readlink(f'{root}/{LABEL_FILE}'), os.readlink(f'{root}/{METRIC_FILE}')),
                 (0, '', '../linked', '/dev/null'))
            same('and leads to what was written', without_expiry(text(f'{root}/{LABELS}/../linked')), feature_lines('true', 'ok', '2.0', 'proved=never'))
        os.unlink(f'{root}/{METRIC_FILE}')
        os.mkfifo(f'{root}/{METRIC_FILE}')
        with subprocess.Popen(['cat', f'{root}/{METRIC_FILE}'], stdout=subprocess.PIPE, text=True) as cat:
            rc, said = fleet(root, 'metrics')
            still = stat.S_ISFIFO(os.stat(f'{root}/{METRIC_FILE}').st_mode)
            if not still:
                cat.kill()
            same('a FIFO is written into', (rc, said, still, cat.stdout.read()), (0, '', True, written(HEALTHY)[1]))
        os.unlink(f'{root}/{METRIC_FILE}')
        os.symlink('/dev/full', f'{root}/{METRIC_FILE}')
        rc, said = fleet(root, 'metrics')
        report(rc == 1 and f"rmi-fleet: can't write {root}/{METRIC_FILE}\n" in said, 'a device that is full', f'{rc} {said!r}')
        os.unlink(f'{root}/{METRIC_FILE}')
        os.mkdir(f'{root}/{METRIC_FILE}')
        rc, said = fleet(root, 'metrics')
        report(rc == 1 and f"rmi-fleet: can't write {root}/{METRIC_FILE}\n" in said and not os.listdir(f'{root}/{METRIC_FILE}'),
               'a directory', f'{rc} {said!r}')


# What ships --------------------------------------------------------------------------------------

def test_units():
    units = ('rmi-fleet.service', 'rmi-fleet.timer')
    with tempfile.TemporaryDirectory() as there:
        for name in units:
            with open(f'{there}/{name}', 'w', encoding='ascii') as f:
                # verify looks whether the program is there
                f.write(text('src', 'fleet', name).replace('=/usr/sbin/rmi-fleet ', f'={SCRIPT} '))
        rc, said = run('systemd-analyze', 'verify', '--man=no', *(f'{there}/{name}' for name in units))
        report(rc == 0 and not said, 'systemd-analyze verify has nothing to say of the units', said)
        with open(f'{there}/wrong.service', 'w', encoding='ascii') as f:
            f.write('[Service]\nType=oneshot\nExecStart=/bin/true\nProtectSistem=yes\n')
        rc, said = run('systemd-analyze', 'security', '--offline=true', '--no-pager', f'{there}/rmi-fleet.service')
        exposure = re.search(r'Overall exposure level for rmi-fleet.service: ([0-9.]+)', said)
        if exposure:
            report(float(exposure[1]) < 2, f'systemd-analyze security: an exposure below 2 ({exposure[1]})', said)
        else:
            skip('systemd-analyze security: an exposure below 2', 'this one can look at nothing but what runs')
        report('ProtectSistem' in run('systemd-analyze', 'verify', '--man=no', f'{there}/wrong.service')[1], 'which it has of one with a mistake')


# MATCH: KEY==|!="value"; ASSIGNMENT: KEY=|+=|:="value", KEY perhaps with {attribute}
TOKEN = re.compile(r'(ACTION|SUBSYSTEM|KERNEL|RUN)(==|\+=)"([^"]*)"')


def udev_rules(lines):
    rules = []
    for line in lines.splitlines():
        if line and not line.startswith('#'):
            tokens = [TOKEN.fullmatch(t.strip()) for t in line.split(',')]
            if None in tokens or any((t[1] == 'RUN') != (t[2] == '+=') for t in tokens):
                raise ValueError(line)
            rules.append([t.groups() for t in tokens])
    return rules


def commands_on(rules, event):
    return [rule[-1][2] for rule in rules
            if all(any(fnmatch.fnmatchcase(event[key], p) for p in value.split('|')) for key, op, value in rule if op == '==')]


def test_udev_command(command):
    """With a systemctl that notes how it is called"""
    with tempfile.TemporaryDirectory() as there:
        put(f'{there}/systemctl', f'#!/bin/sh\necho "$*" >>{there}/calls\ncase $* in *is-enabled*) exit $STATUS ;; esac\n')
        os.chmod(f'{there}/systemctl', 0o755)
        for what, status, calls in (('an enabled', '0', 2), ('a disabled', '1', 1)):
            run(*shlex.split(command), env={'PATH': f'{there}:/usr/bin', 'STATUS': status})
            found = text(f'{there}/calls').splitlines()
            same(f'udev: {what} service', found, ['-q is-enabled rmi-fleet.service', '--no-block restart rmi-fleet.service'][:calls])
            os.unlink(f'{there}/calls')


def test_udev():
    lines = text('src', 'fleet', '60-rmi-fleet.rules')
    rules = udev_rules(lines)
    ours = {'SUBSYSTEM': 'platform', 'KERNEL': 'arm_cca_rmi'}
    update = "/bin/sh -c 'systemctl -q is-enabled rmi-fleet.service && systemctl --no-block restart rmi-fleet.service'"
    for action in ('add', 'change', 'remove'):
        same(f'udev: {action} of our device', commands_on(rules, ours | {'ACTION': action}), [update])
    same('udev: other events', [commands_on(rules, ours | other) for other in (
        {'ACTION': 'bind'}, {'ACTION': 'change', 'SUBSYSTEM': 'module'}, {'ACTION': 'add', 'KERNEL': 'arm_cca_rmi.1'})], [[], [], []])
    report(os.path.exists(f'{FLEET}/rmi-fleet.service'), 'udev: it starts what ships')
    test_udev_command(update)
    report(fails(udev_rules, lines.replace('"platform"', 'platform')) and fails(udev_rules, lines.replace('+=', '==')),
           'udev: a rule with a mistake is none')
    what = 'udevadm verify has nothing to say of the rule'
    if 'verify' in run('udevadm', '--help')[1] if shutil.which('udevadm') else False:
        rc, said = run('udevadm', 'verify', f'{FLEET}/60-rmi-fleet.rules')
        report(rc == 0 and re.search(r'Fail: +0', said), what, said)
    else:
        skip(what, 'no udevadm that has it: it is of udev 254')


def parameters():
    """{name: mode}"""
    found = {}
    for path in glob.glob(f'{TOP}/src/*.c'):
        found |= {m[1]: m[2] for m in re.finditer(r'^module_param(?:_cb)?\((\w+), .*, (0\d\d\d)\);', text(path), re.M)}
    return found


def modprobe(config, *arguments):
    return run('modprobe', '-C', config, *arguments)


def test_modprobe():
    module = re.search(r'^obj-m := (\w+)\.o$', text('Kbuild'), re.M)[1]
    lines = [line for line in text('src', 'fleet', 'modules-load.conf').splitlines() if line and line[0] not in '#;']
    same('modules-load.d: the one module', lines, [module])
    config = f'{FLEET}/modprobe.conf'
    shown = [line for line in modprobe(config, '--showconfig')[1].splitlines() if re.match(r'(softdep|options) .*arm_cca_rmi', line)]
    same('modprobe.d: what is in force', shown, [f'softdep kvm pre: {module}'])
    with tempfile.TemporaryDirectory() as there:
        with open(f'{there}/all.conf', 'w', encoding='ascii') as f:
            f.write(text('src', 'fleet', 'modprobe.conf').replace('#options', 'options'))
        rc, said = modprobe(f'{there}/all.conf', '--showconfig')
        names = re.findall(rf'^options {module} (\w+)=\w+$', said, re.M)
        # That one is for the command line of a crash kernel
        expected = sorted(set(parameters()) - {'vmcore_index'})
        same('modprobe.d: the examples are of all parameters', (rc, sorted(names), 'ignoring' in said), (0, expected, False))
        release = '6.1.0'
        lib = f'{there}/lib/modules/{release}'

        def loads(option, found, builtin=''):
            shutil.rmtree(lib, ignore_errors=True)
            for name in found:
                os.makedirs(os.path.dirname(f'{lib}/{name}'), exist_ok=True)
                # A module without anything in it
                subprocess.run(('gcc', '-x', 'c', '-c', '-o', f'{lib}/{name}', '/dev/null'), check=True)
            for name in ('modules.builtin', 'modules.order', 'modules.builtin.modinfo'):
                with open(f'{lib}/{name}', 'w', encoding='ascii') as f:
                    f.write(builtin if name == 'modules.builtin' else '')
            rc, said = run('depmod', '-b', there, release)
            if rc:
                return said
            said = modprobe(config, *option, '-d', there, '-S', release, 'kvm')[1]
            return [os.path.basename(line.split()[1]) for line in said.splitlines() if line.startswith('insmod ')]

        ours, kvm = 'updates/dkms/arm_cca_rmi.ko', 'kernel/arch/arm64/kvm/kvm.ko'
        same('modprobe.d: first ours, then KVM, where that is a module', loads(['-D'], [ours, kvm]), ['arm_cca_rmi.ko', 'kvm.ko'])
        same('modprobe.d: KVM loads without ours', loads(['-D'], [kvm]), ['kvm.ko'])
        same('modprobe.d: a KVM that is built in loads nothing', loads(['-n', '-v'], [ours], f'{kvm}\n'), [])


# What the API of node-feature-discovery knows of rules, as far as it can be used here
RULE = {'name', 'labels', 'labelsTemplate', 'annotations', 'vars', 'varsTemplate', 'taints', 'extendedResources', 'matchFeatures', 'matchAny'}
NUMBER_OF_VALUES = {'In': (1, 99), 'NotIn': (1, 99), 'InRegexp': (1, 99), 'Exists': (0, 0), 'DoesNotExist': (0, 0), 'Gt': (1, 1),
                    'Lt': (1, 1), 'GtLt': (2, 2), 'IsTrue': (0, 0), 'IsFalse': (0, 0)}
NAME = r'[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?'
OBJECT_NAME = r'[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?'


def faults_of(rule_object):
    """What the custom resource's definition doesn't allow"""
    wrong = []
    if set(rule_object) != {'apiVersion', 'kind', 'metadata', 'spec'} or set(rule_object['spec']) != {'rules'}:
        return ['fields']
    if (rule_object['apiVersion'], rule_object['kind']) != ('nfd.k8s-sigs.io/v1alpha1', 'NodeFeatureRule'):
        wrong.append('kind')
    if not re.fullmatch(OBJECT_NAME, rule_object['metadata']['name']):
        wrong.append('name of the object')
    for rule in rule_object['spec']['rules']:
        if not set(rule) <= RULE or not isinstance(rule.get('name'), str):
            wrong.append(f'fields of {rule}')
        for name, value in rule.get('labels', {}).items():
            if not re.fullmatch(rf'(feature\.node\.kubernetes|kubevirt)\.io/{NAME}', name) or not isinstance(value, str) or \
                    not re.fullmatch(rf'({NAME})?|@[a-z]+\.[a-z]+\.{NAME}', value):
                wrong.append(f'label {name}: {value!r}')
        for term in rule.get('matchFeatures', ()):
            if not set(term) <= {'feature', 'matchExpressions', 'matchName'} or not isinstance(term.get('feature'), str):
                wrong.append(f'fields of {term}')
            for name, expression in term.get('matchExpressions', {}).items():
                least, most = NUMBER_OF_VALUES.get(expression.get('op'), (1, 0))
                values = expression.get('value', [])
                if not set(expression) <= {'op', 'value', 'type'} or not least <= len(values) <= most or \
                        not all(isinstance(v, str) for v in values):
                    wrong.append(f'{name}: {expression}')
    return wrong


def labels_from(rule_object, features):
    """Those of a node that has these local features"""
    holds = {'IsTrue': lambda v: v == 'true', 'IsFalse': lambda v: v == 'false', 'Exists': lambda v: v is not None}
    labels = {}
    for rule in rule_object['spec']['rules']:
        if all(term['feature'] == 'local.feature' and all(holds[e['op']](features.get(name)) for name, e in term['matchExpressions'].items())
               for term in rule['matchFeatures']):
            for name, value in rule['labels'].items():
                kind, _, element = value.rpartition('.')
                labels[name.partition('/')[2]] = features[element] if kind == '@local.feature' else value
    return labels


def test_rule():
    lines = text('src', 'fleet', 'node-feature-rule.yaml')
    rule = yaml.safe_load(lines)
    report(not faults_of(rule), 'the NodeFeatureRule is of the form that its definition allows', faults_of(rule))
    report(all(faults_of(yaml.safe_load(lines.replace(a, b))) for a, b in (
        ('IsTrue', 'Is'), ('v1alpha1', 'v1'), ('"true"', 'true'), ('matchFeatures', 'matches'), ('{op: Exists}', '{op: Exists, value: [x]}'))),
           'which rules with a mistake are not')
    for what, attributes, expected in (
            ('a healthy node', HEALTHY, {'arm-cca-realms': 'true', 'cca': 'true'}),
            ('one that is not tracked', UNTRACKED, {'arm-cca-realms-reason': 'not-tracked'}),
            ('one without the module', None, {'arm-cca-realms-reason': 'not-loaded'})):
        same(f'the labels of {what}', labels_from(rule, features_of(written(attributes)[0])), expected)
    same('the labels of a node without these features', labels_from(rule, {}), {})


def test_install():
    with tempfile.TemporaryDirectory() as there:
        make = ('make', '-s', '-C', TOP, f'DESTDIR={there}')
        rc, said = run(*make, 'fleet-install')
        found = {os.path.relpath(os.path.join(d, n), there): os.stat(os.path.join(d, n)).st_mode & 0o777
                 for d, _, names in os.walk(there) for n in names}
        same('make fleet-install puts all of it where it is looked for', (rc, said, found), (0, '', {
            'usr/sbin/rmi-fleet': 0o755, 'usr/lib/systemd/system/rmi-fleet.service': 0o644, 'usr/lib/systemd/system/rmi-fleet.timer': 0o644,
            'usr/lib/udev/rules.d/60-rmi-fleet.rules': 0o644, 'usr/lib/modules-load.d/arm_cca_rmi.conf': 0o644,
            'usr/lib/modprobe.d/arm_cca_rmi.conf': 0o644, 'usr/share/rmi-fleet/node-feature-rule.yaml': 0o644,
            'usr/share/man/man8/rmi-fleet.8': 0o644}))
        same('and that is all there is in src/fleet', len(os.listdir(FLEET)), len(found))
        rc, said = run(*make, 'fleet-remove')
        same('make fleet-remove takes all of it away', (rc, said, [n for _, _, names in os.walk(there) for n in names]), (0, '', []))


# The documents -----------------------------------------------------------------------------------

def abi(name):
    """{what: {tag: text}} of one of the ABI documents; fails on what isn't in the kernel's order"""
    entries, tag = {}, None
    for line in text('Documentation', 'ABI', 'testing', name).splitlines():
        field = re.match(r'(What|Date|KernelVersion|Contact|Description):\t+(.+)', line)
        if field and field[1] == 'What':
            at = entries[field[2]] = {}
        elif field:
            at[field[1]] = field[2]
        elif line and not line.startswith('\t\t') and not line.startswith('..'):
            raise ValueError(line)
        elif entries and tag == 'Description':
            at[tag] += '\n' + line
        tag = field[1] if field else tag
    for what, at in entries.items():
        if list(at) != ['Date', 'KernelVersion', 'Contact', 'Description']:
            raise ValueError(f'{what}: {list(at)}')
    return entries


def same_files(what, document, directory, sources):
    """An entry for each of these files, {name: mode}, and none else; who may read and write them, too"""
    entries = abi(document)
    same(f'{document}: an entry for each {what}, and none else', sorted(entries), sorted(directory + name for name in sources))
    access = {'0444': '(RO) ', '0400': '(RO, root only) ', '0600': '(RW, root only) '}
    wrong = [name for name, mode in sources.items() if not entries.get(directory + name, {}).get('Description', '').startswith(access[mode])]
    report(not wrong, f'{document}: says who may do what', wrong)
    return entries


def table(lines, heading):
    """The words in the first column of the table in a page that has this head"""
    rows = lines.partition(f'\n| {heading} |')[2].split('\n\n')[0].splitlines()[2:]
    return [row.split('`')[1] for row in rows]


def test_abi():
    reference, source = text('Documentation', 'reference.md'), text('src', 'sysfs.c')
    listed = re.search(r'attributes\[\] = \{(.*?)\n\};', source, re.S)[1]
    sysfs = {m[1]: m[2] or '0444' for m in re.finditer(r'__ATTR_RO(?:_MODE)?\((\w+)(?:, (0\d+))?\)', listed)}
    listed = re.search(r'features\[\] = \{(.*?)\n\};', text('src', 'features.c'), re.S)[1]
    features = re.findall(r'__ATTR_RO\((\w+)\)', listed)
    entries = same_files('attribute', 'sysfs-firmware-rmi', '/sys/firmware/rmi/',
                         sysfs | {'features': '0444'} | {f'features/{name}': '0444' for name in features})
    same('reference.md has all attributes', sorted(table(reference, 'What')), sorted(sysfs))
    same('reference.md has all features', table(reference, 'Feature'), features)
    words = re.findall(r'^\t\t([a-z-]+) {2,}', entries['/sys/firmware/rmi/reason']['Description'], re.M)
    same('sysfs-firmware-rmi: has all reasons', words, reasons())
    same('reference.md has them too', table(reference, '`reason` | what it means'), reasons())
    same_files('parameter', 'sysfs-module-arm_cca_rmi', PARAMETERS, parameters())
    same('reference.md has all parameters', sorted(table(reference, 'parameter')), sorted(parameters()))
    if os.path.exists(f'{TOP}/src/debugfs.c'):
        debugfs = {m[1]: m[2] for m in re.finditer(r'debugfs_create_file\w*\("(\w+)", (0\d+),', text('src', 'debugfs.c'))}
        same_files('file', 'debugfs-rmi', '/sys/kernel/debug/rmi/', debugfs)
    else:
        skip('debugfs-rmi: an entry for each file, and none else', 'there is no src/debugfs.c yet')
    rc, kernel = run(f'{TOP}/tests/host/kernel', 'source')
    kernel = kernel.splitlines()[-1]
    rc, said = run('perl', f'{kernel}/scripts/get_abi.pl', 'validate', '--dir', f'{TOP}/Documentation/ABI')
    report(rc == 0 and not said, "the kernel's get_abi.pl has nothing to say of the ABI documents", said)
    with tempfile.TemporaryDirectory() as there:
        os.makedirs(f'{there}/testing')
        with open(f'{there}/testing/wrong', 'w', encoding='ascii') as f:
            f.write('What:\t\t/sys/wrong\nDate:\t\tNovember 2026\n')
        said = run('perl', f'{kernel}/scripts/get_abi.pl', 'validate', '--dir', there)[1]
        report("doesn't have a description" in said, 'which it has of one with a mistake', said)


def documents():
    return [os.path.relpath(path, TOP) for path in glob.glob(f'{TOP}/*.md') + glob.glob(f'{TOP}/Documentation/*.md')]


def headings(lines):
    """Those of a page, as links name them"""
    return [re.sub(r'[^\w -]', '', h.lower()).replace(' ', '-') for h in re.findall(r'^#+ (.*)$', lines, re.M)]


def test_documents():
    targets = set(re.search(r'^\.PHONY: ((?:.*\\\n)*.*)$', text('Makefile'), re.M)[1].replace('\\\n', ' ').split())
    wrong, links, commands = [], 0, 0
    for name in documents():
        lines = text(name)
        for link in re.findall(r'\]\(([^)#]+)(?:#[^)]*)?\)', lines):
            links += 1
            if not os.path.exists(os.path.join(TOP, os.path.dirname(name), link)):
                wrong.append(f'{name}: no {link}')
        for link, anchor in re.findall(r'\]\(([^)#]*)#([^)]+)\)', lines):
            page = os.path.join(os.path.dirname(name), link) if link else name
            if anchor not in headings(text(page)):
                wrong.append(f'{name}: {page} has no heading {anchor}')
        for target in re.findall(r'(?:`|^ {4}(?:sudo )?)make ([a-z][a-z-]*)', lines, re.M):
            commands += 1
            if target not in targets:
                wrong.append(f'{name}: no make {target}')
        for path in re.findall(r'`((?:src|tests|include|Documentation)/[\w./-]*\w)(?::[^`]*|/?)`', lines):
            if not os.path.exists(f'{TOP}/{path}'):
                wrong.append(f'{name}: no {path}')
    report(links > 5 and commands > 10 and not wrong, f'{links} links and {commands} make targets of the documents are there', '\n'.join(wrong))
    pages = {os.path.basename(name) for name in documents() if name.startswith('Documentation/')}
    linked = set(re.findall(r'\]\(Documentation/([\w-]+\.md)\)', text('README.md')))
    report(len(text('README.md').splitlines()) <= 150 and linked == pages, 'README is short, and leads to each page', sorted(pages - linked))
    shown = re.findall(r'```\n(.*?)```', text('Documentation', 'fleet.md'), re.S)
    labels, metrics = written(HEALTHY)
    shown = [lines if not EXPIRY.match(lines) else without_expiry(lines) for lines in shown]
    report(labels in shown and metrics in shown, 'fleet.md shows what rmi-fleet writes', f'{labels}\n{metrics}')


def test_htmldoc():
    rc, said = run(f'{TOP}/tests/host/htmldoc')
    pages = os.path.join(TOP, 'build', 'htmldoc')
    wanted = {'abi.html': '/sys/firmware/rmi/available', 'include-arm_cca_rmi.h.html': 'cca_rmi_ensure_range'}
    report(rc == 0 and all(word in text(pages, page) for page, word in wanted.items()), 'make htmldoc renders without a warning', said)


for test in (test_values, test_grammars, test_bad_attributes, test_bad_directories, test_whole, test_expiry, test_remove, test_drafts,
             test_directories, test_into, test_units, test_udev, test_modprobe,
             test_rule, test_install, test_abi, test_documents, test_htmldoc):
    test()
sys.exit(3 if failed else 0)
