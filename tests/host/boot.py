#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boot the embedded machine: QEMU's virt board, an EL3 firmware, a Debian kernel, an initramfs of our own.

    boot.py run|shell KERNEL     show the module at work; leave a person in the machine
    boot.py test [PATTERN...]    boot for each test of suite.py whose name matches, or for those of `make check`, print TAP
    boot.py debug [PATTERN...]   the same for those on the debug kernel
    boot.py packages ROOT TAR V N   install, upgrade and remove the packages of versions V and N in TAR; ROOT: a Debian

Everything that has to be built is built by `prepare` before. FIRMWARE names another flash image, MACHINE a
description of another machine (see tests/rmm/describe.c), QEMU_ARGS more of QEMU's arguments, QEMU another QEMU.
"""

import collections
import contextlib
import concurrent.futures
import fnmatch
import glob
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import patience
from slots import SLOTS

HOST = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HOST))
BUILD = os.path.join(TOP, 'build')
QEMU = os.environ.get('QEMU') or 'qemu-system-aarch64'

# Where the firmware looks for them: tests/firmware/el3.h
KERNEL_AT, MACHINE_AT, DTB_AT = 0x40200000, 0x4fd00000, 0x4fe00000

# A kernel that has something to say of these kinds is a failure, whatever the test found. The second line is what only
# the debug kernel says; its leak detector may lack memory itself where that is made to fail.
TROUBLE = re.compile(r'BUG:|WARNING:|Oops|Kernel panic|Unable to handle|Call trace|INFO: task|Bad page state|EL3: (?!firmware)|'
                     r'BUG |KASAN|UBSAN|ODEBUG|INFO: |unreferenced object|corruption|turning off|'
                     r'kmemleak: (?!Kernel memory leak detector initialized|Cannot allocate a scan area)')

# Addresses of the kernel's own are nobody's business
POINTER = re.compile(r'arm_cca_rmi: .*ffff[0-9a-f]{12}')

# What the firmware says as it goes up, and down: whatever isn't given back by then is lost to the next kernel
FIRMWARE_UP = 'EL3: firmware ready'
FIRMWARE_DOWN = re.compile(r'EL3: firmware off, RMM holds (\S+) bytes donated, (\S+) delegated')

# Exit status if tests failed, and nothing else did
TESTS_FAILED = 3

# The kernel's own judge by the clock, and a CPU of QEMU's may have to wait for one of the machine's
WATCHDOGS = 'watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=60 workqueue.watchdog_thresh=60'

# Half of the instructions of a boot are the kernel's own tests of its ciphers
UNTESTED = 'cryptomgr.notests=1'

# Of the console, in one boot; more than that come only from what doesn't end
MOST_LINES = 100000


class Boot:
    """What one boot differs in. Sizes are QEMU's (1G) on its command line, bytes elsewhere."""

    def __init__(self, script, kernel='6.1', env=None, machine='', smp=2, ram='1G', rme=True, hvc=False, memory=None,
                 nomap=None, hot=0, nodes=1, firmware=None, cpu='', disk=0, files=False, again=None, reboots=0, keeps=False,
                 blames=(), icount=False, images=(), cost=8):
        self.script = script        # of tests/guest
        self.kernel = kernel
        self.env = env or {}        # variables of the script
        self.machine = machine      # description of the machine that the model RMM finds itself in
        self.smp = smp
        self.ram = ram
        self.rme = rme
        self.hvc = hvc              # no firmware of ours: QEMU's own PSCI, by HVC
        self.memory = memory        # [(base, size)...] instead of the one memory node
        self.nomap = nomap          # [(base, size)...] reserved in the device tree
        self.hot = hot              # megabytes that can be added while it runs
        self.nodes = nodes          # of NUMA, that share the RAM, which is in gigabytes then
        self.firmware = firmware
        self.cpu = cpu              # more properties of QEMU's CPU: name=value,...
        self.disk = disk            # megabytes of an empty virtio disk
        self.files = files          # its own Image and initramfs as read-only virtio disks, in this order
        # Files as further virtio disks, in this order, or names of what `kernel` fetches; what is written to them is gone
        # afterwards
        self.images = images
        # Variables that change for a second run, which finds the disk as the first one left it; they are joined by
        # `checks_before`: how many results there are by then. Only after a first run that ends without a plan.
        self.again = again
        self.reboots = reboots      # how often the machine is to start again by itself
        self.keeps = keeps          # it may be left with memory that the RMM still holds
        self.blames = blames        # what the kernel must report, by pattern: the test is of those who look for trouble
        self.cost = cost            # about how many seconds it takes: those that take long begin first
        self.icount = icount        # time is instructions, one a nanosecond, and nobody waits for it to pass


def out(*args):
    return subprocess.run(args, check=True, capture_output=True, text=True).stdout.strip()


def cells(ranges):
    return [f'{v >> s & 0xffffffff:x}' for r in ranges for v in r for s in (32, 0)]


def fdtput(dtb, node, name, *values, kind='x'):
    subprocess.run(['fdtput', '-t', kind, dtb, node, name, *values], check=True)


def edit_tree(dtb, boot):
    """The device tree is where Linux learns what is RAM."""
    if boot.memory:
        fdtput(dtb, '/memory@40000000', 'reg', *cells(boot.memory))
    if boot.nomap:
        # As many cells as the root node has; `ranges` empty: the same addresses as there
        subprocess.run(['fdtput', '-c', dtb, '/reserved-memory'], check=True)
        fdtput(dtb, '/reserved-memory', '#address-cells', '2')
        fdtput(dtb, '/reserved-memory', '#size-cells', '2')
        fdtput(dtb, '/reserved-memory', 'ranges')
        for base, size in boot.nomap:
            node = f'/reserved-memory/hole@{base:x}'
            subprocess.run(['fdtput', '-c', dtb, node], check=True)
            fdtput(dtb, node, 'reg', *cells([(base, size)]))
            fdtput(dtb, node, 'no-map')


def describe(text, path):
    with open(path, 'wb') as f:
        r = subprocess.run([os.path.join(BUILD, 'describe')], input=text.encode(), stdout=f, stderr=subprocess.PIPE,
                           check=False)
    if r.returncode:
        sys.exit(r.stderr.decode())


def sign(kernel, modules):
    """With the key of a kernel that was built here; of Debian's kernels nobody else has it."""
    tool, key = os.path.join(kernel, 'scripts/sign-file'), os.path.join(kernel, 'certs/signing_key')
    for m in modules if os.path.exists(key + '.pem') else ():
        subprocess.run([tool, 'sha256', key + '.pem', key + '.x509', m], check=True)


def initramfs(kernel, path):
    """A busybox, rmi-host, the modules of this kernel, and the scripts of tests/guest."""
    kdir = out(os.path.join(HOST, 'kernel'), kernel)
    built = os.path.join(BUILD, 'module', kernel + '-gcc')
    cross = '' if os.uname().machine == 'aarch64' else 'aarch64-linux-gnu-'
    with tempfile.TemporaryDirectory() as root:
        for d in ('bin', 'guest', 'modules'):
            os.mkdir(os.path.join(root, d))
        shutil.copy2(out(os.path.join(HOST, 'kernel'), 'busybox'), os.path.join(root, 'bin/busybox'))
        shutil.copy2(os.path.join(BUILD, 'tools-guest/rmi-host'), os.path.join(root, 'bin'))
        guest = os.path.join(TOP, 'tests/guest')
        for name in os.listdir(guest):
            if '.' not in name or name == 'lib.sh':
                shutil.copy2(os.path.join(guest, name), os.path.join(root, 'guest'))
        shutil.copy2(os.path.join(TOP, 'src/fleet/rmi-fleet'), os.path.join(root, 'bin'))
        os.rename(os.path.join(root, 'guest/init'), os.path.join(root, 'init'))
        os.chmod(os.path.join(root, 'init'), 0o755)
        for name in ('virtio', 'virtio_ring', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'virtio_mem',
                     'virtio_blk', 'notifier-error-inject', 'memory-notifier-error-inject', 'crc16', 'mbcache', 'crc32c_generic',
                     'jbd2', 'ext4'):
            ko = os.path.join(kdir, 'modules', name + '.ko')
            if os.path.exists(ko):
                shutil.copy2(ko, os.path.join(root, 'modules'))
        for ko in ['arm_cca_rmi.ko', 'arm_cca_prove.ko'] + glob.glob('truth/*.ko', root_dir=built):
            subprocess.run([cross + 'strip', '--strip-debug', '-o', os.path.join(root, 'modules', os.path.basename(ko)),
                            os.path.join(built, ko)], check=True)
        sign(os.path.join(kdir, 'build'), glob.glob(os.path.join(root, 'modules/*.ko')))
        for program in ('kexec', 'links'):
            subprocess.run([cross + 'gcc', '-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-static', '-s',
                            '-o', os.path.join(root, 'bin', program), os.path.join(guest, program + '.c')], check=True)
        names = subprocess.run(['find', '.', '-print0'], cwd=root, check=True, capture_output=True).stdout
        with open(path, 'wb') as f:
            subprocess.run(['cpio', '--quiet', '-0', '-o', '-H', 'newc', '-R', '0:0'], cwd=root, input=names, stdout=f,
                           check=True)


class Machine:
    """One QEMU, from start to end."""

    running = set()
    stopping = False            # start no more

    def __init__(self, boot, initrd, interactive=False, more_env=None, disk=None):
        self.boot = boot
        self.dir = tempfile.mkdtemp(prefix='rmi-boot.')
        self.hotplugged = None
        kdir = out(os.path.join(HOST, 'kernel'), boot.kernel)
        image = os.path.join(kdir, 'Image')
        console = 'quiet' if interactive else 'ignore_loglevel printk.time=0'
        # With a speed, since the firmware set none, by which some kernels divide
        append = f'console=ttyAMA0,115200 panic=-1 printk.devkmsg=on {console} {WATCHDOGS} {UNTESTED} run={boot.script} ' + ' '.join(
            f'{k}={v}' for k, v in (boot.env | (more_env or {})).items())
        base = ['-M', 'virt,gic-version=3' + ('' if boot.hvc else ',secure=on,virtualization=on,acpi=off'),
                '-cpu', ','.join(['max', 'pauth-impdef=on'] + ['x-rme=on'] * boot.rme + [boot.cpu] * bool(boot.cpu)),
                '-smp', str(boot.smp), '-nodefaults', '-nographic'] + ['-icount', 'shift=0,sleep=off'] * boot.icount
        memory = ['-m', boot.ram]
        if boot.nodes > 1:
            each = int(boot.ram[:-1]) // boot.nodes
            for n in range(boot.nodes):
                memory += ['-object', f'memory-backend-ram,id=node{n},size={each}G', '-numa', f'node,nodeid={n},memdev=node{n}']
        if boot.hot:
            memory = ['-m', f'{boot.ram},maxmem=16G,slots=4', '-object', f'memory-backend-ram,id=hot0,size={boot.hot}M',
                      '-device', 'virtio-mem-pci,id=hot,memdev=hot0,requested-size=0']
        kernel = ['-kernel', image, '-initrd', initrd, '-append', append]
        args = [QEMU] + base + memory + shlex.split(os.environ.get('QEMU_ARGS', ''))
        if boot.hvc:
            args += kernel
        else:
            # QEMU writes a complete device tree only when it loads the kernel itself; so have it do that once, for the tree
            dtb = os.path.join(self.dir, 'dtb')
            dump = list(args) + kernel
            dump[2] += ',dumpdtb=' + dtb
            subprocess.run(dump, check=True, capture_output=True)
            initrd_at = int(out('fdtget', '-t', 'x', dtb, '/chosen', 'linux,initrd-start').split()[-1], 16)
            edit_tree(dtb, boot)
            described = os.path.join(self.dir, 'machine')
            describe(boot.machine, described)
            args += ['-bios', boot.firmware or os.path.join(BUILD, 'firmware/firmware.bin')]
            for name, at in ((image, KERNEL_AT), (initrd, initrd_at), (described, MACHINE_AT), (dtb, DTB_AT)):
                args += ['-device', f'loader,file={name},addr={at:#x},force-raw=on']
            if boot.firmware:
                # One that brings a UEFI finds the kernel where UEFI looks for it
                args += kernel
        args += [] if boot.reboots else ['-no-reboot']
        disks = [(disk, 'readonly=off')] * bool(boot.disk) + [(image, 'readonly=on'), (initrd, 'readonly=on')] * boot.files
        disks += [(i if '/' in i else out(os.path.join(HOST, 'kernel'), i), 'snapshot=on') for i in boot.images]
        for n, (file, option) in enumerate(disks):
            args += ['-drive', f'file={file},format=raw,if=none,id=disk{n},{option}',
                     '-device', f'virtio-blk-pci,drive=disk{n}']
        self.sock = os.path.join(self.dir, 'qmp')
        args += ['-qmp', f'unix:{self.sock},server=on,wait=off']
        args += ['-serial', 'mon:stdio'] if interactive else ['-serial', 'stdio', '-monitor', 'none']
        if Machine.stopping:
            raise RuntimeError('it was told to stop')
        if interactive:
            self.process = subprocess.Popen(args)
        else:
            self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT)

        Machine.running.add(self)

    def qmp(self, command, **arguments):
        """The answer to a command."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.sock)
            f = s.makefile('rw')
            f.readline()
            for execute, args in (('qmp_capabilities', {}), (command, arguments)):
                f.write(json.dumps({'execute': execute, 'arguments': args}) + '\n')
                f.flush()
                while True:
                    answer = json.loads(f.readline())
                    if 'error' in answer:
                        raise RuntimeError(answer['error']['desc'])
                    if 'return' in answer:
                        break
            return answer['return']

    def host(self, request):
        """What a script in the machine asks of us."""
        verb, value = request.split()
        if verb != 'resize':
            raise RuntimeError(f'no such request: {request}')
        self.qmp('qom-set', path='hot', property='requested-size', value=int(value) << 20)

    def lines(self):
        for raw in self.process.stdout:
            line = raw.decode(errors='replace').rstrip('\r\n')
            if line.startswith('@host '):
                self.host(line[6:])
            yield line

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        Machine.running.discard(self)
        shutil.rmtree(self.dir, ignore_errors=True)


class Record:
    """What came out of a boot so far."""

    def __init__(self):
        self.results = []       # (passed, what)
        self.lines = collections.deque(maxlen=30)       # of the console since the last result
        self.before = {}        # such lines by the number of a result that failed
        self.planned = None
        self.trouble = None     # the first thing that no boot may say
        self.reports = []       # all that the kernel said of that kind
        self.counts = collections.Counter()     # what scripts count: see count() of lib.sh
        self.starts = 0         # of the firmware
        self.ends = 0
        self.hung = None        # why it was given up
        self.silent = None      # the same of a kernel that said nothing, and was booted once more
        self.seconds = 0        # that it took
        self.cpu = 0            # the same of CPU time
        self.longest = 0        # of them without a word

    def read(self, line, boot):
        """One line of the console."""
        m = re.match(r'(ok|not ok) (\d+) (.*)', line)
        if not m:
            self.lines.append(line)
        off = FIRMWARE_DOWN.search(line)
        if m and int(m[2]) == len(self.results) + 1:
            self.results.append((m[1] == 'ok', m[3]))
            if m[1] != 'ok':
                self.before[len(self.results)] = list(self.lines)
            self.lines.clear()
        elif m:
            self.trouble = self.trouble or f'result {m[2]} where {len(self.results) + 1} was due'
        elif re.fullmatch(r'1\.\.\d+', line):
            self.planned = int(line[3:])
        elif line.startswith('@count '):
            self.counts[line.split()[1]] += int(line.split()[2])
        elif TROUBLE.search(line) or POINTER.match(line):
            self.reports.append(line)
        elif off and not boot.keeps and (int(off[1], 0) or int(off[2], 0)):
            self.counts['lost'] += int(off[1], 0) + int(off[2], 0)
            self.trouble = self.trouble or line
        if self.reports and not boot.blames:
            self.trouble = self.trouble or self.reports[0]
        self.starts += FIRMWARE_UP in line
        self.ends += bool(off)


def follow(machine, record, log):
    """One QEMU, to its end. Returns whether its kernel has said anything."""
    starts = record.starts
    spoke = False

    def give_up(why):
        record.hung = why
        threading.Thread(target=tell_where, daemon=True).start()
        # It may not even answer
        time.sleep(5)
        machine.process.kill()

    def tell_where():
        try:
            log.write(machine.qmp('human-monitor-command', **{'command-line': 'info registers -a'}).replace('\r', ''))
        except (OSError, RuntimeError, ValueError) as e:
            log.write(f'QEMU says nothing of its CPUs: {e}\n')

    watched = patience.Patience(machine.process.pid, give_up)
    try:
        for count, line in enumerate(machine.lines()):
            watched.progress()
            log.write(line + '\n')
            record.read(line, machine.boot)
            spoke |= FIRMWARE_UP not in line
            if record.starts - starts > machine.boot.reboots + 1:
                record.trouble = record.trouble or 'it starts again and again'
                break
            if count > MOST_LINES:
                record.trouble = record.trouble or f'it has said more than {MOST_LINES} lines'
                break
    except (OSError, RuntimeError, ValueError) as e:
        record.trouble = record.trouble or f'the host failed: {e}'
    finally:
        watched.close()
        machine.end()
        record.cpu += watched.cpu
        record.longest = max(record.longest, watched.longest)
    return spoke


def follow_one(boot, initrd, record, log, **more):
    """The same. A kernel that hangs before it has a console says nothing of the module: it is booted once more. (6.1 with all
    that finds faults in it does so, rarely, in RCU's own tests of "Running RCU-tasks wait API self tests".)"""
    if follow(Machine(boot, initrd, **more), record, log) or not record.hung:
        return
    record.silent, record.hung = record.hung, None
    record.starts -= 1
    log.write('# once more\n')
    follow(Machine(boot, initrd, **more), record, log)


def run_test(name, boot, initrd):
    """Boot once, or twice. Returns the Record, with all results, and the log's path."""
    path = os.path.join(BUILD, 'guest', name.replace('/', ',') + '.log')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    record = Record()
    started = time.monotonic()
    with tempfile.NamedTemporaryFile(prefix='rmi-disk.') as disk, open(path, 'w', buffering=1, encoding='utf-8') as log:
        disk.truncate(boot.disk << 20)
        follow_one(boot, initrd, record, log, disk=disk.name)
        if boot.again and not record.hung and not record.trouble and record.planned is None:
            env = boot.again | {'checks_before': len(record.results)}
            follow_one(boot, initrd, record, log, disk=disk.name, more_env=env)
    record.seconds = time.monotonic() - started
    results = record.results
    if record.hung:
        results.append((False, record.hung))
    if record.trouble:
        results.append((False, record.trouble))
    if record.planned is None:
        results.append((False, 'the script did not come to its end'))
    elif boot.reboots and record.ends != record.starts:
        # It is what such a boot is about
        results.append((False, f'{record.starts} starts of the firmware, {record.ends} lines of what is held then'))
    elif record.planned != len(results) and not record.trouble:
        results.append((False, f'{record.planned} results were planned, {len(results)} came'))
    for pattern in boot.blames:
        results.append((any(re.search(pattern, r) for r in record.reports), f'the log has {pattern}'))
    return record, path


def choose(boots, patterns):
    chosen = {n: b for n, b in boots.items() if not patterns or any(fnmatch.fnmatch(n, p) for p in patterns)}
    if not chosen:
        sys.exit('no test has such a name')
    return chosen


def test(patterns):
    import suite                # pylint: disable=import-outside-toplevel
    status, counts = run(choose(suite.all_boots() if patterns else suite.boots(), patterns), {})
    print(f'1..{counts["results"]}')
    return status


def debug(patterns):
    import suite                # pylint: disable=import-outside-toplevel
    boots, skipped = suite.debug_boots(os.listdir(os.path.join(TOP, 'tests/guest')), bool(patterns))
    status, counts = run(choose(boots, patterns), skipped)
    print(f'1..{counts["results"]}')
    return status


def packages(root, debs, version, later):
    boot = Boot('packages', images=(root, debs), env={'version': version, 'next': later},
                machine='dialect beta3\nmemory 1G 3G\nflag host-pays\nflag host-tables\n')
    return run({'6.1/packages': boot}, {})[0]


def report(count, name, record, log, say=print):
    """Say what came out of a boot, after `count` results of others. Returns how many there are then."""
    for n, (ok, what) in enumerate(record.results, 1):
        count += 1
        say(f'{"ok" if ok else "not ok"} {count} {name}: {what}')
        # Whoever reads this may not have the log
        for line in [] if ok else record.before.get(n, record.lines):
            say(f'#   {line}')
        record.counts['failed' if not ok else 'skipped' if '# SKIP' in what else 'passed'] += 1
    if record.silent:
        say(f'# {name}: its kernel hung before it had a console ({record.silent}), and was booted once more')
    say(f'# {name}: {record.seconds:.0f} s, {record.cpu:.0f} s of CPU time, {record.longest:.0f} s of it without a word')
    if record.counts['failed']:
        say(f'# see {os.path.relpath(log, TOP)}')
    return count


def run(chosen, skipped, count=0, say=print, took=None, initrd=None):
    """Returns the exit status and what was counted. `took` is told of each; `initrd` gives that of a kernel."""
    started = time.monotonic()
    total, failed = 0, 0
    counts = collections.Counter()
    with tempfile.TemporaryDirectory(prefix='rmi-test.') as tmp:
        if not initrd:
            made = {k: os.path.join(tmp, k + '.cpio') for k in {b.kernel for b in chosen.values()}}
            for kernel, path in made.items():
                initramfs(kernel, path)
            initrd = made.get

        def one(name, boot):
            path = initrd(boot.kernel)
            with SLOTS.take(boot.cost):
                return run_test(name, boot, path)

        with concurrent.futures.ThreadPoolExecutor(len(chosen)) as pool:
            jobs = {pool.submit(one, n, b): n for n, b in chosen.items()}
            for job in concurrent.futures.as_completed(jobs):
                record, log = job.result()
                if took:
                    took(record, jobs[job])
                count = report(count, jobs[job], record, log, say)
                sys.stdout.flush()
                counts += record.counts
                failed += record.counts['failed'] > 0
                total += 1
    for name, why in skipped.items():
        count += 1
        say(f'ok {count} {name} # SKIP {why}')
    say(f'# {total} boots, {failed} of them with failures, {time.monotonic() - started:.0f} s')
    counts['results'] = count
    return TESTS_FAILED if failed else 0, counts


def interact(script, kernel):
    description = os.environ.get('MACHINE') or os.path.join(TOP, 'tests/guest/machine.txt')
    with open(description, encoding='utf-8') as f:
        text = f.read()
    with tempfile.TemporaryDirectory(prefix='rmi-run.') as tmp:
        initrd = os.path.join(tmp, 'initrd')
        initramfs(kernel, initrd)
        machine = Machine(Boot(script, kernel=kernel, machine=text, firmware=os.environ.get('FIRMWARE')), initrd,
                          interactive=True)
        try:
            return machine.process.wait()
        finally:
            machine.end()


def kill_all():
    """Leave no machine behind, nor a file, and start none."""
    Machine.stopping = True
    for machine in list(Machine.running):
        machine.process.kill()
        machine.process.wait()
    if tempfile.tempdir:
        shutil.rmtree(tempfile.tempdir, ignore_errors=True)


def stop(*_):
    kill_all()
    # Threads that wait for a slot would go on
    os._exit(1)


@contextlib.contextmanager
def own_files():
    """All temporary files in one place, so that none is left however this ends."""
    with tempfile.TemporaryDirectory(prefix='rmi-test.') as tempfile.tempdir:
        yield
    tempfile.tempdir = None


def main():
    with own_files():
        return do()


def do():
    verb, rest = sys.argv[1], sys.argv[2:]
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if verb in ('test', 'debug'):
        return {'test': test, 'debug': debug}[verb](rest)
    if verb == 'packages':
        return packages(*rest)
    return interact({'run': 'demo', 'shell': 'shell'}[verb], *rest)


if __name__ == '__main__':
    sys.exit(main())
