# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lib.sh - what the scripts of tests/host share: messages, root, locks, the cache and Debian's mirror.
# To be sourced by bash with `set -eu` in force.

# apt's answers are read here
export LC_ALL=C

# dkms and modinfo are there, where Debian's ordinary users don't look
PATH=$PATH:/usr/sbin:/sbin

me=${0##*/}
# shellcheck disable=SC2034 # for those who source this
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# The cache directory, made on first use. HOME may be unset in a chroot: ~ then comes from the passwd file.
cache_dir() {
	local d=${XDG_CACHE_HOME:-}

	[ -n "$d" ] || d=~/.cache
	d=$d/arm-cca-rmi
	mkdir -p "$d"
	(cd "$d" && pwd -P)
}

# lock NAME: one process at a time past this point, until this shell and the programs it waits for end.
lock() {
	local f

	f=$(cache_dir)/$1.lock
	# Opened for reading, so that root's file serves everyone
	[ -e "$f" ] || : >>"$f"
	exec 9<"$f"
	flock -n 9 || { say "waiting for another run of this script"; flock 9; }
}

# as_root COMMAND...: sudo only where it is necessary; env, since sudo drops the variables of the caller. Without the
# lock, which a service that an installation starts would keep.
as_root() {
	local sudo=

	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo env LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@" 9>&-
}

can_be_root() { [ "$(id -u)" = 0 ] || have sudo; }

# debian_suite: bookworm, trixie ...; nothing on what isn't Debian.
debian_suite() {
	(
		ID='' VERSION_CODENAME=''
		# shellcheck source=/dev/null
		[ ! -r /etc/os-release ] || . /etc/os-release
		[ "$ID" != debian ] || printf '%s\n' "$VERSION_CODENAME"
	)
}

# known_mirrors: addresses of Debian's archive among apt's sources. Empty before the first `apt-get update`.
known_mirrors() {
	# shellcheck disable=SC2016 # apt is to see these, not the shell
	apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 2>/dev/null | sed -n 's/^Debian Debian //p'
}

# mirror_candidates: the same, the likeliest first, followed by those that might be: whatever has a suite named like
# Debian's. Debian's signature on what they answer decides. DEBIAN_MIRROR, if set, comes before all.
# apt itself is asked, so every format of its source lists will do.
mirror_candidates() {
	{
		printf '%s\n' "${DEBIAN_MIRROR:-}"
		known_mirrors || :
		apt-get update --print-uris 2>/dev/null |
			sed -n "s,^'\(.*\)/dists/\(bookworm\|trixie\|stable\|testing\|unstable\|sid\|$(debian_suite)\)/InRelease'.*,\1,p"
	} | sed 's,/*$,,' | awk 'NF && !seen[$0]++'
}
