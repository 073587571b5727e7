# SPDX-License-Identifier: GPL-2.0-only
# What the test scripts share. Results go out as KTAP through the kernel's log: so they are in one stream with what the
# kernel says, line by line.
# shellcheck shell=dash

rmi=/sys/firmware/rmi
module=arm_cca_rmi
checks=0

say() {
	echo "$*" >/dev/kmsg
}

result() { # ok|not ok, DESCRIPTION
	checks=$((checks + 1))
	say "$1 $checks $2"
}

check() { # DESCRIPTION COMMAND...
	local what=$1

	shift
	if "$@" >/tmp/out 2>&1; then
		result ok "$what"
	else
		head -n 5 /tmp/out | while read -r line; do say "# $line"; done
		result 'not ok' "$what"
	fi
}

is() { # DESCRIPTION VALUE EXPECTED
	if [ "$2" = "$3" ]; then
		result ok "$1"
	else
		say "# is '$2', expected '$3'"
		result 'not ok' "$1"
	fi
}

nothing() { # FILE: has nothing in it
	! grep . "$1"
}

# For as long as it takes: a machine that does nothing is given up by boot.py
wait_until() { # COMMAND...
	until "$@"; do
		usleep 20000
	done
}

# How many memory blocks there are
blocks_are() { # NUMBER
	local number=$1

	set -- /sys/devices/system/memory/memory[0-9]*
	[ $# = "$number" ]
}

# is() for each sysfs file that is named: FILE=VALUE...
files() {
	local f

	for f; do
		is "${f%%=*} is ${f#*=}" "$(cat "$rmi/${f%%=*}")" "${f#*=}"
	done
}

# For the line that all boots together close with
count() { # WHAT NUMBER
	say "@count $1 $2"
}

# What a kernel that looks for leaks says of them: an object has leaked that nothing points at in two scans, and that is
# older than five seconds
leaks=/sys/kernel/debug/kmemleak
no_leaks() {
	echo scan >$leaks
	sleep 6
	echo scan >$leaks
	cat $leaks >/tmp/leaks
	head -n 40 /tmp/leaks | while read -r line; do say "# $line"; done
	! grep -q . /tmp/leaks
}

# Of a kernel that looks for faults: it is to find none here, and to have looked to the end. What it finds on the way,
# boot.py reads in its log.
detectors() {
	[ ! -e $leaks ] || check 'nothing has leaked' no_leaks
	[ ! -e /proc/lockdep_stats ] || check 'locks are still watched' grep -q 'debug_locks: *1' /proc/lockdep_stats
}

# With what each CPU keeps in stock, which with 16 KB pages is a hundred megabytes and more, and comes and goes
free_kb() {
	echo 3 >/proc/sys/vm/drop_caches
	awk -v kb=$(($(getconf_pagesize) / 1024)) '/^MemFree/ { n += $2 } /^ *count:/ { n += $2 * kb } END { print n }' \
		/proc/meminfo /proc/zoneinfo
}

check_free() { # DESCRIPTION KILOBYTES: not as much less of it is free $after than $before
	if [ -e /sys/kernel/debug/kmemleak ]; then
		say "ok $((checks += 1)) $1 # SKIP this kernel frees late what was used; it looks for leaks by itself"
	else
		check "$1" [ $((before - after)) -lt "$2" ]
	fi
}

finish() {
	[ ! -e $rmi/memory_lost ] || count lost "$(cat $rmi/memory_lost)"
	detectors
	say "1..$checks"
}

load() {
	insmod /modules/$module.ko "$@"
}

unload() {
	rmmod $module
}

# Lines of the module since this was called last, without what newer kernels say of every module that isn't theirs
our_lines() {
	dmesg | grep -c "^$module: [^l]*[^:]*" || :
}

# Bytes that the kernel's own boot-time list of memory and its list of memory blocks make, in whole pages: no part of what
# the module looks at. $nomap: bytes of holes that the device tree made in it.
ram_bytes() {
	local sum=0 start end page line

	page=$(getconf_pagesize)
	while read -r line; do
		line=${line#*: }
		line=${line%% *}
		start=$((${line%%..*}))
		end=$((${line##*..} + 1))
		start=$(((start + page - 1) / page * page))
		end=$((end / page * page))
		[ $end -le $start ] || sum=$((sum + end - start))
	done </sys/kernel/debug/memblock/memory
	echo $((sum - ${nomap:-0}))
}

getconf_pagesize() {
	# of the first mapping of process 1
	awk '/^KernelPageSize/ { print $2 * 1024; exit }' /proc/1/smaps
}

online_blocks() {
	grep -l online /sys/devices/system/memory/memory*/state | wc -l
}

truth() { # NAME: what the model RMM itself says
	sed -n "s/^$1 //p" /proc/rmm_truth
}
