// SPDX-License-Identifier: GPL-2.0-only
/*
 * rmi-host: whether this host can run Realms, and if not, why not, as the module arm_cca_rmi tells.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attributes.h"
#include "checklist.h"
#include "file.h"
#include "map.h"
#include "prove.h"
#include "svg.h"
#include "watch.h"

static const char usage[] =
	"rmi-host ok               a checklist: can this host run Realms, and what helps if not\n"
	"rmi-host map [--svg FILE] the physical memory map, as text or as a picture (as root)\n"
	"rmi-host show [--json]    all that the module tells\n"
	"rmi-host watch [--once]   whether Realms are available: now and at each change, or until\n"
	"                          the next one\n"
	"rmi-host prove [--cpus all|LIST] [--rounds N] [--json]\n"
	"                          Realms are run, by the module arm_cca_prove (as root)\n"
	"rmi-host --help, --version\n"
	"Exit status: 0; 1 if Realms can't be had (ok), not all of a proof passed (prove) or a\n"
	"signal came first (watch --once);\n"
	"2 for a wrong usage, or what can't be read or written.\n";

static void __attribute__((noreturn)) misused(void)
{
	fputs(usage, stderr);
	exit(EXIT_TROUBLE);
}

/* The one option that a command has may be there once; nothing else may. NULL if it isn't. */
static const char *option(int argc, char **argv, const char *name, bool with_value)
{
	const struct option options[] = {
		{ name, with_value ? required_argument : no_argument, NULL, 'o' }, { 0 }
	};
	const char *value = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", name ? options : &options[1], NULL)) != -1) {
		if (c != 'o' || value)
			misused();
		value = with_value ? optarg : "";
	}
	if (optind != argc)
		misused();
	return value;
}

static bool in_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb");
}

static int run_ok(int argc, char **argv)
{
	option(argc, argv, NULL, false);
	return checklist_show() ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_map(int argc, char **argv)
{
	const char *file = option(argc, argv, "svg", true);
	struct map map;

	map_read(&map);
	if (file)
		svg_write(&map, file);
	else
		map_show(&map, in_colour());
	map_clear(&map);
	return EXIT_SUCCESS;
}

static int run_show(int argc, char **argv)
{
	const bool json = option(argc, argv, "json", false);
	struct attributes a;

	attributes_need(&a);
	if (json)
		attributes_show_json(&a);
	else
		attributes_show(&a);
	return EXIT_SUCCESS;
}

static int run_watch(int argc, char **argv)
{
	return watch(option(argc, argv, "once", false));
}

#define MAX_ROUNDS	1000000

static unsigned int rounds_of(const char *text)
{
	uint64_t rounds;

	if (!file_number(&text, 10, &rounds) || *text || !rounds || rounds > MAX_ROUNDS)
		misused();
	return rounds;
}

static int run_prove(int argc, char **argv)
{
	static const struct option options[] = {
		{ "cpus", required_argument, NULL, 'c' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' }, { 0 }
	};
	struct prove_options how = { .cpus = "all", .rounds = 1 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			how.cpus = optarg;
			break;
		case 'r':
			how.rounds = rounds_of(optarg);
			break;
		case 'j':
			how.json = true;
			break;
		default:
			misused();
		}
	}
	if (optind != argc)
		misused();
	return prove(&how);
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "ok", run_ok },
		{ "map", run_map },
		{ "show", run_show },
		{ "watch", run_watch },
		{ "prove", run_prove },
	};
	unsigned int i;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return fputs(usage, stdout) < 0;
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return puts("rmi-host " RMI_HOST_VERSION) < 0;
	for (i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	misused();
}

int main(int argc, char **argv)
{
	const int status = run(argc, argv);

	if (fflush(stdout) || ferror(stdout))
		err(EXIT_TROUBLE, "standard output");
	return status;
}
