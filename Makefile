# SPDX-License-Identifier: GPL-2.0-only
#
# make                  build arm_cca_rmi.ko for the running kernel; KDIR=, ARCH= and CROSS_COMPILE= for another
# make install          install it there; make dkms-install: let DKMS build it for each kernel
# make run, make shell  see it at work in a machine of its own (KERNEL=, FIRMWARE=, MACHINE=, QEMU_ARGS=)
# make check            all tests; check-build, check-lint, check-unit, check-fuzz, check-coverage, check-bench, check-guest
#                       and check-debug are its parts (TESTS='6.1/*' chooses boots)
# make check-kernels    module and boots on all kernels that Debian has; UPDATE=1 writes what came out into README.md
# make fuzz             the fuzzers for an hour, or for SECONDS=; make coverage: which lines of src/ the unit tests reach
# make bench            how many commands it takes, beside others: a table, build/bench.csv, build/bench.svg
# make soak             all at once for ten minutes, or for SECONDS=

KDIR ?= /lib/modules/$(shell uname -r)/build
KERNEL ?= 6.1
version := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
dkms_src := $(DESTDIR)/usr/src/arm-cca-rmi-$(version)

export DESTDIR FIRMWARE MACHINE QEMU_ARGS QEMU TESTS

modules:
	@[ -e "$(KDIR)/Makefile" ] || { echo "no kernel headers in $(KDIR): install this kernel's (Debian:" \
		"linux-headers-arm64), or name others by KDIR=" >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

dkms-install:
	tests/host/dkms install "$(dkms_src)"

dkms-remove:
	tests/host/dkms remove "$(dkms_src)"

run shell: %:
	@tests/host/need build boot
	@tests/host/prepare $(KERNEL)
	@tests/host/boot.py $@ $(KERNEL)

check:
	@tests/host/check build lint unit fuzz coverage bench guest debug

check-build check-lint check-unit check-fuzz check-coverage check-bench check-guest check-debug check-kernels: check-%:
	@tests/host/check $*

bench:
	@tests/host/need unit bench build boot
	@$(MAKE) -s -C tests/bench O=$(CURDIR)/build/bench run
	@tests/host/prepare $(KERNEL)
	@tests/host/bench.py $(KERNEL)

fuzz:
	@tests/host/fuzz $(or $(SECONDS),3600)

coverage:
	@tests/host/coverage

soak:
	@tests/host/need build boot
	@tests/host/prepare $(KERNEL)
	@STRESS_SECONDS=$(or $(SECONDS),600) tests/host/boot.py test '$(KERNEL)/stress*'

clean:
	rm -rf build
	$(if $(wildcard $(KDIR)),$(MAKE) -C $(KDIR) M=$(CURDIR) clean)

.PHONY: modules install dkms-install dkms-remove run shell check check-build check-lint check-unit check-fuzz check-coverage check-bench check-guest \
	check-debug check-kernels bench fuzz coverage soak clean
