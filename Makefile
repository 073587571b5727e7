# SPDX-License-Identifier: GPL-2.0-only
#
# make                  build arm_cca_rmi.ko and arm_cca_prove.ko for the running kernel; KDIR=, ARCH= and CROSS_COMPILE= for another
# make install          install it there; make dkms-install: let DKMS build it for each kernel
# make tools            build/tools/rmi-host; make tools-install: with its manual page, to /usr
# make run, make shell  see it at work in a machine of its own (KERNEL=, FIRMWARE=, MACHINE=, QEMU_ARGS=)
# make check            what CI runs; check-build, check-lint, check-unit, check-fuzz, check-coverage, check-bench, check-guest,
#                       check-debug, check-tools and check-fleet are its parts (TESTS='6.1/*' chooses boots, of all)
# make check-quick      while one works: builds, unit tests, lint, three boots
# make check-all        everything there is: also all boots, check-kernels, check-packages, and check-sweep, the whole fault sweep
# make dist             build/arm-cca-rmi-VERSION.tar.xz; make check-packages: it, .deb and .rpm, and a Debian that installs them
# make check-kernels    module and boots on all kernels that Debian has; UPDATE=1 writes what came out into Documentation/develop.md
# make fuzz             the fuzzers for an hour, or for SECONDS=; make coverage: which lines of src/ the unit tests reach
# make check-mutants    small faults in src/, and which of them the unit tests notice (N=, SEED=, FILES=, ALL=1)
# make bench            how many commands it takes, beside others: a table, build/bench.csv, build/bench.svg
# make soak             all at once for ten minutes, or for SECONDS=
# make fleet-install    what tells a fleet, and loads the module at boot: see Documentation/fleet.md; make fleet-remove
# make htmldoc          what the sources' comments and Documentation/ABI say, rendered to build/htmldoc

KDIR ?= /lib/modules/$(shell uname -r)/build
KERNEL ?= 6.1
version := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
dkms_src := $(DESTDIR)/usr/src/arm-cca-rmi-$(version)

export DESTDIR FIRMWARE MACHINE QEMU_ARGS QEMU TESTS

# A kernel that clang built takes no modules of gcc's
ifneq ($(shell grep -s '^CONFIG_CC_IS_CLANG=y' '$(KDIR)/include/config/auto.conf'),)
llvm := LLVM=$(or $(LLVM),1)
endif

has_space := $(or $(filter-out 1,$(words $(CURDIR))),$(findstring :,$(CURDIR)))

modules: path
	@[ -e "$(KDIR)/Makefile" ] || { echo "no kernel headers in $(KDIR): install this kernel's (Debian:" \
		"linux-headers-arm64), or name others by KDIR=" >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(llvm) modules

path:
	$(if $(has_space),$(error the kernel's build can't cope with a space or a colon in a path: move $(CURDIR)))
	@:

install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(llvm) modules_install

dkms-install:
	tests/host/dkms install "$(dkms_src)"

dkms-remove:
	tests/host/dkms remove "$(dkms_src)"

tools:
	@$(MAKE) -s -C src/tools O=../../build/tools

# DESTDIR as it is to be named from there
tools-install: tools
	@$(MAKE) -s -C src/tools O=../../build/tools DESTDIR="$(if $(filter-out /%,$(firstword $(DESTDIR))),../../)$(DESTDIR)" install

# A file of src/fleet, and what it becomes where
fleet := \
	rmi-fleet:usr/sbin/rmi-fleet:755 \
	rmi-fleet.8:usr/share/man/man8/rmi-fleet.8:644 \
	rmi-fleet.service:usr/lib/systemd/system/rmi-fleet.service:644 \
	rmi-fleet.timer:usr/lib/systemd/system/rmi-fleet.timer:644 \
	60-rmi-fleet.rules:usr/lib/udev/rules.d/60-rmi-fleet.rules:644 \
	modules-load.conf:usr/lib/modules-load.d/arm_cca_rmi.conf:644 \
	modprobe.conf:usr/lib/modprobe.d/arm_cca_rmi.conf:644 \
	node-feature-rule.yaml:usr/share/rmi-fleet/node-feature-rule.yaml:644
part = $(word $(2),$(subst :, ,$(1)))

fleet-install:
	$(foreach f,$(fleet),install -D -m $(call part,$(f),3) src/fleet/$(call part,$(f),1) "$(DESTDIR)/$(call part,$(f),2)" &&) :

# Before what could do it is gone. With DESTDIR: what was told there
fleet-remove:
	RMI_ROOT="$(DESTDIR)" src/fleet/rmi-fleet remove
	rm -f $(foreach f,$(fleet),"$(DESTDIR)/$(call part,$(f),2)")

run shell: %: path
	@tests/host/need build boot
	@tests/host/prepare $(KERNEL)
	@tests/host/boot.py $@ $(KERNEL)

parts := build lint unit sweep tools fleet fuzz coverage bench guest debug

check:
	@tests/host/check.py $(parts)

check-quick:
	@tests/host/check.py --quick build lint unit guest

check-all:
	@SWEEP_ALL=1 tests/host/check.py --all $(parts) kernels packages

check-sweep:
	@SWEEP_ALL=$(or $(SWEEP_ALL),1) tests/host/check.py sweep

check-build check-lint check-unit check-tools check-fleet check-fuzz check-coverage check-bench check-guest check-debug check-kernels check-packages: check-%:
	@tests/host/check.py $*

dist:
	@tests/host/dist

bench:
	@tests/host/need unit bench build boot
	@$(MAKE) -s -C tests/bench O=$(CURDIR)/build/bench run
	@tests/host/prepare $(KERNEL)
	@tests/host/bench.py $(KERNEL)

fuzz:
	@tests/host/fuzz $(or $(SECONDS),3600)

coverage:
	@tests/host/coverage

# N, SEED and ALL come by the environment
check-mutants: export N := $(N)
check-mutants: export SEED := $(SEED)
check-mutants: export ALL := $(ALL)
check-mutants:
	@tests/host/need unit mutants
	@tests/host/mutants $(FILES)

htmldoc:
	@tests/host/htmldoc

soak:
	@tests/host/need build boot
	@tests/host/prepare $(KERNEL)
	@STRESS_SECONDS=$(or $(SECONDS),600) tests/host/boot.py test '$(KERNEL)/stress*'

clean:
	rm -rf build
	$(if $(has_space),,$(if $(wildcard $(KDIR)),$(MAKE) -C $(KDIR) M=$(CURDIR) clean))

.PHONY: modules path install dkms-install dkms-remove tools tools-install fleet-install fleet-remove htmldoc run shell check check-quick check-all check-sweep \
	check-build check-lint check-unit check-tools check-fleet check-fuzz check-coverage check-bench check-guest check-debug check-kernels \
	check-packages check-mutants dist bench fuzz coverage soak clean
