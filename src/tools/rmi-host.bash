# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of rmi-host's commands and options

_rmi_host() {
	local word=${COMP_WORDS[COMP_CWORD]} words=

	if [ "$COMP_CWORD" = 1 ]; then
		words='ok map show watch prove --help --version'
	elif [ "${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD - 1]}" = 'map --svg' ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
	elif [ "${COMP_WORDS[1]}" = prove ]; then
		case ${COMP_WORDS[COMP_CWORD - 1]} in
		--cpus) words=all ;;
		--rounds) ;;
		*) words='--cpus --rounds --json' ;;
		esac
	elif [ "$COMP_CWORD" = 2 ]; then
		case ${COMP_WORDS[1]} in
		map) words=--svg ;;
		show) words=--json ;;
		watch) words=--once ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _rmi_host rmi-host
