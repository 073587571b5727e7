# SPDX-License-Identifier: GPL-2.0-only
"""All boots: which kernel, which machine, which script of tests/guest with which variables. And which of them are in
`make check` (on Debian's kernels, and on the debug kernel), in `make check-quick` and in `make check-kernels`; `make
check-all` has all."""

import fnmatch
import os

from boot import Boot

KERNELS = ('6.1', '6.12', '6.12-16k')
DEBUG = 'debug'             # it is a 6.1, and so is
LARGE = '64k'               # ... that with pages of 64 KB
DIALECTS = ('public', 'beta1', 'beta3')
GB = 1 << 30

# What QEMU has with up to 3 GB: DRAM from 1 GB on; hot-added memory follows what is there at boot
DRAM = 'memory 1G 3G\n'

# Born with neither metadata nor tables: the host pays for both
NEWBORN = 'flag host-pays\nflag host-tables\n'

# The public RMM of autumn 2026, which has granules of 4 KB alone, and what may be odd about it
AUTUMN = 'dialect autumn\ngranules 4k\npps 48\n'
AUTUMN_ODD = 'flag pends\nflag conflicts\nflag stops-at-done\nflag strict-top\nturns 3\nyield-every 2\nstop-after 100\n'

# How long the stress lasts: `make soak` says more
STRESS_SECONDS = int(os.environ.get('STRESS_SECONDS') or 30)

# One whose regions stay as they are
STUBBORN = 'fault RMI_GRANULE_TRACKING_SET skip 0 count forever x0=12\n'

# Twenty ranges at odd page boundaries: holes of 1 to 5 pages of 4 KB after every hundred-odd megabytes, none of them where
# the firmware puts kernel, initramfs and device tree; and a hole that the RMM's own memory could be.
ODD = [(0x40000000, 0x10003000)]
for n in range(19):
    start = sum(ODD[-1]) + 0x1000 * (n % 5 + 1)
    ODD.append((start, 0x6400000 + 0x1000 * (7 * n % 23)))
NOMAP = [(0x60000000, 0x105000), (0x7000b000, 0x3000)]


def refused(kernel, reason, detail, state, **more):
    """A boot whose module must say no, for this reason; `detail` is a pattern with _ for blanks. One CPU is quicker than two,
    and no worse at that."""
    return Boot('unavailable', kernel=kernel, env={'reason': reason, 'detail': detail, 'state': state}, **{'smp': 1} | more)


def healthy(kernel, dialect, more='', env=None, **rest):
    variables = {'deactivates': int(dialect == 'beta3')} | (env or {})
    return Boot('available', kernel=kernel, machine=f'dialect {dialect}\n{DRAM}{more}', env=variables, **rest)


def stress(k, machine):
    """Linux has one GB at boot; another one that the RMM knows can come, and 256 MB that it doesn't know"""
    return Boot('stress', kernel=k, machine=f'{machine}memory 1G 2G\n', smp=4, hot=1280,
                cost=60 + 2 * STRESS_SECONDS,
                env={'base': 2 * GB, 'known': 1024, 'seconds': STRESS_SECONDS, 'lazy_guards': int('public' not in machine)})


def rmi_host(k):
    """What it says of a host that is healthy, of one that had tables made, of one with untracked memory, of one without RMM."""
    def boot(reason, letters, **more):
        return Boot('rmi-host', kernel=k, env={'reason': reason, 'letters': letters}, **more)

    return {
        'healthy': boot('ok', 'PPP', ram='3G', machine=f'dialect beta3\n{DRAM}'),
        'dynamic': boot('ok', 'HHH', ram='3G', machine=f'dialect beta3\n{DRAM}{NEWBORN}'),
        'untracked': boot('not-tracked', 'PPPt', ram='4G',
                          machine=f'dialect beta3\nmemory 1G 4G\ntracking 4G 1G none\n{STUBBORN}'),
        'no-rmm': boot('no-rmm', '-', machine=f'{DRAM}flag absent\n'),
    }


def kvm_modes(k):
    """Kernels that run KVM otherwise than in the host's own exception level: themselves they are at EL1 then."""
    return {f'kvm-{mode}': Boot('rmi-host', kernel=k, ram='3G', machine=f'dialect beta3\n{DRAM}{NEWBORN}', env={
        'reason': 'ok', 'letters': 'HHH', 'kvm-arm.mode': mode, 'mode': mode}) for mode in ('nvhe', 'protected')}


def autumn(k):
    """Memory maps that the RMM of autumn allows: a hole in a region; DRAM that begins inside one; device memory, then DRAM."""
    def boot(banks, least, more='', **rest):
        return Boot('dynamic', kernel=k, env={'least': least << 19, 'par': 1, 'warm': 2, 'more': 2}, cost=10,
                    memory=[(base, size) for base, size, category in banks if not category], **rest,
                    machine=AUTUMN + more + ''.join(f'memory {base} {size} {category}\n' for base, size, category in banks))

    inside = (0x40200000, GB - (2 << 20), '')
    return {
        'autumn-hole': boot([(GB, GB // 2, ''), (0x70000000, GB // 4, ''), (2 * GB, GB, '')], 2, ram='2G'),
        'autumn-inside': boot([inside], 1, AUTUMN_ODD),
        'autumn-device': boot([(GB, 2 << 20, 'device-coh'), inside], 2),
        # One page in a hundred is refused for good
        'autumn-refuses': boot([(GB, 3 * GB, '')], 3, 'refuse-every 100\n', ram='3G'),
        'autumn-blocked': refused(k, 'blocked', 'RMI_GRANULE_TRACKING_SET_0x80000000:_BLOCKED_for_1000_ms', 'active', ram='2G',
                                  machine=f'{AUTUMN}{DRAM}flag born-active\nblocked 2G 1G\n'),
        'autumn-hotplug': Boot('hotplug-dynamic', kernel=k, hot=3072, cost=60, env={'rounds': 2},
                               machine=f'{AUTUMN}memory 1G 6G\n'),
        'autumn-consumer': Boot('consumer', kernel=k, env={'cover': 'eager'}, machine=f'{AUTUMN}{DRAM}{AUTUMN_ODD}hashes 7\n'),
    }


def drivers(k):
    """Beside the kernel's own driver of the RMI: what it has, and what it gave up."""
    def beside(driver, owner, machine, **env):
        return Boot('kernel-driver', kernel=k, machine=machine, env={'driver': driver, 'owner': owner} | env)

    has_it = beside('available', 'kernel', 'dialect beta3\nmemory 1G 2G\n', known=1024)
    has_it.hot, has_it.cost = 1280, 15
    return {
        'driver-has-it': has_it,
        'driver-gave-up': beside('gave-up', 'this-module', f'dialect beta3\n{DRAM}flag host-pays\n', lends=1),
        'driver-gave-up-tables': beside('gave-up', 'this-module', f'dialect beta3\n{DRAM}flag host-tables\n', lends=1),
        'driver-stuck': beside('stuck', 'adopted', f'dialect public\n{DRAM}'),
        'driver-too-late': beside('gave-up', 'adopted', f'dialect beta3\n{DRAM}flag born-active\nactive-granule '
                                  f'{page_of(k) >> 10}k\n'),
    }


def is_61(k):
    return k.partition('-')[0] in ('6.1', DEBUG, LARGE)


def page_of(k):
    """The bytes of a page."""
    return (64 if k == LARGE else 16 if k.endswith('-16k') else 4) << 10


def departures(k, dialect, more='', lends=0):
    """Ways to leave a kernel, and what is found afterwards."""
    def leave(script, env, **rest):
        # Debian's kernels of 6.12 oops in kexec and in resume where they have 52-bit addresses
        return Boot(script, kernel=k, machine=f'dialect {dialect}\n{DRAM}{more}', cpu='' if is_61(k) else 'lpa2=off',
                    env={'lends': lends, 'deactivates': int(dialect == 'beta3')} | env, **rest)

    def hibernate(how, **rest):
        return leave('hibernate', {'how': how, **rest.pop('env', {})}, disk=512, **rest)

    ways = {
        'kexec': leave('kexec', {'stage': 1, 'checks_before': '00'}, files=True),
        'reboot': leave('reboot', {}, disk=1, reboots=1),
        'hibernate': hibernate('loaded', again={'stage': 2}),
        # One CPU makes decompression twice as fast, in QEMU
        'hibernate-off': hibernate('off', again={'stage': 2}, smp=1),
        # Without compression the defect can be made. A kernel that resumes from such an image warns about itself.
        'hibernate-refused': hibernate('refused', again={'stage': 2}, env={'hibernate': 'nocompress'}),
    }
    if not is_61(k):
        # 6.1 can't: the disk is busy being swap when it looks for its image there
        ways['hibernate-test'] = hibernate('test')
    return ways


def crashes(k, machine):
    """What becomes of a dump: with pages of a consumer's own out, which nothing marks, and without."""
    def crash(by, own, log=(), **rest):
        # What the log must have: the first kernel as it crashes, and how it ends that dd reads without the index
        return Boot('vmcore', kernel=k, machine=machine, ram='512M', cpu='' if is_61(k) else 'lpa2=off', files=True, keeps=True,
                    cost=30, blames=('Kernel panic - not syncing: sysrq triggered crash', *log), **rest,
                    env={'by': by, 'own': own, 'crashkernel': '160M', 'stage': 1, 'checks_before': '00', 'room': '_' * 200})

    boots = {'vmcore': crash('dd', 64, log=('Unable to handle kernel',))}
    # Debian 12's makedumpfile doesn't know addresses of 52 bits
    if is_61(k):
        boots |= {'vmcore-makedumpfile': crash('makedumpfile', 64, images=('makedumpfile',)),
                  'vmcore-marked': crash('makedumpfile', 0, images=('makedumpfile',))}
    return boots


def of_kernel(k):
    """The boots of one kernel."""
    page = page_of(k)
    # What these holes add to the kernel's list of memory in whole pages; the list doesn't say that they are holes
    nomap = sum(max(0, (b + s) // page * page + -b // page * page) for b, s in NOMAP)
    all_boots = {}
    for d in DIALECTS:
        all_boots[f'static-{d}'] = healthy(k, d)
        all_boots[f'static-{d}-odd'] = healthy(k, d, ram='3G', memory=ODD, nomap=NOMAP, env={'nomap': nomap}, smp=1)
    # What doesn't differ between kernels is tried in all dialects on one of them
    for d in DIALECTS if k in (KERNELS[0], DEBUG) else ('beta3',):
        all_boots[f'untracked-{d}'] = refused(
            k, 'not-tracked', '0x100000000-0x[0-9a-f]*_none', 'active' if d != 'beta3' else 'init', ram='4G',
            machine=f'dialect {d}\nmemory 1G 4G\ntracking 4G 1G none\n{STUBBORN}')
        all_boots[f'coarse-{d}'] = refused(
            k, 'not-fine', '0x[4-7][0-9a-f]*-0x[0-9a-f]*_coarse', 'active' if d != 'beta3' else 'init',
            machine=f'dialect {d}\n{DRAM}tracking 1G 1G coarse\n{STUBBORN}')
        all_boots[f'device-{d}'] = refused(
            k, 'not-conventional', '0x40000000-0x[0-9a-f]*_device-coherent', 'active' if d != 'beta3' else 'init',
            machine=f'dialect {d}\n{DRAM}tracking 1G 1G fine device-coh\n')
    for d in DIALECTS[1:]:
        all_boots[f'no-table-{d}'] = refused(
            k, 'no-gpt', "0x40000000-0x80000000_.*", 'active' if d != 'beta3' else 'init',
            machine=f'dialect {d}\n{DRAM}par 1G 1G reserved\n')
        all_boots[f'dynamic-{d}'] = Boot('dynamic', kernel=k, ram='4G', env={'least': GB // page},
                                         machine=f'dialect {d}\nmemory 1G 5G\n{NEWBORN}')
        all_boots[f'hotplug-dynamic-{d}'] = Boot('hotplug-dynamic', kernel=k, hot=3072, cost=60,
                                                 env={'rounds': 2 if (k, d) == ('6.1', 'beta3') else 1},
                                                 machine=f'dialect {d}\nmemory 1G 6G\n{NEWBORN}')
        all_boots[f'consumer-{d}'] = Boot('consumer', kernel=k, env={'cover': 'eager'},
                                          machine=f'dialect {d}\n{DRAM}{NEWBORN}hashes 7\n')
    # One that gives and takes in the oddest ways
    all_boots['dynamic-odd'] = Boot('dynamic', kernel=k, ram='3G', memory=ODD, env={'least': GB // page},
                                    machine=f'dialect beta3\nmemory 1G 3G\n{NEWBORN}flag partial\nflag continues\n'
                                            'flag gives-up\nflag reuses-handles\nflag returns-undelegated\n')
    # No Realm runs over the tests' firmware: it is made and unmade, or there are none
    for name, machine in {'public': f'dialect public\n{DRAM}', 'none': f'dialect public\n{DRAM}flag no-realms\n',
                          'odd': f'dialect beta3\n{DRAM}{NEWBORN}hashes 7\nrecs-order 4\nflag continues\nflag realm-pages\nflag partial\n'}.items():
        all_boots[f'prove-{name}'] = Boot('prove', kernel=k, env={'realms': int(name != 'none')}, machine=machine)
    all_boots['consumer-lazy'] = Boot('consumer', kernel=k, env={'cover': 'lazy'},
                                      machine=f'dialect beta3\n{DRAM}{NEWBORN}hashes 7\n')
    all_boots['vacate'] = Boot('vacate', kernel=k, hot=256, env={'base': 2 * GB},
                               machine=f'dialect beta3\n{DRAM}flag host-pays\n')
    # A table for 512 GB is one piece of 64 MB; with larger granules it is no more than the kernel itself has in one piece
    if page == 4096:
        all_boots['pressure'] = Boot('pressure', kernel=k, env={'want': 512 * GB // page // 2},
                                     machine=f'dialect beta3\n{DRAM}{NEWBORN}l0gptsz 512G\npps 48\n')
    all_boots |= {
        'long-answers': healthy(k, 'beta3', 'flag long-answers\n', smp=1),
        'large-pars': healthy(k, 'beta3', 'l0gptsz 512G\npps 48\n', env={'l0gpt_size': 512 * GB}, smp=1),
        'active-before': healthy(k, 'public', f'flag born-active\nactive-granule {page >> 10}k\n', env={'adopted': 1}, smp=1),
        'active-before-beta3': healthy(k, 'beta3', f'flag born-active\nactive-granule {page >> 10}k\n',
                                       env={'adopted': 1, 'deactivates': 0}, smp=1),
        'active-with-another-granule': refused(
            k, 'granule-size', 'kernel_pages_are_of_.*_size_code_2', 'unknown',
            machine=f'dialect beta3\n{DRAM}flag born-active\nactive-granule 64k\n'),
        'granule-not-offered': refused(
            k, 'granule-size', f'kernel_pages_are_of_{page >> 10}_KB,_RMM_offers_64', 'unknown',
            machine=f'dialect beta3\n{DRAM}granules 64k\n'),
        'no-rmm': refused(k, 'no-rmm', 'nobody_answers_RMI_VERSION', 'none', machine=f'{DRAM}flag absent\n'),
        'revision': refused(k, 'revision', 'RMM_offers_1.0', 'unknown', machine=f'{DRAM}revision 1.0 1.0\n'),
        'no-rme': refused(k, 'no-rme', '2_of_2_CPUs_without_FEAT_RME', 'none', machine=DRAM, rme=False, smp=2),
        # What kexec puts on the command line of a crash kernel, which thereby is one; there is no such header
        'crash-kernel': Boot('unavailable', kernel=k, machine=f'dialect beta3\n{DRAM}{NEWBORN}', env={
            'reason': 'crash-kernel', 'detail': 'this_kernel_takes_the_dump_of_one_that_crashed', 'state': 'none',
            'elfcorehdr': '0x50000000'}),
        'hvc': refused(k, 'no-smc-conduit', '.*', 'none', hvc=True),
        'busy': healthy(k, 'beta3', 'fault RMI_GRANULE_TRACKING_GET skip 0 count 20 x0=10\n'
                                    'fault RMI_RMM_ACTIVATE skip 0 count 20 x0=10\n'),
        'busy-for-ever': refused(k, 'no-answer', 'RMI_GRANULE_TRACKING_GET_.*_BUSY_for_1000_ms', 'init',
                                 machine=f'dialect beta3\n{DRAM}fault RMI_GRANULE_TRACKING_GET skip 0 count forever x0=10\n'),
        'reload': Boot('reload', kernel=k, machine=f'dialect beta3\n{DRAM}'),
        # Four GB known to the RMM, of which Linux has one; the last one is without a table
        'gpf': Boot('gpf', kernel=k, machine='dialect beta3\nmemory 1G 4G\npar 4G 1G host-not-created\n', smp=4,
                    env={'par': 4 * GB}),
        'cpus': Boot('cpus', kernel=k, machine=f'dialect beta3\n{DRAM}', smp=4),
    }
    all_boots |= drivers(k)
    if page == 4096:
        all_boots |= autumn(k)
    # A live update as the RMM has got its first pages for a tracking region, with 4 KB pages: another RMM takes over
    if k == KERNELS[0]:
        for name, revision, offers in ('update', 'same', '2.0 2.1'), ('update-revision', 'other', '2.1 3.0'):
            all_boots[name] = Boot('update', kernel=k, env={'revision': revision}, machine=(
                f'dialect beta3\n{DRAM}{NEWBORN}update 13\nupdate-ns 150000000\nupdate-revision {offers}\n'))
    # Of the kernels, it sees no more than the module's files
    if k == KERNELS[0]:
        all_boots |= {f'rmi-host-{name}': boot for name, boot in rmi_host(k).items()}
    if k in (KERNELS[0], 'sid'):
        all_boots |= kvm_modes(k)
    if k != DEBUG:
        all_boots['observe'] = Boot('observe', kernel=k, machine=f'dialect beta3\n{DRAM}{NEWBORN}')
        all_boots['rights'] = Boot('rights', kernel=k, env={'available': 1}, machine=f'dialect beta3\n{DRAM}{NEWBORN}')
        all_boots['rights-unavailable'] = Boot('rights', kernel=k, env={'available': 0}, ram='4G',
                                               machine=f'dialect beta3\nmemory 1G 4G\ntracking 4G 1G none\n{STUBBORN}')
        all_boots['lockdown'] = Boot('lockdown', kernel=k, env={'lockdown': 'integrity'}, machine=f'dialect beta3\n{DRAM}')
        all_boots |= crashes(k, f'dialect beta3\n{DRAM}{NEWBORN}')
    # Next to what is lent
    all_boots['zeropad'] = Boot('zeropad', kernel=k, hot=256, env={'base': 2 * GB, 'links': 1500}, cost=30,
                                machine=f'dialect beta3\nmemory 1G 3G\n{NEWBORN}')
    # ... where the RMM refuses some pages, and keeps others
    all_boots['zeropad-lost'] = Boot('zeropad', kernel=k, hot=256, env={'base': 2 * GB, 'links': 1500, 'lost': 1}, cost=30, keeps=True,
                                     machine=f'dialect beta3\nmemory 1G 3G\n{NEWBORN}refuse-every 100\n'
                                             'fault RMI_GRANULE_RANGE_UNDELEGATE skip 20 count 7 x0=16\n')
    # Huge pages of 1 GB are of kernels with 4 KB pages
    if page == 4096 and k != DEBUG:
        def huge(gb, **more):
            return Boot('hugepages', kernel=k, ram=f'{gb}G', cost=20, machine=f'dialect beta3\nmemory 1G {gb + 1}G\n{NEWBORN}', **more)

        all_boots |= {'hugepages-6g': huge(6), 'hugepages-12g': huge(12), 'hugepages-churn': huge(6, env={'churn': 150}),
                      'hugepages-2-nodes': huge(8, nodes=2, env={'nodes': 2})}
    if k in (KERNELS[0], DEBUG):
        all_boots['fleet'] = Boot('fleet', kernel=k, env={'available': 1, 'reason': 'ok'}, machine=f'dialect beta3\n{DRAM}{NEWBORN}')
        all_boots['fleet-unavailable'] = Boot('fleet', kernel=k, env={'available': 0, 'reason': 'not-fine'},
                                              machine=f'dialect beta3\n{DRAM}tracking 1G 1G coarse\n{STUBBORN}')
        all_boots['stress'] = stress(k, f'dialect beta3\n{NEWBORN}')
        all_boots['stress-public'] = stress(k, 'dialect public\n')
        # One that says SUCCESS to what is delegated already
        all_boots['stress-autumn'] = stress(k, f'{AUTUMN}{AUTUMN_ODD}')
        all_boots |= {f'{name}-beta3': boot for name, boot in departures(k, 'beta3').items() if name != 'hibernate-off'}
        # An RMM that has no way back
        all_boots |= {f'{name}-public': boot for name, boot in departures(k, 'public').items()
                      if name in ('kexec', 'reboot', 'hibernate-off')}
    # An RMM that has to be lent memory, all of it to be given back in time
    all_boots |= {f'{name}-dynamic': boot for name, boot in departures(k, 'beta3', NEWBORN, lends=1).items()}
    for d in DIALECTS:
        all_boots[f'hotplug-{d}'] = Boot('hotplug', kernel=k, hot=1536, env={'known': 1024},
                                         machine=f'dialect {d}\nmemory 1G 2G\n')
    return all_boots


# What `make check` leaves to `make check-all` on the first kernel: dialects in which the module's answer is the same, and
# which the unit tests try as well, each for each reason; and machines that are larger, or leave less to give back, than
# others which do the same
SAME = ('untracked-public', 'untracked-beta1', 'coarse-public', 'coarse-beta1', 'device-public', 'device-beta1', 'no-table-beta1',
        'autumn-refuses', 'autumn-blocked', 'autumn-hotplug', 'autumn-consumer', 'stress-autumn', 'stress-public', 'hugepages-12g',
        'kexec-beta3', 'reboot-beta3', 'hibernate-beta3', 'hibernate-refused-beta3', 'update-revision',
        'consumer-beta1', 'vmcore-makedumpfile', 'vmcore-marked', 'hotplug-beta1', 'hotplug-dynamic-beta1', 'static-public-odd', 'static-beta1-odd')

# And what of the others is in `make check`: where the module calls what the kernel has changed since, or what counts in pages
DIFFER = {
    '6.12': (
        'zeropad', 'hugepages-6g',  # what the kernel does with strings, and where the allocator has memory
        'static-beta3',             # platform device, sysfs, memblock and module loader
        'dynamic-beta3',            # alloc_contig_range() and PageOffline
        'autumn-hole',              # where each has memory
        'untracked-beta3',          # a refusal, whatever it is for
        'hotplug-beta3',            # notifiers
        'vacate',                   # pages that are isolated and replaced
        'consumer-beta3',           # exported symbols, and their namespace
        'cpus', 'gpf',              # workers on CPUs that go; faults, as that kernel reports them
        'observe',                  # tracepoints, uevents and debugfs
        'rights', 'lockdown',       # what it lets whom see
        'kexec-dynamic', 'hibernate-dynamic'),      # syscore and PM, LPA2
    '6.12-16k': (
        'static-beta3', 'static-public-odd', 'static-beta3-odd',    # what is RAM, in whole pages
        'dynamic-beta3', 'dynamic-odd',                             # regions of 32 MB, tables of many pages
        'untracked-beta3',
        'granule-not-offered', 'active-with-another-granule', 'active-before-beta3',    # granules that are pages, or aren't
        'hotplug-dynamic-beta3', 'vacate',                          # memory blocks of other sizes
        'consumer-beta3', 'gpf',                                    # granules that are delegated
        'kexec-dynamic'),
}

QUICK = ('static-beta3', 'dynamic-beta3', 'untracked-beta3')


def all_boots():
    """All of them, by name."""
    return {f'{k}/{name}': boot for k in KERNELS for name, boot in of_kernel(k).items()}


def boots():
    """Those of `make check`."""
    chosen = {f'{KERNELS[0]}/{name}': boot for name, boot in of_kernel(KERNELS[0]).items() if name not in SAME}
    for k, names in DIFFER.items():
        of_this = of_kernel(k)
        chosen |= {f'{k}/{name}': of_this[name] for name in names}
    return chosen


def quick_boots():
    """Those of `make check-quick`: one that costs nothing, one that has to be paid for, one that is refused."""
    of_first = of_kernel(KERNELS[0])
    return {f'{KERNELS[0]}/{name}': of_first[name] for name in QUICK}


# Of the boots of a kernel, those that find what differs between kernels
SAMPLE = ('static-beta3', 'static-public', 'dynamic-beta1', 'dynamic-beta3', 'untracked-beta3', 'no-rmm', 'hotplug-beta3',
          'consumer-beta3', 'vacate', 'reload', 'zeropad', 'kvm-nvhe', 'kvm-protected', 'kexec-dynamic', 'reboot-dynamic',
          'hibernate-dynamic', *drivers(''))


# ... and with pages of 64 KB: a memory block is 512 MB there, which is more than other boots add
LARGE_SAMPLE = ('static-beta3', 'static-public', 'dynamic-beta1', 'dynamic-beta3', 'untracked-beta3', 'no-rmm', 'hotplug-dynamic-beta3',
                'consumer-beta3', 'reload', 'kexec-dynamic', 'reboot-dynamic', 'hibernate-dynamic')


def matrix_boots(k):
    """Those of `make check-kernels` on one kernel: one that needs nothing of ours, and the others."""
    page = page_of(k)
    first = Boot('kernel', kernel=k, env={'page': page, 'rt': int(k.endswith('-rt'))}, machine=f'dialect beta3\n{DRAM}')
    chosen = {f'{k}/{name}': boot for name, boot in of_kernel(k).items() if name in (LARGE_SAMPLE if k == LARGE else SAMPLE)}
    for boot in chosen.values():
        # Dozens of rounds are `make check`'s, or of pages so large that few are lent, and few are freed late
        if boot.script == 'dynamic':
            boot.env = boot.env | {'more': 40 if k == LARGE else 10}
    return first, chosen


# Of the boots of a kernel, those in which the debug kernel runs other code of the module; and of them, those of `make
# check`, in which locks, memory or what is freed late have something to show. That kernel is slow.
DEBUGGED = (
    'static-beta3', 'static-public', 'coarse-beta3', 'no-rmm', 'hvc', 'busy-for-ever', 'dynamic-beta1', 'dynamic-beta3',
    'hotplug-public', 'hotplug-beta3', 'consumer-beta3', 'consumer-lazy', 'vacate', 'pressure', 'reload', 'zeropad',
    'driver-has-it', 'driver-gave-up', 'gpf', 'cpus', 'kexec-dynamic', 'reboot-dynamic', 'hibernate-dynamic')
DEBUGGED_FIRST = ('hotplug-beta3', 'consumer-beta3', 'vacate', 'faults-dynamic', 'locked', 'broken')

# What blames is what the log must have of the faults of tests/guest/broken.c
BLAMES = (r'INFO: task insmod:\d+ blocked', r'kmemleak: \d+ new suspected memory leaks', 'BUG: sleeping function called',
          'WARNING: possible circular locking', 'UBSAN: shift-out-of-bounds', 'BUG: KASAN: use-after-free')

# Scripts of tests/guest that it has no boot for, and why; for `make check`, also those that are in `make check-all` alone
NOT_DEBUGGED = {
    'bench': 'it counts what a kernel takes that finds no faults',
    'demo': 'it tests nothing',
    'fleet': 'a script does with it what it does with the others',
    'kernel': 'it is about the kernels of `make check-kernels`',
    'hotplug-dynamic': 'gigabytes take this kernel minutes; faults does the same with less',
    'lockdown': 'this kernel knows the key of our module: see locked',
    'observe': 'this kernel has no events',
    'packages': 'a Debian with the headers of this kernel there is none: see make check-packages',
    'rmi-host': 'a program that no kernel is changed by',
    'hugepages': 'huge pages of 1 GB are not in this kernel',
    'vmcore': 'it has no crash kernel',
    'update': 'what the RMM says is the same on each kernel',
    'rights': "what it needs of a distribution's kernel isn't in this one",
    'stress': 'its workers keep each other waiting for minutes on this kernel; faults has fewer at once',
}


ONLY_IN_ALL = 'make check-all boots it; what it does, those that are booted do as well'


def debug_boots(files, everything=False):
    """Those of the debug kernel, by name, and why what else is among the `files` of tests/guest isn't booted on it."""
    chosen = {name: boot for name, boot in of_kernel(DEBUG).items() if any(fnmatch.fnmatch(name, p) for p in DEBUGGED)}
    for name, more in (('static', ''), ('dynamic', NEWBORN)):
        chosen[f'faults-{name}'] = Boot('faults', kernel=DEBUG, smp=4, hot=512, env={'rounds': 18 if everything else 6},
                                        cost=300, machine=f'dialect beta3\nmemory 1G 2G\n{more}')
    # The one kernel that knows the key of our module
    chosen['locked'] = Boot('locked', kernel=DEBUG, env={'lockdown': 'integrity'},
                            machine=f'dialect beta3\nmemory 1G 2G\n{NEWBORN}')
    # Whose device is there all the same
    chosen['prove-locked'] = Boot('prove', kernel=DEBUG, env={'lockdown': 'integrity', 'realms': 1},
                                  machine=f'dialect beta3\nmemory 1G 2G\n{NEWBORN}hashes 7\nrecs-order 4\n')
    chosen['broken'] = Boot('broken', kernel=DEBUG, machine=f'dialect beta3\n{DRAM}', blames=BLAMES)
    scripts = {f for f in files if '.' not in f and f not in ('Kbuild', 'init')}
    skipped = {name: NOT_DEBUGGED.get(name, 'no boot is chosen for it')
               for name in sorted(scripts - {boot.script for boot in chosen.values()})}
    if not everything:
        others = {boot.script for boot in chosen.values()}
        chosen = {name: chosen[name] for name in DEBUGGED_FIRST}
        skipped |= {name: ONLY_IN_ALL for name in sorted(others - {boot.script for boot in chosen.values()})}
    for boot in chosen.values():
        # It takes as long for one page as others for a dozen
        if boot.script in ('dynamic', 'reload'):
            boot.ram, boot.env = '1G', boot.env | {'more': 10}
        # An image of all that this kernel keeps of each page
        if boot.script == 'hibernate':
            boot.ram = '640M'
        boot.cost = max(boot.cost, 60)
    return ({f'{DEBUG}/{name}': boot for name, boot in chosen.items()},
            {f'{DEBUG}/{name}': why for name, why in sorted(skipped.items())})
