# SPDX-License-Identifier: GPL-2.0-only
"""The parts of the tests, for check.py: what each runs, and what it waits for. What several of them want is done once.

Whatever keeps a CPU busy runs in a slot. A program in there that could use more CPUs is told not to (JOBS, and
OMP_NUM_THREADS, which nproc obeys), unless its part is the only one.
"""

import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

import boot
import suite
from slots import SLOTS

HOST, TOP, BUILD = boot.HOST, boot.TOP, boot.BUILD
PARTS = ('build', 'lint', 'unit', 'sweep', 'tools', 'fleet', 'fuzz', 'coverage', 'bench', 'guest', 'debug', 'kernels', 'packages')

# They make do with the machine in their own way, one after the other when all else is done
ALONE = ('kernels', 'packages')

# The scripts' exit status if tests failed, and nothing else did; and if it can't be had on this machine
FAILED, CANNOT = 3, 4

FUZZ_SECONDS = 30
FIRST = 1000            # a cost: what others wait for goes before all of them

running = set()         # children


def kill_all():
    boot.kill_all()
    for child in list(running):
        try:
            os.killpg(child.pid, 15)
        except ProcessLookupError:
            pass


def compilers():
    """What makes a compiler that ccache knows keep what it made, in the cache directory, for each clone."""
    links = '/usr/lib/ccache'
    cache = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    if not os.path.isdir(links):
        return {}
    return {'PATH': f'{links}:{os.environ["PATH"]}', 'CCACHE_DIR': f'{cache}/arm-cca-rmi/ccache', 'CCACHE_MAXSIZE': '1G',
            'CCACHE_BASEDIR': TOP, 'CCACHE_NOHASHDIR': '1'}


def comment(text):
    return '\n'.join('# ' + line for line in text.rstrip('\n').split('\n'))


class Work:
    """All that is under way."""

    def __init__(self, tmp, shared, quick, everything):
        self.tmp = tmp
        self.shared = shared    # what no part has for itself counts there
        self.quick = quick
        self.everything = everything or bool(os.environ.get('TESTS'))
        self.checked = suite.KERNELS[:1] if quick else suite.KERNELS
        self.width = 1          # CPUs for what is in a slot
        self.futures = {}
        self.lock = threading.Lock()
        self.fetching = threading.Lock()
        self.installing = threading.Lock()

    def prepare(self, names):
        """Begin with what takes the network, and the debug kernel."""
        self.width = SLOTS.number if len(names) == 1 else 1
        kernels = self.checked if {'build', 'guest', 'lint'} & set(names) else suite.KERNELS[:1] if 'bench' in names else ()
        if kernels or 'debug' in names:
            threading.Thread(target=self.fetch_all, args=(kernels, 'debug' in names), daemon=True).start()

    def fetch_all(self, kernels, debug):
        for k in (*kernels, 'busybox') + ('source',) * debug:
            self.kernel(k)
        if debug:
            self.kernel(suite.DEBUG)

    # How things are run ------------------------------------------------------------------------------------------------

    def once(self, key, function, *args):
        """The same for all who ask; the first one does it."""
        with self.lock:
            mine = key not in self.futures
            future = self.futures.setdefault(key, concurrent.futures.Future())
        if mine:
            try:
                future.set_result(function(*args))
            except BaseException as e:      # pylint: disable=broad-except # for the others to see as well
                future.set_exception(e)
        return future.result()

    def start(self, args, env=None):
        jobs = str(self.width)
        child = subprocess.Popen(args, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, errors='replace', process_group=0,
                                 env=os.environ | compilers() | {'JOBS': jobs, 'OMP_NUM_THREADS': jobs} | (env or {}))
        running.add(child)
        return child

    def end(self, child, part):
        """Of one that says no more. Its exit status."""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        running.discard(child)
        part.used(usage.ru_utime + usage.ru_stime)
        return child.returncode

    def run(self, part, args, env=None):
        """Exit status and output."""
        child = self.start(args, env)
        with child.stdout:
            text = child.stdout.read()
        return self.end(child, part), text

    def command(self, part, what, args, cost=10, env=None):
        """The same in a slot, and how long it took."""
        with SLOTS.take(cost):
            begun = time.monotonic()
            done = self.run(part, args, env)
            part.took(time.monotonic() - begun, f'{part.name}: {what}')
        return done

    def stream(self, part, args, cost=10, slot=True, env=None):
        """A program that prints TAP by itself. What is printed up to a result took as long as that."""
        if slot:
            with SLOTS.take(cost):
                self.stream(part, args, slot=False, env=env)
            return
        child = self.start(args, env)
        begun = time.monotonic()
        failed = said = False
        for line in child.stdout:
            part.say(line.rstrip('\n'))
            m = re.match(r'(not ok|ok) \d+ (.*)', line)
            if m:
                said = True
                failed |= m[1] != 'ok'
                part.took(time.monotonic() - begun, m[2].partition(' # SKIP')[0])
                begun = time.monotonic()
        status = self.end(child, part)
        name = os.path.basename(args[0])
        if status not in (0, FAILED) or status and not failed or not said:
            part.result(False, f'{name} runs to its end, with results (exit status {status})')

    def taps(self, part, tests):
        """Tests that are functions and return whether it is good, and what was said; in any order, printed in this one."""
        with concurrent.futures.ThreadPoolExecutor(len(tests)) as pool:
            for n, (what, job) in enumerate([(what, pool.submit(*call)) for what, *call in tests], 1):
                status, text = job.result()
                if status:
                    part.say(comment(text))
                part.result(not status, what, n)

    # What several want -------------------------------------------------------------------------------------------------

    def need(self, part, *groups):
        def install(group):
            with self.installing:
                return self.run(part, [f'{HOST}/need', group])

        for group in groups:
            status, text = self.once(('need', group), install, group)
            if status:
                part.say(comment(text))
                part.result(False, 'tools are missing', 1)
                return False
        return True

    def kernel(self, name):
        """Status, and the path or what went wrong. One that has to be built is built beside all else, of what is left over."""
        def fetch():
            if name == suite.DEBUG:
                return self.run(self.shared, ['nice', '-n', '19', f'{HOST}/kernel', name],
                                {'JOBS': str(SLOTS.number), 'OMP_NUM_THREADS': str(SLOTS.number)})
            with self.fetching:
                return self.run(self.shared, [f'{HOST}/kernel', name])

        return self.once(('kernel', name), fetch)

    def module(self, part, kernel, compiler='gcc'):
        def build():
            status, text = self.kernel(kernel)
            return (status, text) if status else self.command(
                part, f'{kernel} with {compiler}', [f'{HOST}/module', kernel, compiler], FIRST)

        return self.once(('module', kernel, compiler), build)

    def firmware(self, part):
        return self.once('firmware', self.command, part, 'firmware and tools', [f'{HOST}/prepare'], FIRST)

    def initrd(self, part, kernel):
        """The path of the one with which this kernel boots."""
        def make():
            for status, text in (self.firmware(part), self.module(part, kernel), self.kernel('busybox')):
                if status:
                    raise RuntimeError(f'for {kernel}: {text}')
            path = os.path.join(self.tmp, kernel + '.cpio')
            boot.initramfs(kernel, path)
            return path

        return self.once(('initrd', kernel), make)

    def make(self, part, directory, out, *args, cost=FIRST):
        """In a directory of ours; two runs of it in one clone don't meet."""
        return self.once(('make', out), self.command, part, 'make', [
            'flock', f'{BUILD}/{out}.lock', 'make', '-s', '-C', f'{TOP}/{directory}', f'O={BUILD}/{out}', f'-j{self.width}', *args],
            cost)

    def built(self, part, *args, **more):
        status, text = self.make(part, *args, **more)
        if status:
            part.say(comment(text))
            part.result(False, 'it builds', 1)
        return not status

    # The parts ---------------------------------------------------------------------------------------------------------

    def build(self, part):
        if not self.need(part, 'build', 'lint'):
            return
        tests = [(f'{k} with {c}, W=1, without a word', self.module, part, k, c)
                 for k in self.checked for c in (('gcc',) if self.quick else ('gcc', 'clang'))]
        if not self.quick:
            # It builds what was built already, its own way
            tests += [(f'{k} by DKMS', self.dkms, part, k) for k in (self.checked if self.everything else self.checked[:1])]
        self.taps(part, [*tests, ('firmware and tools', self.firmware, part)])

    def dkms(self, part, kernel):
        """For arm64 kernels from any machine, in trees of its own."""
        status, kdir = self.kernel(kernel)
        if status:
            return status, kdir
        kdir = kdir.strip().split('\n')[-1]
        with open(f'{TOP}/dkms.conf', encoding='utf-8') as f:
            version = re.search('^PACKAGE_VERSION="(.*)"$', f.read(), re.M)[1]
        with open(f'{kdir}/release', encoding='utf-8') as f:
            release = f.read().strip()
        cross = '' if os.uname().machine == 'aarch64' else 'aarch64-linux-gnu-'
        with tempfile.TemporaryDirectory(prefix='dkms.', dir=BUILD) as tmp:
            source = f'{tmp}/src/arm-cca-rmi-{version}'
            os.makedirs(f'{tmp}/tree')
            os.makedirs(source)
            for name in ('Kbuild', 'dkms.conf'):
                shutil.copy2(f'{TOP}/{name}', source)
            for name in ('src', 'include'):
                shutil.copytree(f'{TOP}/{name}', f'{source}/{name}')
            status, text = self.command(
                part, f'{kernel} by DKMS', ['dkms', 'build', f'arm-cca-rmi/{version}', '-k', release, '-a', 'aarch64',
                                            '--kernelsourcedir', f'{kdir}/build', '--dkmstree', f'{tmp}/tree',
                                            '--sourcetree', f'{tmp}/src'],
                env={'ARCH': 'arm64', 'CROSS_COMPILE': cross, 'PATH': os.environ['PATH'] + ':/usr/sbin:/sbin'})
            if not status and not glob.glob(f'{tmp}/tree/**/module/arm_cca_rmi.ko*', recursive=True):
                return 1, f'there is no module\n{text}'
        return status, text

    def lint(self, part):
        if self.need(part, 'build', 'lint', 'unit'):
            # It builds the module, and mustn't wait for a kernel in its slot
            for k in (*suite.KERNELS, 'source'):
                self.kernel(k)
            self.stream(part, [f'{HOST}/lint'], 300)

    def unit(self, part):
        if not self.need(part, 'unit') or not self.built(part, 'tests/unit', 'unit'):
            return
        names = sorted(os.path.basename(t)[:-2] for t in glob.glob(f'{TOP}/tests/unit/test_*.c'))
        names.remove('test_sweep')
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            def play(name):
                return self.command(part, name, [f'{BUILD}/unit/{name}'], env={'CMOCKA_MESSAGE_OUTPUT': 'TAP'})

            for name, (status, text) in zip(names, pool.map(play, names)):
                # What a test prints besides is for those who look for a failure; but what it counts is for all
                for line in text.split('\n'):
                    m = re.match(r'(ok|not ok) (\d+) - (.*)', line)
                    if m:
                        part.say(f'{m[1]} {m[2]} unit: {name}: {m[3]}')
                    elif re.match(r'(# )?(hostile|corpus): ', line):
                        part.say(line)
                if status:
                    part.say(comment(text))
                    part.result(False, f'{name} ends well')

    def sweep(self, part):
        if not self.need(part, 'unit') or not self.built(part, 'tests/unit', 'unit'):
            return
        status, text = self.command(part, 'test_sweep', [f'{BUILD}/unit/test_sweep'], 300, {'CMOCKA_MESSAGE_OUTPUT': 'TAP'})
        results = 0
        for line in text.split('\n'):
            m = re.match(r'(ok|not ok) (\d+) - (.*)', line)
            if m:
                results += 1
                part.say(f'{m[1]} {m[2]} sweep: {m[3]}')
            elif re.match(r'(# )?fault sweep: ', line):
                part.say(line)
        if status or not results:
            part.say(comment(text))
            part.result(False, 'test_sweep ends well')

    def tools(self, part):
        """And what judges the others."""
        self.stream(part, [f'{TOP}/tests/tools/test_patience.py'], 15)
        if self.need(part, 'tools') and self.built(
                part, 'src/tools', 'tools-check', 'CFLAGS=-O1 -g -Werror -fsanitize=address,undefined -fno-sanitize-recover=all'):
            self.stream(part, [f'{TOP}/tests/tools/test_rmi_host.py', f'{BUILD}/tools-check/rmi-host'], 30)

    def fleet(self, part):
        if self.need(part, 'fleet', 'doc'):
            self.stream(part, ['/usr/bin/python3', f'{TOP}/tests/fleet/fleet.py'], 60)

    def fuzz(self, part):
        if self.need(part, 'unit', 'fuzz'):
            self.stream(part, [f'{HOST}/fuzz', str(FUZZ_SECONDS)], 200)

    def coverage(self, part):
        if self.need(part, 'unit', 'fuzz'):
            self.stream(part, [f'{HOST}/coverage'], 240)

    def bench(self, part):
        """What else a bench prints is for those who look."""
        if not self.need(part, 'unit', 'build', 'boot') or not self.built(part, 'tests/bench', 'bench', cost=60):
            return
        self.stream(part, [f'{BUILD}/bench/bench', '--check', 'tests/bench/expected.csv',
                           *sorted(glob.glob('tests/bench/maps/*.map', root_dir=TOP))], 60)
        kernel = suite.KERNELS[0]
        for status, text in (self.firmware(part), self.module(part, kernel), self.kernel('busybox')):
            if status:
                part.say(comment(text))
                part.result(False, 'what boots builds')
                return
        self.stream(part, [f'{HOST}/bench.py', '--check', kernel], 60)

    def boots(self, part, chosen, skipped):
        patterns = os.environ.get('TESTS', '').split()
        if not self.need(part, 'build', 'boot'):
            return None

        def took(record, name):
            part.took(record.seconds, name)
            part.used(record.cpu)

        return boot.run(boot.choose(chosen, patterns), skipped, say=part.say, took=took,
                        initrd=lambda kernel: self.initrd(part, kernel))[1]

    def guest(self, part):
        self.boots(part, suite.quick_boots() if self.quick else suite.all_boots() if self.everything else suite.boots(), {})

    def debug(self, part):
        if not self.need(part, 'build', 'debug'):
            return
        begun = time.monotonic()
        status, text = self.kernel(suite.DEBUG)
        if status:
            part.say(comment(text))
            part.result(False, 'it builds', 1)
            return
        part.say(f'# the debug kernel was there after {(time.monotonic() - begun) / 60:.1f} minutes')
        chosen, skipped = suite.debug_boots(os.listdir(f'{TOP}/tests/guest'), self.everything)
        counts = self.boots(part, chosen, skipped)
        if counts:
            part.say(f'# debug kernel: {counts["injected"]} injected failures, {counts["lost"]} bytes lost')

    def kernels(self, part):
        if self.need(part, 'build', 'lint', 'boot'):
            self.stream(part, [f'{HOST}/kernels.py', *['--update'] * bool(os.environ.get('UPDATE')),
                               *os.environ.get('TESTS', '').split()], slot=False)

    def packages(self, part):
        if not self.need(part, 'build', 'boot', 'packages'):
            return
        for n, (verb, what) in enumerate((
                ('dist', 'make dist gives the same bytes in any clone, and refuses without one'),
                ('versions', 'one version in all of them'),
                ('deb', 'dpkg-buildpackage for arm64, from the tarball'),
                ('lintian', 'lintian has nothing to say'),
                ('rpm', 'rpmbuild of the noarch package, and rpmlint has nothing to say'),
                ('sign', "a module signed by the kernel's sign-file with a key of one's own")), 1):
            status, text = self.command(part, what, [f'{HOST}/packages', verb])
            if status:
                part.say(comment(text))
            part.result(not status, what, n)
        status, text = self.run(part, [f'{HOST}/prepare', suite.KERNELS[0]])
        if status:
            part.say(comment(text))
            part.result(False, 'what boots them builds')
            return
        status, text = self.run(part, [f'{HOST}/packages', 'boot'])
        part.say(text.rstrip('\n'))
        if status == CANNOT:
            part.say('ok 0 packages: a Debian installs them # SKIP it can only be made where arm64 programs run')
        elif status not in (0, FAILED) or status and not re.search('^not ok ', text, re.M):
            part.result(False, 'a Debian installs them')
