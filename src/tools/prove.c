// SPDX-License-Identifier: GPL-2.0-only
/*
 * A round is one proof of the module's: one descriptor, to which the request is written, and from
 * which the report is read. Closing that ends the proof, wherever it is.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "lines.h"
#include "prove.h"

#define DEVICE		"/dev/arm_cca_prove"
#define MODULE		"arm_cca_prove"
#define MAX_REPORT	65536

static volatile sig_atomic_t ended;

struct tally {
	unsigned int rounds, passed, failed, skipped, printed;
};

static void end(int signal)
{
	ended = 1;
}

/* read() is to come back, so that the descriptor is closed */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = end };

	if (sigaction(SIGINT, &action, NULL) || sigaction(SIGTERM, &action, NULL))
		err(EXIT_TROUBLE, "signals");
}

/* Its errors go where ours go. 0 if it said so. */
static int modprobe(const char *option)
{
	const pid_t child = fork();
	int status;

	if (child < 0)
		err(EXIT_TROUBLE, "fork");
	if (!child) {
		/* Whoever stops us by a key means the proof, not this */
		signal(SIGINT, SIG_IGN);
		execlp("modprobe", "modprobe", option, MODULE, NULL);
		warn("modprobe");
		_exit(EXIT_TROUBLE);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			err(EXIT_TROUBLE, "modprobe");
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_TROUBLE;
}

static int device = -1;

/* It stays where a Realm or a CPU of its didn't come back, and says so in the log */
static void unload(void)
{
	if (device >= 0)
		close(device);
	if (modprobe("-rq"))
		warnx("the module " MODULE " stays loaded: see `dmesg`");
}

static void load(void)
{
	if (file_is_there(DEVICE))
		return;
	if (modprobe("-q") || !file_is_there(DEVICE))
		errx(EXIT_TROUBLE, "the module " MODULE " can't be loaded: see `dmesg`, as root");
	if (atexit(unload))
		errx(EXIT_TROUBLE, "atexit");
}

/* What helps, by how a line begins */
static const char *help_for(const char *word, const char *text)
{
	static const struct {
		const char *word, *begin, *help;
	} helps[] = {
		{ "SKIP", "this RMM has no Realms", "install an RMM that has them" },
		{ "SKIP", "this RMM has no hash", "install an RMM that measures by SHA-2" },
		{ "SKIP", "Realms aren't available", "`rmi-host ok` says why not" },
		{ "SKIP", "this kernel isn't at EL2",
		  "boot it without kvm-arm.mode=nvhe and protected" },
		{ "SKIP", "", "try again: what stopped it says nothing about Realms" },
		{ "FAIL", "its measurement",
		  "the RMM measures in another way: compare with its specification" },
		{ "FAIL", "its granules",
		  "the module tries again with the next proof; else reboot" },
		{ "FAIL", "", "it is a bug in the RMM or the firmware: tell those who made it" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(helps) / sizeof(helps[0]); i++)
		if (!strcmp(word, helps[i].word) &&
		    !strncmp(text, helps[i].begin, strlen(helps[i].begin)))
			return helps[i].help;
	return NULL;
}

static void put_step(struct tally *tally, const char *word, const char *text)
{
	printf("%s\n    {\"round\": %u, \"result\": ", tally->printed ? "," : "", tally->rounds);
	json_string(word);
	printf(", \"step\": ");
	json_string(text);
	putchar('}');
	tally->printed++;
}

/* Of rounds that follow, only what isn't as it was to be */
static void say_step(const struct prove_options *options, struct tally *tally, const char *word,
		     const char *text)
{
	const char *help = help_for(word, text);

	tally->passed += !strcmp(word, "PASS");
	tally->failed += !strcmp(word, "FAIL");
	tally->skipped += !strcmp(word, "SKIP");
	if (options->json) {
		put_step(tally, word, text);
		return;
	}
	if (tally->rounds > 1 && !help)
		return;
	if (tally->rounds > 1)
		lines_say(word, "round %u: %s", tally->rounds, text);
	else
		lines_say(word, "%s", text);
	if (help)
		lines_say("", "what helps: %s", help);
}

/* Lines of "WORD: text" */
static void say_report(const struct prove_options *options, struct tally *tally, char *report)
{
	char *line, *text, *rest = report;

	while ((line = strsep(&rest, "\n")) && *line) {
		text = strstr(line, ": ");
		if (!text || text - line != 4)
			errx(EXIT_TROUBLE, DEVICE ": no line of a report: %s", line);
		*text = '\0';
		say_step(options, tally, line, text + 2);
	}
}

/* Why a request wasn't taken, where that says something about this host */
static const char *refusal(int error)
{
	switch (error) {
	case ENODEV:
		return "Realms aren't available";
	case EOPNOTSUPP:
		return "this kernel isn't at EL2";
	case EBUSY:
		return "the Realm of an earlier proof can't be unmade yet, or this host goes down";
	case ENOMEM:
		return "no memory";
	default:
		return NULL;
	}
}

/* False if a signal came */
static bool read_report(char report[MAX_REPORT])
{
	const size_t most = MAX_REPORT - 1;
	size_t length = 0;
	ssize_t n;

	while (length < most && (n = read(device, report + length, most - length))) {
		if (n > 0)
			length += n;
		else if (errno != EINTR)
			err(EXIT_TROUBLE, DEVICE);
		else if (ended)
			return false;
	}
	report[length] = '\0';
	return true;
}

static void run_round(const struct prove_options *options, struct tally *tally)
{
	static char report[MAX_REPORT];
	char path[PATH_MAX], request[2048];
	int length;

	length = snprintf(request, sizeof(request), "cpus %s\n", options->cpus);
	if (length >= (int)sizeof(request))
		errx(EXIT_TROUBLE, "too long a list of CPUs");
	file_path(path, DEVICE);
	device = open(path, O_RDWR | O_CLOEXEC);
	if (device < 0)
		err(EXIT_TROUBLE, "%s", path);
	tally->rounds++;
	if (write(device, request, length) == length) {
		if (read_report(report))
			say_report(options, tally, report);
		else
			say_step(options, tally, "SKIP", "a signal ended it");
	} else if (errno == EINVAL) {
		errx(EXIT_TROUBLE, "%s: not a list of CPUs that are online", options->cpus);
	} else if (refusal(errno)) {
		say_step(options, tally, "SKIP", refusal(errno));
		ended = 1;
	} else {
		err(EXIT_TROUBLE, "%s", path);
	}
	close(device);
	device = -1;
}

static void conclude(const struct prove_options *options, const struct tally *tally, bool good)
{
	if (options->json) {
		printf("\n  ],\n  \"rounds\": %u, \"passed\": %u,", tally->rounds, tally->passed);
		printf(" \"failed\": %u, \"skipped\": %u,\n", tally->failed, tally->skipped);
		printf("  \"proved\": %s\n}\n", good ? "true" : "false");
		return;
	}
	if (good)
		printf("Realms run here: ");
	else
		printf("It isn't proved that Realms run here: %u failed, %u skipped, ",
		       tally->failed, tally->skipped);
	printf("%u of %u rounds\n", tally->rounds, options->rounds);
}

int prove(const struct prove_options *options)
{
	struct tally tally = { 0 };
	bool good;

	catch_signals();
	load();
	if (options->json)
		printf("{\n  \"steps\": [");
	while (!ended && tally.rounds < options->rounds)
		run_round(options, &tally);
	good = tally.rounds == options->rounds && tally.passed && !tally.failed && !tally.skipped;
	conclude(options, &tally, good);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
