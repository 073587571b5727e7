# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lint_analysers.sh - what tests/host/lint lets the analysers look at, and how. To be sourced by it alone.
# shellcheck disable=SC2034,SC2154 # the variables of both

kernel_scripts() {
	echo "$("$here/kernel" source)/scripts"
}

# How src/ is compiled in user space, and all else that comes after it there
user_space() {
	[ -e "$tmp/unit/include" ] || make -s -C tests/unit "O=$tmp/unit" headers
	flags=(-std=gnu11 -Iinclude -Itests/rmm "-I$tmp/unit/include" -Itests/shim '-DCCA_RMI_VERSION="unit"')
}

# How what is for user space is compiled
tools_flags=(-std=gnu11 -D_GNU_SOURCE '-DRMI_HOST_VERSION="lint"')

flags_of() { # FILE: sets f, and preprocessor
	preprocessor=(gcc)
	case $1 in
	src/tools/*) f=("${tools_flags[@]}") ;;
	tests/firmware/*)
		f=(--target=aarch64-linux-gnu -std=gnu11 -ffreestanding -mgeneral-regs-only -Iinclude -Itests/rmm)
		preprocessor=(clang)
		;;
	*) f=("${flags[@]}") ;;
	esac
}

# Analysers ------------------------------------------------------------------------------------

# sums FILE...: what is in them; that of standard input besides, so that there is something without a file
sums() {
	sha256sum -- "$@" - </dev/null
}

sum_file() { # FILE
	sums "$1"
}

# With all that it includes, the C library's headers as well
sum_c() { # FILE
	local includes

	flags_of "$1"
	includes=$("${preprocessor[@]}" "${f[@]}" -M "$1") || return
	# shellcheck disable=SC2046 # names without spaces
	sums $(tr -d '\134' <<<"${includes#*:}")
}

# With the kernel's headers. Debian's two differ in them, and their pages in size: 6.12 with 4 KB pages would be a third of
# the time for nothing new, and the debug kernel has 6.1's headers, and an hour's build before it.
sparse_kernels='6.1 6.12-16k'

sum_sparse() { # KERNEL
	local dir files

	dir=$("$here/kernel" "$1" 2>/dev/null) || return
	mapfile -t files < <(module Kbuild dkms.conf 'src/*.[ch]' 'include/*' 'tests/guest/Kbuild' 'tests/guest/*.c' \
		tests/firmware/truth.h)
	echo "${dir##*/} ${files[*]}"
	sums "${files[@]}"
}

sparse_one() { # KERNEL
	local dir

	dir=$("$here/module" "$1" sparse 2>"$tmp/sparse.$1") || { cat "$tmp/sparse.$1"; return 1; }
	find "$dir/src" -name '*.c' ! -name '*.mod.c' | while read -r c; do
		[ ! -e "${c%.c}.o" ] || echo "$c"
	done | wc -l >"$seen"
}

lint_sparse() {
	version=$(sparse --version; aarch64-linux-gnu-gcc --version 2>/dev/null || gcc --version)
	# shellcheck disable=SC2086 # words
	each sum_sparse sparse_one $sparse_kernels
	looked "$seen" "files of src, for all kernels$before"
}

# The kernel's own, for what can be in a module. Two of the others are in OCaml, which would need a compiler for it (one is
# about an i2c driver, one about 0 for NULL: sparse says so).
cocci_leaves_out=(
	# This is no driver: it has no device of a bus, no node of a device tree, no interrupt, clock, register or network
	api/device_attr_show api/platform_get_irq api/platform_no_drv_owner api/pm_runtime api/resource_size free/clk_put
	free/devm_free free/ifnulldev_put free/iounmap free/pci_free_consistent free/put_device iterators/device_node_continue
	iterators/for_each_child misc/irqf_oneshot misc/newline_in_nl_msg misc/of_table
	# nor a file system, or memory of a user's to copy
	api/d_find_alias api/memdup_user
	# gcc -fanalyzer and clang-analyzer follow pointers across functions
	null/deref_null
	# gcc: -Wtype-limits and -Woverride-init, by -Wextra
	tests/unsigned_lesser_than_zero misc/doubleinit
	# checkpatch: ONE_SEMICOLON, ARRAY_SIZE
	misc/semicolon misc/array_size
	# clang-tidy: misc-redundant-expression
	tests/doubletest
)

# A header may be looked into by any script
sum_cocci() { # FILE
	local headers

	mapfile -t headers < <(all_files 'src/*.h' 'include/*.h')
	readlink -f "$cocci"
	sums "$1" "${headers[@]}"
}

sum_none() { # WORD: nothing is kept of it
	return 1
}

spatch_one() { # SCRIPT
	local options rc=0

	options=$(sed -n 's,^// *Options: *,,p' "$1")
	# shellcheck disable=SC2086 # words
	spatch -D report --no-show-diff --very-quiet --cocci-file "$1" $options \
		--file-groups "$tmp/groups" 2>"$tmp/spatch.${1##*/}" || rc=$?
	[ $rc = 0 ] || cat "$tmp/spatch.${1##*/}"
	return $rc
}

# What it can't parse it passes over in silence: nothing in src, a per-CPU variable in the tests
parse_all() { # FILE...
	spatch --parse-c "$@" >"$tmp/parsed" 2>&1 || :
	grep -q ' pbs = 0; timeout = 0; .* 100%' "$tmp/parsed" || {
		grep -E '^PARSING|NB total|^bad:' "$tmp/parsed" || echo 'not parsed'
	}
}

# All scripts look at all files that have not passed, as many scripts at once as there are CPUs. A pass is one of all scripts.
# cocci_look FILE...: their keys go to $tmp/keys, and those that have not passed to $tmp/groups
cocci_look() { # FILE...
	local f k

	: >"$tmp/groups"
	for f; do
		k=$(key sum_cocci spatch_one "$f")
		if [ -n "$k" ] && [ -s "$kept/$k" ]; then
			touch "$kept/$k"
		else
			printf '%s\n\n' "$f" >>"$tmp/groups"
		fi
		echo "$k $f"
	done >"$tmp/keys"
}

lint_coccinelle() {
	local files scripts new k f

	# Of the tests' own modules one is a collection of bugs, for debug kernels to find
	mapfile -t files < <(module 'src/*.c'; grep -o '[a-z]*\.o\b' tests/guest/Kbuild |
		sed 's,\(.*\)\.o$,tests/guest/\1.c,' | grep -vx tests/guest/broken.c)
	cocci=$(kernel_scripts)/coccinelle
	version=$(spatch --version)
	mapfile -t scripts < <(grep -l '^virtual report' "$cocci"/*/*.cocci | xargs grep -L ':ocaml@' |
		grep -vF "$(printf '%s.cocci\n' "${cocci_leaves_out[@]/#//}")")
	[ ${#scripts[@]} -ge 40 ] || echo "only ${#scripts[@]} scripts"
	cocci_look "${files[@]}"
	mapfile -t new < <(grep . "$tmp/groups")
	if [ ${#new[@]} != 0 ]; then
		{
			parse_all src/*.c
			each sum_none spatch_one "${scripts[@]}"
		} >"$tmp/cocci"
		cat "$tmp/cocci"
		[ -s "$tmp/cocci" ] || while read -r k f; do
			[ -z "$k" ] || [ "$k" != "$(key sum_cocci spatch_one "$f")" ] || {
				echo 1 >"$kept/$k.$$"
				mv "$kept/$k.$$" "$kept/$k"
			}
		done <"$tmp/keys"
	fi
	before=$((${#files[@]} - ${#new[@]}))
	[ "$before" = 0 ] && before='' || before=", $before of ${#files[@]} unchanged since they passed"
	looked ${#files[@]} "files by ${#scripts[@]} scripts$before"
}

analyse_one() { # FILE
	flags_of "$1"
	gcc "${f[@]}" -O1 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers \
		-fanalyzer -fdiagnostics-path-format=separate-events -c -o /dev/null "$1"
}

lint_fanalyzer() {
	local files

	user_space
	mapfile -t files < <(all_files 'src/*.c' 'tests/rmm/*.c' 'tests/shim/*.c')
	version=$(gcc --version)
	each sum_c analyse_one "${files[@]}"
	looked "$seen" "files$before"
}

# Whole families, so that what a newer release adds counts as well, but for
tidy_checks=(
	'-*' 'bugprone-*' 'clang-analyzer-*' 'linuxkernel-*' 'misc-*' 'performance-*' 'portability-*' 'readability-*'
	# the start and end of a range are two numbers next to each other, everywhere
	-bugprone-easily-swappable-parameters
	# strcmp() and memcmp() as truth values are the kernel's style
	-bugprone-suspicious-string-compare
	# names with two underscores are the kernel's, whose stand-ins the shim has, and the linker's
	-bugprone-reserved-identifier
	# constants such as SZ_1G are ints, in products that are 64 bits wide
	-bugprone-implicit-widening-of-multiplication-result
	# signed and unsigned meet as gcc's -Wextra lets them
	-bugprone-narrowing-conversions
	# `while (n--)` and its like with a condition more
	-bugprone-inc-dec-in-conditions
	# memcpy_s() and its like are of a C library that the kernel isn't
	-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling
	# the kernel's headers name others' names, and stand-ins all come from one header
	-misc-include-cleaner
	# callbacks have the parameters that their callers give
	-misc-unused-parameters
	# a physical address comes as a number: the firmware has nothing else
	-performance-no-int-to-ptr
	# style that the kernel's differs from, which checkpatch speaks for
	-readability-avoid-nested-conditional-operator -readability-braces-around-statements
	-readability-function-cognitive-complexity -readability-identifier-length -readability-isolate-declaration
	-readability-magic-numbers -readability-math-missing-parentheses
)

# The firmware prints digits by recursion, and waits for registers to change, which is no loop for ever
tidy_checks_of_firmware=(-misc-no-recursion -bugprone-infinite-loop)

# A static_assert() without a message is the kernel's, whatever clang calls it
tidy_one() { # FILE
	local checks=("${tidy_checks[@]}")

	flags_of "$1"
	[ "${1#tests/firmware/}" = "$1" ] || checks+=("${tidy_checks_of_firmware[@]}")
	clang-tidy --quiet "--checks=$(IFS=,; echo "${checks[*]}")" "--header-filter=$top/(src|include|tests)/" \
		"$1" -- "${f[@]}" -Wno-unknown-warning-option -Wno-c2x-extensions 2>"$tmp/tidy.${1//\//_}" || {
		grep -v 'warnings* .*generated\|^Suppressed\|^Use -header' "$tmp/tidy.${1//\//_}" || :
		return 1
	}
}

lint_clang-tidy() {
	local files

	user_space
	mapfile -t files < <(all_files 'src/*.c' 'tests/rmm/*.c' 'tests/shim/*.c' 'tests/firmware/*.c')
	version=$(clang-tidy --version)
	each sum_c tidy_one "${files[@]}"
	looked "$seen" "files$before"
}

cppcheck_leaves_out=(
	# The kernel declares at the top of a function
	variableScope
	# a & b ? c : d needs no parentheses
	clarifyCalculation
	# -Wshadow isn't the kernel's either: a `set` or a `text` here and there
	shadowFunction shadowVariable
	# An answer that is assigned as a whole through a pointer looks unset to it, from two functions away
	ctuuninitvar:src/granule.c
	# Distances between the symbols that the linker script sets
	comparePointers:tests/firmware/main.c comparePointers:tests/firmware/sram.c
	# tests are called through cmocka's tables, and commands through the model's
	unusedFunction
	# the C library's headers: it knows their functions without
	missingIncludeSystem
	# a test that has no memory ends
	memleakOnRealloc:tests/unit/*
	# said where there is nothing to be said of
	unmatchedSuppression
)

cppcheck_all() { # FLAG... FILE...
	tool cppcheck -q -j "$cpus" --enable=warning,style,performance,portability --std=c11 --platform=unix64 --inline-suppr \
		--error-exitcode=1 --template='{file}:{line}: {severity}: {id}: {message}' \
		"${cppcheck_leaves_out[@]/#/--suppress=}" "$@"
}

# All of a kind at once, as it looks from one file into another
cppcheck_files() { # src|tools
	if [ "$1" = tools ]; then
		all_files 'src/tools/*.c'
	else
		module 'src/*.c' 'tests/rmm/*.c' 'tests/shim/*.c' 'tests/unit/*.c' 'tests/firmware/*.c'
	fi
}

sum_cppcheck() { # src|tools
	local files

	mapfile -t files < <(all_files '*.[ch]')
	echo "${files[*]}"
	sums "${files[@]}"
}

cppcheck_one() { # src|tools
	local files

	mapfile -t files < <(cppcheck_files "$1")
	if [ "$1" = tools ]; then
		cppcheck_all "${tools_flags[@]:1}" "${files[@]}"
	else
		cppcheck_all "${flags[@]:1}" "${files[@]}"
	fi
	echo ${#files[@]} >"$seen"
}

lint_cppcheck() {
	user_space
	version=$(cppcheck --version)
	each sum_cppcheck cppcheck_one src tools
	looked "$seen" "files$before"
}

# Words that it takes for others
words='fo,te,inout,nd'

lint_codespell() {
	local files

	mapfile -t files < <(texts)
	tool codespell --ignore-words-list="$words" "${files[@]}"
	looked ${#files[@]} files
}

# Long lines have a rule of their own, for strings as well
checkpatch_everywhere=(
	# the line that a `return verdict_set(` leaves open is the shorter of two evils
	OPEN_ENDED_LINE
	# the macros BIT() and BIT_ULL() are for register bits; these are quantities
	BIT_MACRO
	# PAGE_SIZE == SZ_4K compares two constants
	CONSTANT_COMPARISON
	# a word in a message that is a function's name too
	EMBEDDED_FUNCTION_NAME
)
# The tests' C is for user space and for firmware as well
checkpatch_in_tests=(
	PREFER_KERNEL_TYPES # uint64_t is the type there
	ARRAY_SIZE PREFER_DEFINED_ATTRIBUTE_MACRO # there are no such macros
	AVOID_EXTERNS NEW_TYPEDEFS # the shim declares what the kernel and the linker have
	MACRO_ARG_REUSE MACRO_ARG_PRECEDENCE MACRO_WITH_FLOW_CONTROL COMPLEX_MACRO # stand-ins, asm, tables of tests
	UNNECESSARY_CASTS # alloc_workqueue()'s stand-in is a kzalloc() of another type
	LINUX_VERSION_CODE # what src/compat.h asks the shim for
	VOLATILE # registers of devices, and READ_ONCE()'s stand-in
	LINE_SPACING # lists of small declarations
	PARENTHESIS_ALIGNMENT # macros whose parameters are statements
	MULTIPLE_ASSIGNMENTS DEEP_INDENTATION UNNECESSARY_PARENTHESES # sweeps over many dimensions
	NAKED_SSCANF # its value is looked at one line further down
)
# rmi-host is for user space, too: what has no words of the kernel's there
checkpatch_in_tools=(PREFER_KERNEL_TYPES ARRAY_SIZE PREFER_DEFINED_ATTRIBUTE_MACRO
	VOLATILE) # what a signal handler sets
# Names of the kernel, the C library, cmocka, libFuzzer and the architecture; and a `enum reason reason`
known="CAMELCASE: .*<(__SetPageOffline|__ClearPageOffline|CurrentEL|CMUnitTest|LLVMFuzzerTestOneInput|(PRI|SCN)[xu]64|_Static_assert)>\$"
known+="|REPEATED_WORD: Possible repeated word: 'reason'\$"

checkpatch_one() { # FILE
	local ignored=("${checkpatch_everywhere[@]}")

	case $1 in
	tests/*) ignored+=("${checkpatch_in_tests[@]}") ;;
	src/tools/*) ignored+=("${checkpatch_in_tools[@]}") ;;
	src/compat.h) ignored+=(LINUX_VERSION_CODE MACRO_ARG_REUSE) ;; # it is where versions may be asked for
	src/trace.h) ignored+=(PARENTHESIS_ALIGNMENT) ;; # TRACE_EVENT()'s parts are no arguments to align
	esac
	# In a directory of its own, since it leaves files where it is
	cd "$tmp" || return
	tool perl "$checkpatch" --no-tree --root="$tmp/root" --strict --terse --show-types --no-summary \
		--max-line-length=100 --ignore "$(IFS=,; echo "${ignored[*]}")" -f "$top/$1" | {
		grep -vE "$known" || :
	}
}

lint_checkpatch() {
	local files

	checkpatch=$(kernel_scripts)/checkpatch.pl
	mkdir -p "$tmp/root/include"
	mapfile -t files < <(all_files 'src/*.[ch]' 'include/*.h' 'tests/*.[chS]')
	version="$(readlink -f "$checkpatch") $(perl --version)"
	each sum_file checkpatch_one "${files[@]}"
	looked "$seen" "files$before"
}

lint_kernel-doc() {
	local files

	mapfile -t files < <(module 'src/*.[ch]' 'include/*.h')
	perl "$(kernel_scripts)/kernel-doc" -none -v "${files[@]}" >"$tmp/doc" 2>&1 || echo 'it ended badly'
	# A function without parameters has nothing but its text before the sections
	grep -vE ': info: Scanning doc for|: warning: contents before sections$|^[0-9]+ warnings$' "$tmp/doc" || :
	# What other modules call is documented to the last function
	awk '/^\/\*\*/ { doc = 1 } /^[a-z].*\(/ { if (!doc) print FILENAME ":" FNR ": no kernel-doc: " $0; doc = 0 }' \
		include/arm_cca_rmi.h
	looked "$(grep -c ': info: Scanning doc for' "$tmp/doc")" "comments in ${#files[@]} files"
}

# Those that run in the machine
guest_leaves_out=(
	SC2154 # variables come from the kernel's command line
	SC2012 # sysfs has no odd names, and busybox's find no options
	SC2119 # a function that may be given parameters of a module
	SC3028 # busybox has RANDOM
	SC2015 SC2017 SC2231 # `a && b || wrong`; rounding is meant; sysfs paths have no spaces
)

scripts_of() { # guest|host
	local v=-v

	[ "$1" = host ] || v=
	all_files .ci tests src/tools src/fleet | xargs grep -lE '^#!.*[ /]([bd]?a)?sh$|^# shellcheck shell=' |
		grep $v '^tests/guest/'
}

# They read one another
sum_scripts() { # guest|host
	local files

	mapfile -t files < <(scripts_of guest; scripts_of host)
	echo "${files[*]}"
	sums "${files[@]}"
}

shellcheck_one() { # guest|host
	local files options=()

	mapfile -t files < <(scripts_of "$1")
	[ "$1" = host ] || options=(-s dash -e "$(IFS=,; echo "${guest_leaves_out[*]}")")
	tool shellcheck -x -f gcc "${options[@]}" "${files[@]}"
	echo ${#files[@]} >"$seen"
}

lint_shellcheck() {
	version=$(shellcheck --version)
	each sum_scripts shellcheck_one guest host
	looked "$seen" "scripts$before"
}

lint_python() {
	local files

	mapfile -t files < <(all_files '*.py')
	tool pyflakes3 "${files[@]}"
	looked ${#files[@]} files
}
