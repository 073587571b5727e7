#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""rmi-host over trees of files that stand in for /sys and /proc: what it prints and how it ends. Prints TAP.

    test_rmi_host.py PROGRAM        one that was built for this machine
"""

import json
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tests/host'))
import patience                 # noqa: E402 pylint: disable=wrong-import-position

TOOLS = os.path.join(TOP, 'src/tools')
GB = 1 << 30
NOBODY = 65534
TESTS_FAILED = 3        # the exit status then, and then alone

# What the module of a healthy host of 3 GB says
HEALTHY = {
    'available': '1', 'reason': 'ok', 'detail': '', 'revision': '2.0', 'rmm_state': 'active', 'owner': 'this-module', 'kernel_driver': 'absent', 'proved': 'never',
    'granule_size': '4096',
    'l0gpt_size': '1073741824', 'region_size': '1073741824', 'dialect': 'beta3', 'tracking': 'static',
    'memory_covered': '3221225472', 'memory_donated': '0', 'memory_lost': '0', 'smc_calls': '9',
    'features/granule_sizes': '4096 16384', 'features/ipa_bits': '40',
}
IOMEM = '''\
09000000-09000fff : pl011@9000000
  09000000-09000fff : pl011@9000000
40000000-ffffffff : System RAM
  40210000-4175ffff : Kernel code
  48000000-48ffffff : reserved
4010000000-401fffffff : PCI ECAM
'''
COVERAGE = '''\
0x40000000-0x100000000 online
0x40000000-0x100000000 fine
0x40000000-0x100000000 table
'''
LEGEND = '''
P  tracked, with a table of the platform's
H  tracked, with a table that this host had made
t  with a table, but not all of it is known to be tracked
-  no table is known
.  no RAM
'''

count = failed = 0


def result(good, what, why=''):
    global count, failed
    count += 1
    failed += not good
    if not good:
        print('\n'.join(f'# {line}' for line in str(why).splitlines()))
    print(f'{"ok" if good else "not ok"} {count} tools: {what}', flush=True)


def same(what, found, expected):
    result(found == expected, what, f'found:\n{found}\nexpected:\n{expected}')


class Tree:
    """A root with files of a host, and the program run there."""

    program = None
    place = None            # that everyone may read
    variables = {}          # more of the environment

    def __init__(self, attributes=None, iomem=IOMEM, coverage=COVERAGE):
        self.root = tempfile.mkdtemp(dir=Tree.place)
        os.chmod(self.root, 0o755)
        self.rmi = os.path.join(self.root, 'sys/firmware/rmi')
        if attributes is not None:
            for name, value in (HEALTHY | attributes).items():
                self.write(f'sys/firmware/rmi/{name}', value + '\n')
            self.write('sys/kernel/debug/rmi/coverage', coverage)
            os.chmod(os.path.join(self.rmi, 'detail'), 0o400)
        self.write('proc/iomem', iomem)

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(text.encode() if isinstance(text, str) else text)
        return self

    def remove(self, name):
        os.unlink(os.path.join(self.root, name))
        return self

    def environment(self):
        return os.environ | {'RMI_HOST_ROOT': self.root, 'TZ': 'UTC', 'TERM': 'xterm'} | self.variables

    def run(self, *args, **more):
        p = self.start(*args, **more)
        said, err = p.communicate()
        return p.returncode, said, err

    def run_as_nobody(self, *args):
        # Who isn't root is refused a file that nobody may read
        os.chmod(os.path.join(self.rmi, 'detail'), 0)
        return self.run(*args, **({'user': NOBODY, 'group': NOBODY, 'extra_groups': []} if os.getuid() == 0 else {}))

    def start(self, *args, **more):
        p = subprocess.Popen([Tree.program, *args], env=self.environment(), stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, **more)
        # One that hangs is a failure, however slow the machine is
        patience.Patience(p.pid, lambda why: p.kill())
        return p


def refuses(what, answer, message):
    """Nothing on standard output, one line of error, and 2"""
    status, out, err = answer
    result(status == 2 and not out and re.fullmatch(f'rmi-host: {message}\n', err), what, f'{status}\n{out}{err}')


# ok -------------------------------------------------------------------------------------------------

UNTRACKED = {'available': '0', 'reason': 'not-tracked', 'detail': '0x100000000-0x140000000 none', 'memory_covered': '0'}
NO_RMM = {'available': '0', 'reason': 'no-rmm', 'detail': 'nobody answers RMI_VERSION', 'revision': 'none',
          'rmm_state': 'none', 'granule_size': '0', 'l0gpt_size': '0', 'memory_covered': '0', 'smc_calls': '1'}


HEALTHY_OK = '''\
PASS  the module arm_cca_rmi is loaded
PASS  this kernel is the host itself, and its firmware takes SMCs
PASS  all CPUs have the Realm Management Extension (RME)
PASS  an RMM answers
PASS  RMM and module have a revision in common: RMI 2.0
PASS  the RMM's granules are of the size of this kernel's pages: 4 KB
PASS  the size of the RMM's tracking regions is known
PASS  the RMM does what it is asked to
PASS  there is memory for what the RMM and the module need: 0 bytes lent
PASS  nothing was broken off or given back
PASS  every PAR with RAM has a level 1 table, or can have one
PASS  all RAM is tracked as FINE conventional memory: 3 GB
PASS  no page is lost: the RMM gave back all that it was asked for
SKIP  KVM of this kernel starts Realms (/dev/kvm: No such file or directory)
INFO  the firmware can be updated while the host runs (LFA): no
Realms are available
'''


def instead(text, *pairs):
    """The same with each of some parts replaced, which must be there"""
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def test_ok():
    same('ok: a healthy host', Tree({}).run('ok'), (0, HEALTHY_OK, ''))
    same('ok: a dynamic host with larger pages', Tree(
        {'granule_size': '16384', 'memory_donated': '1179648', 'memory_covered': '3221291008'}).run('ok'), (0, instead(
            HEALTHY_OK, ('4 KB', '16 KB'), ('0 bytes lent', '1.1 MB lent'), ('3 GB', '3.0 GB')), ''))
    untracked = instead(
        HEALTHY_OK, ('PASS  all RAM is tracked as FINE conventional memory: 3 GB\n', '''\
FAIL  all RAM is tracked as FINE conventional memory
      not-tracked: 0x100000000-0x140000000 none
      what helps: have the firmware tell the RMM of all DRAM, or don't put that
      memory online
'''), ('Realms are available', 'Realms are not available: not-tracked'))
    same('ok: a host with untracked memory', Tree(UNTRACKED).run('ok'), (1, untracked, ''))
    same('ok: the same for who is not root', Tree(UNTRACKED).run_as_nobody('ok'), (1, instead(
        untracked, (': 0x100000000-0x140000000 none', ' (the detail is for root alone to read)')), ''))
    same('ok: a host without RMM', Tree(NO_RMM).run('ok'), (1, '''\
PASS  the module arm_cca_rmi is loaded
PASS  this kernel is the host itself, and its firmware takes SMCs
PASS  all CPUs have the Realm Management Extension (RME)
FAIL  an RMM answers
      no-rmm: nobody answers RMI_VERSION
      what helps: install a firmware that has an RMM
SKIP  RMM and module have a revision in common (not reached)
SKIP  the RMM's granules are of the size of this kernel's pages (not reached)
SKIP  the size of the RMM's tracking regions is known (not reached)
SKIP  the RMM does what it is asked to (not reached)
SKIP  there is memory for what the RMM and the module need (not reached)
SKIP  nothing was broken off or given back (not reached)
SKIP  every PAR with RAM has a level 1 table, or can have one (not reached)
SKIP  all RAM is tracked as FINE conventional memory (not reached)
PASS  no page is lost: the RMM gave back all that it was asked for
SKIP  KVM of this kernel starts Realms (/dev/kvm: No such file or directory)
INFO  the firmware can be updated while the host runs (LFA): no
Realms are not available: no-rmm
''', ''))
    same('ok: a host without the module', Tree().run('ok'), (1, '''\
FAIL  the module arm_cca_rmi is loaded
      what helps: install it as its README tells, and `modprobe arm_cca_rmi`;
      see `dmesg`
SKIP  this kernel is the host itself, and its firmware takes SMCs (not reached)
SKIP  all CPUs have the Realm Management Extension (RME) (not reached)
SKIP  an RMM answers (not reached)
SKIP  RMM and module have a revision in common (not reached)
SKIP  the RMM's granules are of the size of this kernel's pages (not reached)
SKIP  the size of the RMM's tracking regions is known (not reached)
SKIP  the RMM does what it is asked to (not reached)
SKIP  there is memory for what the RMM and the module need (not reached)
SKIP  nothing was broken off or given back (not reached)
SKIP  every PAR with RAM has a level 1 table, or can have one (not reached)
SKIP  all RAM is tracked as FINE conventional memory (not reached)
SKIP  no page is lost: the RMM gave back all that it was asked for (not reached)
SKIP  KVM of this kernel starts Realms (/dev/kvm: No such file or directory)
INFO  the firmware can be updated while the host runs (LFA): no
Realms are not available: the module isn't loaded
''', ''))
    status, out, err = Tree({'memory_lost': '8192'}).run('ok')
    same('ok: lost pages fail, but Realms can be had', (status, out.splitlines()[-6:-3] + out.splitlines()[-1:], err), (0, [
        'FAIL  no page is lost: the RMM gave back all that it was asked for but 8 KB',
        '      what helps: reboot; nobody uses these pages until then. It is a bug in the',
        '      RMM',
        'Realms are available'], ''))
    status, out, err = Tree(UNTRACKED | {'memory_lost': '4096'}).run('ok')
    same('ok: lost pages are looked at whatever else failed', (status, out.splitlines()[-6], err), (
        1, 'FAIL  no page is lost: the RMM gave back all that it was asked for but 4 KB', ''))


# What each reason makes of the twelve checks before that of lost pages: Passed, Failed, Skipped (not reached), ? (not known)
NONE = {'revision': 'none', 'rmm_state': 'none', 'granule_size': '0', 'l0gpt_size': '0'}
STARTED = {'revision': 'none', 'rmm_state': 'unknown', 'granule_size': '0', 'l0gpt_size': '0'}
AGREED = STARTED | {'revision': '2.0', 'l0gpt_size': '1073741824'}
CONFIGURED = AGREED | {'rmm_state': 'init', 'granule_size': '4096'}
REASONS = [
    ('crash-kernel', NONE, 'PFSSSSSSSSSSS'),
    ('no-smc-conduit', NONE, 'PFSSSSSSSSSS'),
    ('no-rme', NONE, 'PPFSSSSSSSSS'),
    ('no-rmm', NONE, 'PPPFSSSSSSSS'),
    ('revision', STARTED, 'PPPPFSSSSSSS'),
    ('granule-size', AGREED, 'PPPPPFSSSSSS'),
    ('region-size', {}, 'PPPPPPFSSSSS'),
    ('no-answer', STARTED, 'PPPP???FSSSS'),
    ('no-answer', AGREED, 'PPPPP??FSSSS'),
    ('no-answer', CONFIGURED, 'PPPPPP?FSSSS'),
    ('no-answer', {}, 'PPPPPPPFSSSS'),
    ('blocked', {}, 'PPPPPPPFSSSS'),
    ('unfinished', {}, 'PPPPPPPFSSSS'),
    ('refused', CONFIGURED, 'PPPPPP?FSSSS'),
    ('bad-answer', AGREED, 'PPPPP??FSSSS'),
    ('no-memory', AGREED, 'PPPPP???FSSS'),
    ('no-memory', {}, 'PPPPPPPPFSSS'),
    ('released', CONFIGURED, 'PPPPPPPPPFSS'),
    ('interrupted', {}, 'PPPPPPPPPFSS'),
    ('no-gpt', {}, 'PPPPPPPPPPFS'),
    ('not-tracked', {}, 'PPPPPPPPPPPF'),
    ('not-fine', {}, 'PPPPPPPPPPPF'),
    ('not-conventional', {}, 'PPPPPPPPPPPF'),
]


def reasons_of_module():
    """The words, as the module's source has them: none may be left out here, or in rmi-host"""
    with open(os.path.join(TOP, 'src/verdict.c'), encoding='utf-8') as f:
        return set(re.findall(r'\[REASON_\w+\]\s*= \{ "([a-z-]+)"', f.read()))


def test_reasons():
    same('ok: every reason of the module is tried', reasons_of_module() - {'ok'}, {word for word, _, _ in REASONS})
    for word, attributes, expected in REASONS:
        status, out, err = Tree(attributes | {'available': '0', 'reason': word, 'detail': 'RMI_THING 0x40000000: so'}).run('ok')
        found = ''.join('?' if line.endswith(' (not known)') else line[0] for line in out.splitlines() if line[:4] in ('PASS', 'FAIL', 'SKIP'))
        after = out.partition('\nFAIL')[2].splitlines() + [''] * 3
        good = (status == 1 and not err and found == expected + 'PS' and after[1] == f'      {word}: RMI_THING 0x40000000: so' and
                re.match(r'      what helps: [a-z]', after[2]) and max(map(len, out.splitlines())) <= 80 and
                out.endswith(f'\nRealms are not available: {word}\n'))
        result(good, f'ok: {word}, RMM {attributes.get("rmm_state", "active")}, revision {attributes.get("revision", "2.0")}',
               f'{status} {found}\n{out}{err}')
    status, out, err = Tree(NONE | {'available': '0', 'reason': 'crash-kernel', 'detail': 'so'}).run('ok')
    same('ok: a kernel that takes a dump', (status, out.splitlines()[:7], err), (1, [
        'PASS  the module arm_cca_rmi is loaded',
        "FAIL  this kernel isn't one that only takes the dump of another",
        '      crash-kernel: so',
        '      what helps: nothing: it ends with the dump; take that by makedumpfile,',
        '      since cp reads lent pages',
        'SKIP  this kernel is the host itself, and its firmware takes SMCs (not reached)',
        'SKIP  all CPUs have the Realm Management Extension (RME) (not reached)'], ''))
    status, out, err = Tree({'available': '0', 'reason': 'moon-phase', 'detail': 'full'}).run('ok')
    same('ok: a reason that only newer modules know', (status, out.splitlines()[6:12], err), (1, [
        "PASS  the size of the RMM's tracking regions is known",
        "FAIL  the module's reason is one that this rmi-host knows",
        '      moon-phase: full',
        '      what helps: this rmi-host is older than the module, whose reference.md',
        '      tells what it means',
        'SKIP  the RMM does what it is asked to (not reached)'], ''))


# As the kernel's KVM would answer: $KVM_SAYS has the errno for machines of each type, "0:0 0x128:22", or else EINVAL; and for
# capability 165 the bits of addresses. Notes what it is asked, and what is left open, in $KVM_LOG.
KVM = r'''
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int opened[16], nr;

static void note(const char *format, ...)
{
	FILE *f = fopen(getenv("KVM_LOG"), "a");
	va_list args;

	va_start(args, format);
	vfprintf(f, format, args);
	fclose(f);
}

int ioctl(int fd, unsigned long request, ...)
{
	const char *at = getenv("KVM_SAYS");
	unsigned long argument, type;
	va_list args;
	int error, used, answer = EINVAL;

	va_start(args, request);
	argument = va_arg(args, unsigned long);
	if (fcntl(fd, F_GETFD) < 0)
		note("no descriptor\n");
	if (request == 0xAE03)
		return argument == 165 ? atoi(getenv("KVM_BITS")) : 0;
	if (request != 0xAE01) {
		note("request %lx\n", request);
		return -1;
	}
	note("make %#lx\n", argument);
	for (; sscanf(at, "%li:%d%n", (long *)&type, &error, &used) == 2; at += used)
		if (type == argument)
			answer = error;
	errno = answer;
	if (answer)
		return -1;
	return opened[nr++] = open("/dev/null", O_RDONLY);
}

__attribute__((destructor)) static void look(void)
{
	while (nr--)
		if (fcntl(opened[nr], F_GETFD) >= 0)
			note("left open\n");
}
'''


def test_kvm():
    library = os.path.join(Tree.place, 'kvm.so')
    subprocess.run(['gcc', '-shared', '-fPIC', '-o', library, '-x', 'c', '-'], input=KVM, text=True, check=True)
    log = os.path.join(Tree.place, 'kvm.log')

    def ask(says, bits='48', attributes=None, **files):
        """The line, the exit status, and what KVM was asked"""
        tree = Tree(attributes or {})
        tree.write('dev/kvm', '')
        for name, content in files.items():
            tree.write(name.replace('__', '/'), content)
        with open(log, 'w', encoding='utf-8'):
            pass
        tree.variables = {'LD_PRELOAD': library, 'ASAN_OPTIONS': 'verify_asan_link_order=0', 'KVM_SAYS': says, 'KVM_BITS': bits,
                          'KVM_LOG': log}
        status, out, err = tree.run('ok')
        with open(log, encoding='utf-8') as f:
            return [l for l in out.replace('\n      ', ' ').splitlines() if ' KVM ' in l], status, err, f.read().splitlines()

    what = 'KVM of this kernel starts Realms'
    both = ['make 0', 'make 0x128']
    parameter = {'sys__module__kvm__parameters__kvm_cap_arm_rmi': '300\n'}
    same('kvm: it does', ask('0:0 0x128:0'), ([f'PASS  {what}: yes'], 0, '', both))
    same('kvm: it does, and some kernels have a number', ask('0:0 0x128:0', **parameter), ([f'PASS  {what}: yes, capability 300'], 0, '', both))
    same('kvm: it can, but not now', ask('0:0 0x128:1', **parameter), (
        [f"INFO  {what}: it can, but they aren't available to it now"], 0, '', both))
    same('kvm: it knows no such type', ask('0:0', **parameter), ([f'INFO  {what}: no, or not now'], 0, '', both))
    same('kvm: it has no memory', ask('0:0 0x128:12'), ([f'INFO  {what}: not now (Cannot allocate memory)'], 0, '', both))
    same('kvm: it makes no machine at all', ask('0:12'), (
        [f'INFO  {what}: no, nor any other machine (Cannot allocate memory)'], 0, '', ['make 0']))
    same('kvm: no more bits than it allows', ask('0:0 0x124:0', '36')[3], ['make 0', 'make 0x124'])
    same('kvm: no more bits than the RMM allows', ask('0:0 0x122:0', '52', {'features/ipa_bits': '34'})[3], ['make 0', 'make 0x122'])
    same('kvm: one that has no such capability', ask('0:0 0x128:0', '0')[3], both)
    same('kvm: asked as well where the RMM is not', ask('0:0 0x128:1', attributes=NO_RMM)[1:], (1, '', both))
    tree = Tree({}).write('dev/kvm', '').write('sys/firmware/lfa/x', '')
    os.chmod(os.path.join(tree.root, 'dev/kvm'), 0)
    out = tree.run_as_nobody('ok')[1]
    result(f'\nSKIP  {what} (/dev/kvm: Permission denied)\n' in out, 'kvm: who has no right to ask', out)
    result('\nINFO  the firmware can be updated while the host runs (LFA): yes\n' in out, 'ok: live firmware activation', out)


def test_kernel_driver():
    for word, said in (
            ('absent', ''),
            ('available', """\
INFO  this kernel's own driver has the RMM, for its KVM: arm_cca_rmi looks, and
      changes nothing
"""), ('gave-up', """\
INFO  this kernel's own driver gave up at boot: its KVM starts no Realms until
      it is rebooted on firmware with static memory
"""), ('stuck', """\
INFO  this kernel's own driver gave up at boot, and the RMM stayed active: no
      kexec, no hibernation, and its KVM starts no Realms until it is rebooted
      on newer firmware
"""), ('resting', "INFO  this kernel's own driver: resting\n")):
        status, out, err = Tree({'kernel_driver': word}).run('ok')
        expected = HEALTHY_OK.replace('SKIP  KVM', said + 'SKIP  KVM')
        same(f"ok: the kernel's own driver: {word}", (status, out, err), (0, expected, ''))


# map ------------------------------------------------------------------------------------------------

def test_map():
    same('map: platform tables', Tree({}).run('map'), (0, f'''\
Physical memory by PARs of 1 GB

0x40000000-0x100000000      3 GB  PPP
{LEGEND}
3 GB covered, 0 bytes lent to the RMM: Realms are available
''', ''))
    dynamic = Tree({'memory_covered': '8589934592', 'memory_donated': '1179648'}, '''\
40000000-7fffffff : System RAM
80000000-bfffffff : System RAM
c0100000-23fffffff : System RAM
  c0100000-c01fffff : reserved
800000000-bffffffff : virtio0
  800000000-81fffffff : System RAM (virtio_mem)
''', '''\
0x40000000-0xc0000000 online
0xc0100000-0x240000000 online
0x800000000-0x820000000 online
0x40000000-0x240000000 fine
0x800000000-0x810000000 fine
0x40000000-0x80000000 fine-host
0x40000000-0x200000000 table
0x800000000-0x840000000 table
0x80000000-0xc0000000 table-host
0xc0000000-0x100000000 table-host
0xc0000000-0x100000000 of-a-later-version
''')
    same('map: tables of platform and host, coarse and unknown memory, holes', dynamic.run('map'), (0, f'''\
Physical memory by PARs of 1 GB

0x40000000-0xc0000000        2 GB  PH
0xc0100000-0x240000000     5.9 GB  HPPPP-
0x240000000-0x800000000     23 GB  .......................
0x800000000-0x820000000    512 MB  t
{LEGEND}
8 GB covered, 1.1 MB lent to the RMM: Realms are available
''', ''))
    same('map: a host with untracked memory', Tree(UNTRACKED, '40000000-13fffffff : System RAM\n', '''\
0x40000000-0x100000000 fine
0x40000000-0x140000000 table
''').run('map'), (0, f'''\
Physical memory by PARs of 1 GB

0x40000000-0x140000000      4 GB  PPPt
{LEGEND}
Realms are not available: not-tracked
''', ''))
    same('map: a host without RMM', Tree(NO_RMM, coverage='').run('map'), (0, f'''\
Physical memory by the GB: no RMM told the size of a PAR

0x40000000-0x100000000      3 GB  ---
{LEGEND}
Realms are not available: no-rmm
''', ''))
    same('map: PARs of 512 GB', Tree({'l0gpt_size': str(512 * GB)}, coverage='''\
0x40000000-0x100000000 fine
0x0-0x8000000000 table-host
''').run('map')[1].splitlines()[:3], ['Physical memory by PARs of 512 GB', '', '0x40000000-0x100000000      3 GB  H'])
    # Longer than a line, but not by so much that it were summed up
    same('map: a long range goes on in the next lines', Tree({}, '40000000-183fffffff : System RAM\n', '''\
0x40000000-0x1840000000 fine
0x40000000-0x1840000000 table
0x1000000000-0x1040000000 table-host
''').run('map')[1].splitlines()[2:6], [
        '0x40000000-0x1840000000     96 GB  ' + 32 * 'P',
        '  0x840000000                      ' + 31 * 'P' + 'H',
        '  0x1040000000                     ' + 32 * 'P',
        ''])
    huge = Tree({'memory_covered': str(64 << 40)}, '''\
80000000-ffffffff : System RAM
8080000000-407fffffffff : System RAM
8000000000000-fffffffffffff : System RAM
''', '''\
0x80000000-0x100000000 fine
0x8080000000-0x10000000000 fine
0x10000000000-0x407000000000 fine
0x80000000-0x100000000 table
0x8080000000-0x408000000000 table
0x20000000000-0x30000000000 table-host
''').run('map')
    same('map: terabytes', huge, (0, f'''\
Physical memory by PARs of 1 GB

0x80000000-0x100000000                2 GB  PP
0x100000000-0x8080000000            510 GB  {32 * '.'}
  0x900000000                               . x 478
0x8080000000-0x408000000000        63.9 TB  {32 * 'P'}
  0x8880000000                              P x 1502
  0x20000000000                             {32 * 'H'}
  0x20800000000                             H x 992
  0x30000000000                             {32 * 'P'}
  0x30800000000                             P x 62880
  0x407000000000                            {32 * 't'}
  0x407800000000                            {32 * 't'}
0x408000000000-0x8000000000000      1.9 PB  {32 * '.'}
  0x408800000000                            . x 2031072
0x8000000000000-0x10000000000000      2 PB  {32 * '-'}
  0x8000800000000                           - x 2097120
{LEGEND}
64 TB covered, 0 bytes lent to the RMM: Realms are available
''', ''))
    result(max(map(len, huge[1].splitlines())) <= 80, 'map: at most 80 columns', huge[1])
    refuses('map: the module is not loaded', Tree().run('map'), r"the module arm_cca_rmi isn't loaded .*: see rmi-host ok")
    refuses('map: addresses are hidden from who is not root', Tree({}, '''\
00000000-00000000 : System RAM
  00000000-00000000 : Kernel code
''').run('map'), '.*/proc/iomem shows addresses to root alone')
    refuses('map: no debugfs', Tree({}).remove('sys/kernel/debug/rmi/coverage').run('map'),
            r'/sys/kernel/debug/rmi/coverage \(is debugfs mounted\?\): No such file or directory')
    refuses('map: no iomem', Tree({}).remove('proc/iomem').run('map'), '/proc/iomem: No such file or directory')
    refuses('map: no RAM', Tree({}, '0-ffff : PCI Bus 0000:00\n').run('map'), 'no System RAM in /proc/iomem')


def test_map_garbage():
    for text in ('40000000 : System RAM\n', '40000000-zz : System RAM\n', '-40000000-7fffffff : System RAM\n',
                 '0x40000000-0x7fffffff : System RAM\n', '40000000-7fffffff:System RAM\n', '7fffffff-40000000 : System RAM\n',
                 '40000000-1fffffffffffff : System RAM\n', '40000000-ffffffffffffffffffff : System RAM\n', '\n', '\0\n',
                 'x' * 1000 + '\n'):
        refuses(f'map: iomem with {text[:45]!r}', Tree({}, IOMEM + text).run('map'), r'.*/proc/iomem:7: no .*')
    for text in ('0x40000000-0x80000000\n', '0x40000000-0x80000000 \n', '40000000-80000000 fine\n', '0x80000000-0x80000000 fine\n',
                 '0x80000000-0x40000000 fine\n', '0x40000000-0x10000000000000000 fine\n', '0x-0x80000000 table\n',
                 '0x0x4-0x80000000 table\n', '0x40000000 - 0x80000000 table\n', 'fine\n', '\n', '\0\n', 'x' * 300 + '\n'):
        refuses(f'map: coverage with {text[:45]!r}', Tree({}, coverage=COVERAGE + text).run('map'), '.*/coverage:4: no .*')
    for size in (4096, GB // 2, 3 * GB, 1024 * GB):
        refuses(f'map: PARs of {size} bytes', Tree({'l0gpt_size': str(size)}).run('map'), '.*/l0gpt_size makes no sense')


def terminal(tree, **environment):
    """What comes out of `map` on a terminal"""
    here, there = pty.openpty()
    with subprocess.Popen([Tree.program, 'map'], env=tree.environment() | environment, stdout=there) as p:
        os.close(there)
        out = b''
        try:
            while more := os.read(here, 4096):
                out += more
        except OSError:         # the other end is closed
            pass
    os.close(here)
    return p.returncode, out.decode()


def test_colours():
    status, out = terminal(Tree({}))
    result(status == 0 and '\033[30;42mPPP\033[0m\r\n' in out, 'map: in colour on a terminal', repr(out))
    plain = Tree({}).run('map')[1]
    for name, value in (('NO_COLOR', '1'), ('TERM', 'dumb')):
        same(f'map: plain with {name}={value}', terminal(Tree({}), **{name: value}), (0, plain.replace('\n', '\r\n')))
    same('map: an empty NO_COLOR is none', terminal(Tree({}), NO_COLOR=''), (status, out))


def test_svg():
    tree = Tree({'memory_covered': str(5 * GB)}, '40000000-ffffffff : System RAM\n200000000-183fffffff : System RAM\n',
                COVERAGE + '0x200000000-0x1800000000 table-host\n')
    pictures = os.path.join(tree.root, 'pictures')
    os.mkdir(pictures)
    path = os.path.join(pictures, 'map.svg')
    same('map --svg: it is silent', tree.run('map', '--svg', path), (0, '', ''))
    same('map --svg: nothing else is left', os.listdir(pictures), ['map.svg'])
    mask = os.umask(0)
    os.umask(mask)
    same('map --svg: with the mode of an ordinary file', stat.S_IMODE(os.stat(path).st_mode), 0o666 & ~mask)
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except xml.etree.ElementTree.ParseError as e:
        result(False, 'map --svg: it is well-formed', e)
        return
    result(True, 'map --svg: it is well-formed')
    ns = root.tag.removesuffix('svg')
    result(ns.endswith('/2000/svg}'), 'map --svg: it is SVG', root.tag)
    texts = [e.text for e in root.iter(ns + 'text')]
    same('map --svg: what is written there', texts, [
        'Physical memory by PARs of 1 GB', '0x40000000-0x100000000', '3 GB', '0x100000000-0x200000000', '4 GB',
        '0x200000000-0x1840000000', '89 GB', '  0xa00000000', '  0x1200000000',
        "tracked, with a table of the platform's", 'tracked, with a table that this host had made',
        'with a table, but not all of it is known to be tracked', 'no table is known', 'no RAM',
        '5 GB covered, 0 bytes lent to the RMM: Realms are available'])
    # Squares of each kind, one of which is in the legend
    squares = {}
    for group in root.iter(ns + 'g'):
        squares[group.find(ns + 'title').text] = (squares.get(group.find(ns + 'title').text, 0) +
                                                  group.find(ns + 'path').attrib['d'].count('M'))
    same('map --svg: its squares', squares, {
        "tracked, with a table of the platform's": 4, 'tracked, with a table that this host had made': 1,
        'with a table, but not all of it is known to be tracked': 89, 'no table is known': 2, 'no RAM': 5})
    height, width = float(root.attrib['height']), float(root.attrib['width'])
    inside = all(float(e.attrib['y']) < height and float(e.attrib['x']) < width for e in root.iter(ns + 'text'))
    result(inside, 'map --svg: all is inside', root.attrib)
    refuses('map --svg: no such directory', tree.run('map', '--svg', pictures + '/none/map.svg'), '.*: No such file or directory')
    refuses('map --svg: a directory has that name', tree.run('map', '--svg', pictures), '.*: Is a directory')
    same('map --svg: and nothing is left', (sorted(os.listdir(tree.root)), os.listdir(pictures)),
         (['pictures', 'proc', 'sys'], ['map.svg']))
    test_svg_into(tree, pictures, path)
    tree.write('proc/iomem', 'nonsense\n')
    before = os.stat(path).st_ino
    refuses('map --svg: what makes no sense', tree.run('map', '--svg', path), '.*/iomem:1: no range of memory')
    same('map --svg: leaves what was there', os.stat(path).st_ino, before)


def test_svg_into(tree, pictures, path):
    """What is there already and isn't a regular file stays what it is"""
    with open(path, encoding='utf-8') as f:
        picture = f.read()

    def there(name):
        return os.path.join(pictures, name)

    def content(name):
        with open(there(name), encoding='utf-8') as f:
            return f.read()

    os.mkfifo(there('fifo'))
    with subprocess.Popen(['cat', there('fifo')], stdout=subprocess.PIPE, text=True) as cat:
        answer = tree.run('map', '--svg', there('fifo'))
        still = stat.S_ISFIFO(os.lstat(there('fifo')).st_mode)
        if not still:
            cat.kill()
        same('map --svg: into a FIFO', (answer, still, cat.stdout.read() == picture), ((0, '', ''), True, True))
    os.unlink(there('fifo'))

    os.symlink('/dev/full', there('full'))
    refuses('map --svg: what can not be written', tree.run('map', '--svg', there('full')), '.*/full: No space left on device')
    os.symlink('/dev/null', there('null'))
    same('map --svg: into a device', tree.run('map', '--svg', there('null')), (0, '', ''))
    os.symlink('/proc/self/fd/1', there('stdout'))
    same('map --svg: into standard output, a pipe', tree.run('map', '--svg', there('stdout')), (0, picture, ''))
    with open(there('all'), 'w', encoding='utf-8') as f:
        f.write('before\n')
        f.flush()
        p = subprocess.run([Tree.program, 'map', '--svg', there('stdout')], env=tree.environment(), stdout=f, check=False)
    same('map --svg: into standard output, a file that goes on', (p.returncode, content('all')), (0, f'before\n{picture}'))
    same('map --svg: links stay links', [os.path.islink(there(name)) for name in ('full', 'null', 'stdout')], [True] * 3)
    for name in ('full', 'null', 'stdout', 'all'):
        os.unlink(there(name))

    os.mkdir(there('deep'))
    os.symlink('deep/first', there('link'))
    os.symlink('second', there('deep/first'))
    for what in ('to nothing yet', 'to a file'):
        same(f'map --svg: a link to a link {what}', (
            tree.run('map', '--svg', there('link')), os.readlink(there('link')), os.readlink(there('deep/first')),
            content('deep/second') == picture, sorted(os.listdir(there('deep')))),
             ((0, '', ''), 'deep/first', 'second', True, ['first', 'second']))
        with open(there('deep/second'), 'w', encoding='utf-8') as f:
            f.write('older\n')
    os.unlink(there('link'))
    shutil.rmtree(there('deep'))
    os.symlink('loop', there('loop'))
    refuses('map --svg: a link to itself', tree.run('map', '--svg', there('loop')), '.*/loop: Too many levels of symbolic links')
    os.unlink(there('loop'))
    same('map --svg: nothing else is left', os.listdir(pictures), ['map.svg'])


# show -----------------------------------------------------------------------------------------------

def test_show():
    same('show', Tree(UNTRACKED).run('show'), (0, '''\
available       0
reason          not-tracked
detail          0x100000000-0x140000000 none
revision        2.0
rmm_state       active
owner           this-module
kernel_driver   absent
proved          never
granule_size    4096
l0gpt_size      1073741824
region_size     1073741824
dialect         beta3
tracking        static
memory_covered  0
memory_donated  0
memory_lost     0
smc_calls       9
features/granule_sizes 4096 16384
features/ipa_bits 40
''', ''))
    status, out, err = Tree({}).run('show', '--json')
    same('show --json', (status, json.loads(out), err), (0, {
        'available': 1, 'reason': 'ok', 'detail': '', 'revision': '2.0', 'rmm_state': 'active', 'owner': 'this-module', 'kernel_driver': 'absent', 'proved': 'never',
        'granule_size': 4096, 'l0gpt_size': 1073741824, 'region_size': 1073741824, 'dialect': 'beta3', 'tracking': 'static', 'memory_covered': 3221225472,
        'memory_donated': 0, 'memory_lost': 0, 'smc_calls': 9, 'features': {'granule_sizes': '4096 16384', 'ipa_bits': 40}}, ''))
    test_older()
    status, out, err = Tree(UNTRACKED | {'detail': 'a "b" \\ c', 'smc_calls': str(2**64 - 1)}).run('show', '--json')
    same('show --json: quotes and large numbers', (status, json.loads(out)['detail'], json.loads(out)['smc_calls'], err), (
        0, 'a "b" \\ c', 18446744073709551615, ''))
    status, out, err = Tree(UNTRACKED).run_as_nobody('show', '--json')
    same('show --json: no detail for who is not root', (status, json.loads(out)['detail'], err), (0, None, ''))
    status, out, err = Tree(UNTRACKED).run_as_nobody('show')
    same('show: the same', (status, out.splitlines()[2], err), (0, 'detail', 'rmi-host: detail can be read by root alone\n'))
    refuses('show: the module is not loaded', Tree().run('show'), r"the module arm_cca_rmi isn't loaded .*: see rmi-host ok")
    with open('/dev/full', 'w', encoding='utf-8') as full:
        p = subprocess.run([Tree.program, 'show'], env=Tree({}).environment(), stdout=full, stderr=subprocess.PIPE, check=False)
    same('show: what can not be written', (p.returncode, p.stderr), (2, b'rmi-host: standard output: No space left on device\n'))


def test_older():
    """What a module of before these files says, and what one of after this program"""
    later = ('owner', 'kernel_driver', 'proved', 'region_size', 'dialect', 'tracking')
    older = Tree({})
    for name in later:
        older.remove(f'sys/firmware/rmi/{name}')
    shutil.rmtree(os.path.join(older.rmi, 'features'))
    status, out, err = older.run('show', '--json')
    same('show --json: an older module', (status, sorted(json.loads(out)), err), (0, sorted(
        name for name in HEALTHY if name not in later and not name.startswith('features/')), ''))
    status, out, err = older.run('show')
    same('show: the same', (status, [line.split()[0] for line in out.splitlines()], err), (0, [
        name for name in HEALTHY if name not in later and not name.startswith('features/')], ''))
    same('ok: the same', older.run('ok'), (0, HEALTHY_OK, ''))
    newer = Tree({'features/tea': 'with "milk"', 'features/Odd-Name': '1', 'brand_new': '7'})
    status, out, err = newer.run('show', '--json')
    same('show --json: a newer module', (status, json.loads(out)['features'], 'brand_new' in out, err), (
        0, {'granule_sizes': '4096 16384', 'ipa_bits': 40, 'tea': 'with "milk"'}, False, ''))
    refuses('show: a feature that makes no sense', Tree({'features/ipa_bits': '\033[2J'}).run('show'), '.*/rmi/features makes no sense')


def test_garbage():
    for name, value in (('available', '2'), ('available', '-1'), ('available', ''), ('available', 'yes'), ('available', '1 1'),
                        ('available', '0x1'), ('granule_size', '4k'), ('granule_size', ' 4096'), ('granule_size', '+4096'),
                        ('memory_covered', '18446744073709551616'), ('memory_lost', '-4096'), ('smc_calls', '1\n1'),
                        ('reason', ''), ('reason', 'not tracked'), ('reason', 'OK'), ('reason', '\033[2J'), ('revision', '2.0\0'),
                        ('rmm_state', 'active\n\n'), ('detail', 'a\033[31mb'), ('detail', '\x80')):
        for command in ('ok', 'show'):
            refuses(f'{command}: {name} with {value!r}', Tree({name: value}).run(command), f'.*/sys/firmware/rmi/{name} makes no sense')
    refuses('ok: reason is too long', Tree({'reason': 'x' * 5000}).run('ok'), '.*/reason: File too large')
    for command in ('ok', 'show', 'map'):
        refuses(f'{command}: an attribute is missing', Tree({}).remove('sys/firmware/rmi/revision').run(command),
                '.*/revision: No such file or directory')
    for available, reason in (('1', 'no-rmm'), ('0', 'ok')):
        refuses(f'ok: available={available}, reason={reason}', Tree({'available': available, 'reason': reason}).run('ok'),
                f'.*: available is {available}, but reason is {reason}')
    tree = Tree()
    tree.write('sys/firmware', '')
    refuses('ok: no directory where one must be', tree.run('ok'), '.*/sys/firmware/rmi: Not a directory')
    tree.root = 'x' * 5000
    refuses('ok: RMI_HOST_ROOT is too long', tree.run('ok'), 'RMI_HOST_ROOT is too long')


# watch ----------------------------------------------------------------------------------------------

def words(line):
    """A line without its time, which must be one"""
    m = re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000 (.*)\n', line)
    return m[1] if m else f'no time: {line!r}'


def replace(tree, **attributes):
    """Several at once, as the module does it: by another directory"""
    new = tree.rmi + '.new'
    shutil.copytree(tree.rmi, new)
    for name, value in attributes.items():
        with open(os.path.join(new, name), 'w', encoding='utf-8') as f:
            f.write(value + '\n')
    os.rename(tree.rmi, tree.rmi + '.old')
    os.rename(new, tree.rmi)
    shutil.rmtree(tree.rmi + '.old')


def test_watch():
    tree = Tree({})
    p = tree.start('watch')
    same('watch: now', words(p.stdout.readline()), '1 ok')
    shutil.rmtree(tree.rmi)
    same('watch: the module goes', words(p.stdout.readline()), '0 not-loaded')
    back = Tree(UNTRACKED)
    os.rename(back.rmi, tree.rmi)
    same('watch: the module comes back', words(p.stdout.readline()), '0 not-tracked')
    replace(tree, reason='no-gpt')
    # Between the two renames there is no module either
    line = words(p.stdout.readline())
    if line == '0 not-loaded':
        line = words(p.stdout.readline())
    same('watch: another reason', line, '0 no-gpt')
    time.sleep(1.5)
    p.send_signal(signal.SIGINT)
    same('watch: SIGINT ends it, and nothing was said twice', (p.wait(), *p.communicate()), (0, '', ''))

    tree = Tree()
    p = tree.start('watch', '--once')
    same('watch --once: now', words(p.stdout.readline()), '0 not-loaded')
    back = Tree({})
    os.mkdir(os.path.join(tree.root, 'sys'))
    os.rename(os.path.join(back.root, 'sys/firmware'), os.path.join(tree.root, 'sys/firmware'))
    same('watch --once: the next change, and the end', (words(p.stdout.readline()), p.wait(), *p.communicate()), ('1 ok', 0, '', ''))

    p = Tree({}).start('watch', '--once')
    p.stdout.readline()
    p.send_signal(signal.SIGTERM)
    same('watch --once: a signal before a change', (p.wait(), *p.communicate()), (1, '', ''))
    tree = Tree({})
    p = tree.start('watch')
    p.stdout.readline()
    tree.write('sys/firmware/rmi/smc_calls', 'many\n')
    same('watch: what makes no sense ends it', p.wait(), 2)
    p.communicate()


# prove ----------------------------------------------------------------------------------------------

READ = 63 if os.uname().machine == 'aarch64' else 0      # the system call's number
MEASUREMENT = 'f2bb19b395dc552a1cf16fa4c2c22b4a241599ccb284b4b8e51608e22579659b'
PROOF = f'''PASS: a Realm is made of 9 granules, 1 of them RECs
PASS: the Realm runs on CPU 0
PASS: its measurement is {MEASUREMENT}, as predicted (RIPAS isn't measured)
PASS: all its granules are back
'''
PROVED = f'''PASS  a Realm is made of 9 granules, 1 of them RECs
PASS  the Realm runs on CPU 0
PASS  its measurement is
      {MEASUREMENT}, as
      predicted (RIPAS isn't measured)
PASS  all its granules are back
Realms run here: 1 of 1 rounds
'''
MODPROBE = '''#!/bin/sh
echo "modprobe $*" >>"$RMI_HOST_ROOT/log"
case $1 in
-q) [ ! -e "$RMI_HOST_ROOT/prepared" ] || mv "$RMI_HOST_ROOT/prepared" "$RMI_HOST_ROOT/dev/arm_cca_prove" ;;
-rq) [ ! -e "$RMI_HOST_ROOT/stays" ] && rm "$RMI_HOST_ROOT/dev/arm_cca_prove" ;;
esac
'''


def prover(report, request='cpus all\n', loaded=True):
    """A file in the device's place: what is written to it goes before what is read"""
    tree = Tree({})
    tree.write('bin/modprobe', MODPROBE).write('log', '').write('dev/null', '')
    os.chmod(os.path.join(tree.root, 'bin/modprobe'), 0o755)
    tree.write('dev/arm_cca_prove' if loaded else 'prepared', '?' * len(request) + report)
    tree.variables = {'PATH': os.path.join(tree.root, 'bin') + ':' + os.environ['PATH']}
    return tree


def read_wchan(pid):
    """Does it sleep in a read of its own? Then the child that loads is gone."""
    with open(f'/proc/{pid}/syscall', encoding='ascii') as f:
        return f.read().startswith(f'{READ} ')


def read(tree, name):
    with open(os.path.join(tree.root, name), encoding='ascii') as f:
        return f.read()


def test_prove():
    tree = prover(PROOF)
    same('prove: a proof that passes', tree.run('prove'), (0, PROVED, ''))
    same('prove: what it asks for', read(tree, 'dev/arm_cca_prove')[:9], 'cpus all\n')
    same('prove: a module that is there stays', read(tree, 'log'), '')
    tree = prover(PROOF, loaded=False)
    same('prove: it loads the module', tree.run('prove'), (0, PROVED, ''))
    same('prove: and unloads it', read(tree, 'log'), 'modprobe -q arm_cca_prove\nmodprobe -rq arm_cca_prove\n')
    tree = prover(PROOF, loaded=False).write('stays', '')
    same('prove: a module that stays', tree.run('prove'),
         (0, PROVED, 'rmi-host: the module arm_cca_prove stays loaded: see `dmesg`\n'))
    tree = prover(PROOF, loaded=False).remove('prepared')
    refuses('prove: a module that there isn\'t', tree.run('prove'), 'the module arm_cca_prove can\'t be loaded: .*')
    tree = prover(PROOF, 'cpus 1-2,7\n')
    same('prove: some CPUs', tree.run('prove', '--cpus', '1-2,7'), (0, PROVED, ''))
    same('prove: that is what it asks for', read(tree, 'dev/arm_cca_prove')[:11], 'cpus 1-2,7\n')
    status, out, err = prover(PROOF).run('prove', '--rounds', '3')
    same('prove: three rounds', (status, out, err), (0, instead(PROVED, ('1 of 1', '3 of 3')), ''))
    status, out, err = prover(PROOF).run('prove', '--rounds', '2', '--json')
    steps = [{'round': n, 'result': line[:4], 'step': line[6:]} for n in (1, 2) for line in PROOF.splitlines()]
    same('prove: JSON', (status, json.loads(out), err),
         (0, {'steps': steps, 'rounds': 2, 'passed': 8, 'failed': 0, 'skipped': 0, 'proved': True}, ''))
    helps = (('FAIL: the Realm runs: nothing for 1000 ms', 'FAIL  the Realm runs: nothing for 1000 ms\n      what helps: it is a bug in the RMM or '
              'the firmware: tell those who made it\n', 1, 0),
             ('SKIP: this RMM has no Realms', 'SKIP  this RMM has no Realms\n      what helps: install an RMM that has them\n', 0, 1),
             ('SKIP: this RMM has no hash that is known: 0', '      what helps: install an RMM that measures by SHA-2\n', 0, 1),
             ('SKIP: a Realm is made: error -12', '      what helps: try again: what stopped it says nothing about Realms\n', 0, 1),
             ('FAIL: its measurement is 00, not 01', '      what helps: the RMM measures in another way: compare with its\n', 1, 0),
             ('FAIL: its granules come back: x', '      what helps: the module tries again with the next proof; else reboot\n', 1, 0))
    for line, text, failed_steps, skipped in helps:
        status, out, err = prover(PROOF + line + '\n').run('prove')
        result(status == 1 and text in out and not err and out.endswith(
            f"It isn't proved that Realms run here: {failed_steps} failed, {skipped} skipped, 1 of 1 rounds\n"), f'prove: {line}', out + err)
        status, out, err = prover(line + '\n').run('prove', '--rounds', '2')
        result(status == 1 and f'{line[:4]}  round 2: {line[6:12]}' in out, f'prove: {line}, of the second round', out + err)
        status, out, err = prover(PROOF + line + '\n').run('prove', '--json')
        result(status == 1 and not json.loads(out)['proved'], f'prove: {line}, as JSON', out + err)
    status, out, err = prover('').run('prove')
    same('prove: a report of nothing', (status, out, err),
         (1, "It isn't proved that Realms run here: 0 failed, 0 skipped, 1 of 1 rounds\n", ''))
    status, out, err = prover('INFO: left out, since they are isolated: CPUs 3\n' + PROOF).run('prove')
    result(status == 0 and out.startswith('INFO  left out, since they are isolated: CPUs 3\nPASS'), 'prove: CPUs that are left out', out)
    for garbage in ('PASS', 'PASSED: x', 'x: y'):
        status, out, err = prover(garbage + '\n', loaded=False).run('prove')
        result(status == 2 and 'no line of a report' in err, f'prove: {garbage!r} is no report', err)
    # A FIFO gives back the request, which is no report, and then nothing, until a signal comes
    for number in signal.SIGINT, signal.SIGTERM:
        tree = prover('').remove('dev/arm_cca_prove')
        os.mkfifo(os.path.join(tree.root, 'prepared'))
        p = tree.start('prove', '--rounds', '5')
        while not os.path.exists(os.path.join(tree.root, 'dev/arm_cca_prove')):
            time.sleep(0.01)
        while not read_wchan(p.pid):
            time.sleep(0.01)
        p.send_signal(number)
        out, err = p.communicate()
        result(p.returncode == 1 and out.startswith('SKIP  a signal ended it\n') and out.endswith('1 of 5 rounds\n') and not err,
               f'prove: {number.name} ends it', f'{p.returncode}\n{out}{err}')
        same('prove: and it unloads the module', read(tree, 'log'), 'modprobe -q arm_cca_prove\nmodprobe -rq arm_cca_prove\n')
    for args in (('--rounds', '0'), ('--rounds', '1x'), ('--rounds', '1000001'), ('--rounds', '-1'), ('--rounds',), ('--cpus',), ('x',), ('--all',)):
        status, out, err = prover(PROOF).run('prove', *args)
        result(status == 2 and not out, f'prove: {" ".join(args)} is no usage', out)
    refuses('prove: too long a list', prover(PROOF).run('prove', '--cpus', '1,' * 2000), 'too long a list of CPUs')


# The rest -------------------------------------------------------------------------------------------

def version():
    with open(os.path.join(TOP, 'dkms.conf'), encoding='utf-8') as f:
        return re.search('^PACKAGE_VERSION="(.*)"$', f.read(), re.M)[1]


def test_usage():
    tree = Tree({})
    status, text, err = tree.run('--help')
    result(status == 0 and not err and text.startswith('rmi-host ok '), '--help', f'{status}\n{text}{err}')
    result(max(map(len, text.splitlines())) <= 100, '--help: not too wide', text)
    same('--version', tree.run('--version'), (0, f'rmi-host {version()}\n', ''))
    for args in ([], ['no'], ['ok', 'x'], ['ok', '--json'], ['map', '--svg'], ['map', 'x.svg'], ['map', '--svg', 'a', 'b'],
                 ['show', '--json=1'], ['show', '--json', '--json'], ['watch', '--twice'], ['--help', 'ok'], ['--version', '1'],
                 ['-v']):
        status, out, err = tree.run(*args)
        result(status == 2 and not out and err.endswith(text), f'usage: {" ".join(args)}', f'{status}\n{out}{err}')


def complete(*line):
    """What bash offers after these words, the last of which is begun"""
    script = ('. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rmi_host; '
              'for w in "${COMPREPLY[@]}"; do echo "$w"; done')
    p = subprocess.run(['bash', '-c', script, 'bash', os.path.join(TOOLS, 'rmi-host.bash'), *line], capture_output=True, text=True,
                       check=False, cwd=Tree.place)
    return p.stdout.split() + p.stderr.split()


def test_files_beside():
    same('completion: commands', complete('rmi-host', ''), ['ok', 'map', 'show', 'watch', 'prove', '--help', '--version'])
    same('completion: a command that is begun', complete('rmi-host', 'sh'), ['show'])
    same('completion: options', [complete('rmi-host', c, '-') for c in ('ok', 'map', 'show', 'watch')],
         [[], ['--svg'], ['--json'], ['--once']])
    same('completion: no more after that', complete('rmi-host', 'show', '--json', ''), [])
    same('completion: of a proof', [complete('rmi-host', 'prove', *words) for words in (('-',), ('--json', '--c'), ('--cpus', ''), ('--rounds', ''))],
         [['--cpus', '--rounds', '--json'], ['--cpus'], ['all'], []])
    with open(os.path.join(Tree.place, 'picture.svg'), 'w', encoding='utf-8'):
        pass
    same('completion: a file', complete('rmi-host', 'map', '--svg', 'pic'), ['picture.svg'])

    page = os.path.join(TOOLS, 'rmi-host.8')
    p = subprocess.run(['mandoc', '-T', 'lint', '-W', 'all', page], capture_output=True, text=True, check=False)
    # Whether a page that is referred to is on this machine says nothing
    same('manual page: mandoc finds nothing', [l for l in p.stdout.splitlines() if 'mandoc.db' not in l], [])
    text = subprocess.run(['mandoc', '-T', 'ascii', page], capture_output=True, text=True, check=False).stdout
    text = re.sub('.\b', '', text)
    for word in ('ok', 'map [--svg file]', 'show [--json]', 'watch [--once]', 'prove [--cpus all | list] [--rounds n] [--json]', '--help', '--version', 'RMI_HOST_ROOT', 'NO_COLOR'):
        result(word in text, f'manual page: it has {word}', text)

    dest = os.path.join(Tree.place, 'dest')
    p = subprocess.run(['make', '-s', 'tools-install', f'DESTDIR={dest}'], cwd=TOP, capture_output=True, text=True, check=False)
    found = sorted((os.path.relpath(os.path.join(d, f), dest), oct(os.stat(os.path.join(d, f)).st_mode & 0o777))
                   for d, _, files in os.walk(dest) for f in files)
    same('make tools-install', (p.returncode, p.stdout, p.stderr, found), (0, '', '', [
        ('usr/sbin/rmi-host', '0o755'),
        ('usr/share/bash-completion/completions/rmi-host', '0o644'),
        ('usr/share/man/man8/rmi-host.8', '0o644')]))
    p = subprocess.run([os.path.join(dest, 'usr/sbin/rmi-host'), '--version'], capture_output=True, text=True, check=False)
    same('make tools-install: it runs', (p.returncode, p.stdout), (0, f'rmi-host {version()}\n'))


# make -----------------------------------------------------------------------------------------------

def make(top, *args, **more):
    variables = {k: v for k, v in os.environ.items() if k not in ('LLVM', 'MAKEFLAGS', 'DESTDIR')}
    p = subprocess.run(['make', '-s', *args], cwd=top, env=variables | more, capture_output=True, text=True, check=False)
    return p.returncode, p.stdout, p.stderr


def test_make():
    """In a directory whose name has a space, and beside a kernel that says how it was called"""
    top, kernel = os.path.join(Tree.place, 'a clone'), os.path.join(Tree.place, 'kernel')
    os.mkdir(top)
    for name in ('Makefile', 'Kbuild', 'dkms.conf'):
        shutil.copy(os.path.join(TOP, name), top)
    shutil.copytree(os.path.join(TOP, 'src'), os.path.join(top, 'src'))
    os.makedirs(os.path.join(kernel, 'include/config'))
    with open(os.path.join(kernel, 'Makefile'), 'w', encoding='utf-8') as f:
        f.write('modules modules_install clean:\n\t@echo "$@ LLVM=$(LLVM)"\n')
    with open(os.path.join(TOP, 'Makefile'), encoding='utf-8') as f:
        line = 1 + [text.startswith('path:') for text in f].index(True) + 1
    same('make: a path with a space is what no kernel builds in, and one line says so', make(top, f'KDIR={kernel}'), (
        2, '', f"Makefile:{line}: *** the kernel's build can't cope with a space or a colon in a path: move {top}.  Stop.\n"))
    same('make tools: there it works', make(top, 'tools'), (0, '', ''))
    for destination in ('to here', os.path.join(Tree.place, 'to there')):
        answer = make(top, 'tools-install', 'fleet-install', f'DESTDIR={destination}')
        found = os.path.join(top, destination, 'usr/sbin')
        same('make tools-install fleet-install: there they work', (answer, sorted(os.listdir(found)) if os.path.isdir(found) else None),
             ((0, '', ''), ['rmi-fleet', 'rmi-host']))
    same('make fleet-remove: so does it', (make(top, 'fleet-remove', f'DESTDIR={destination}'), os.listdir(found)), ((0, '', ''), ['rmi-host']))
    same('make clean: and this', (make(top, 'clean', f'KDIR={kernel}'), os.path.exists(os.path.join(top, 'build'))), ((0, '', ''), False))

    config = os.path.join(kernel, 'include/config/auto.conf')
    for compiler, arguments, llvm in (('GCC', {}, ''), ('CLANG', {}, '1'), ('CLANG', {'LLVM': '-19'}, '-19'), ('GCC', {'LLVM': '1'}, '1')):
        with open(config, 'w', encoding='utf-8') as f:
            f.write(f'CONFIG_CC_IS_{compiler}=y\n')
        for target in ('modules', 'install'):
            status, out, err = make(TOP, target, f'KDIR={kernel}', **arguments)
            same(f'make {target}: a kernel that {compiler} built, {arguments}', (status, out.splitlines()[-1:], err),
                 (0, [f'{target.replace("install", "modules_install")} LLVM={llvm}'], ''))


def main():
    with tempfile.TemporaryDirectory(prefix='rmi-tools.') as place:
        os.chmod(place, 0o755)
        Tree.place = place
        Tree.program = shutil.copy(sys.argv[1], os.path.join(place, 'rmi-host'))
        for test in (test_ok, test_reasons, test_kernel_driver, test_kvm, test_map, test_map_garbage, test_colours, test_svg, test_show, test_garbage, test_watch, test_prove,
                     test_usage, test_files_beside, test_make):
            test()
    print(f'1..{count}')
    return TESTS_FAILED if failed else 0


if __name__ == '__main__':
    sys.exit(main())
