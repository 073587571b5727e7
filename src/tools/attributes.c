// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "attributes.h"
#include "file.h"
#include "json.h"

/* How often, and how long apart, to look again at files that are just changing or going away */
#define TRIES		10
/* After so many, what is missing isn't only late */
#define LATE_TRIES	3
#define PAUSE_NS	20000000

enum kind {
	NUMBER,
	WORD,		/* of lower-case letters, digits, - and . */
	TEXT,		/* of what can be printed */
};

static const struct {
	const char *name;
	enum kind kind;
	bool later;	/* the module's first version hadn't it */
} table[] = {
	[AVAILABLE]		= { "available", NUMBER, false },
	[REASON]		= { "reason", WORD, false },
	[DETAIL]		= { "detail", TEXT, false },
	[REVISION]		= { "revision", WORD, false },
	[RMM_STATE]		= { "rmm_state", WORD, false },
	[OWNER]			= { "owner", WORD, true },
	[KERNEL_DRIVER]		= { "kernel_driver", WORD, true },
	[PROVED]		= { "proved", WORD, true },
	[GRANULE_SIZE]		= { "granule_size", NUMBER, false },
	[L0GPT_SIZE]		= { "l0gpt_size", NUMBER, false },
	[REGION_SIZE]		= { "region_size", NUMBER, true },
	[DIALECT]		= { "dialect", WORD, true },
	[TRACKING]		= { "tracking", WORD, true },
	[MEMORY_COVERED]	= { "memory_covered", NUMBER, false },
	[MEMORY_DONATED]	= { "memory_donated", NUMBER, false },
	[MEMORY_LOST]		= { "memory_lost", NUMBER, false },
	[SMC_CALLS]		= { "smc_calls", NUMBER, false },
};

_Static_assert(sizeof(table) / sizeof(table[0]) == NR_ATTRIBUTES, "each has a name");

static bool is_loaded(void)
{
	char path[PATH_MAX];
	struct stat st;

	file_path(path, ATTRIBUTES_DIR);
	if (!stat(path, &st))
		return true;
	if (errno != ENOENT)
		err(EXIT_TROUBLE, "%s", path);
	return false;
}

static bool is_word(const char *text)
{
	const char *at;

	for (at = text; *at; at++)
		if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && *at != '-' &&
		    *at != '.')
			return false;
	return at != text;
}

static bool is_number(const char *text, uint64_t *number)
{
	return file_number(&text, 10, number) && !*text;
}

static bool is_text(const char *text)
{
	while (isprint((unsigned char)*text))
		text++;
	return !*text;
}

static bool make_sense(struct attributes *a, enum attribute i)
{
	const char *text = a->of[i].text;

	switch (table[i].kind) {
	case NUMBER:
		return is_number(text, &a->of[i].number) &&
		       (i != AVAILABLE || a->of[i].number <= 1);
	case WORD:
		return is_word(text);
	default:
		return is_text(text);
	}
}

static int is_feature(const struct dirent *entry)
{
	const size_t length = strspn(entry->d_name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return length && !entry->d_name[length] &&
	       length < sizeof(((struct feature *)0)->name);
}

/* A module that is older has no such directory, nor has one that met no RMM */
static int read_features(struct attributes *a)
{
	char path[PATH_MAX], name[sizeof(ATTRIBUTES_DIR "/features/") + NAME_MAX];
	struct dirent **entries;
	int i, nr, rc = 0;

	file_path(path, ATTRIBUTES_DIR "/features");
	nr = scandir(path, &entries, is_feature, alphasort);
	if (nr < 0)
		return errno == ENOENT ? 0 : -errno;
	for (i = 0; i < nr; i++) {
		struct feature *f = &a->feature[a->nr_features];

		if (!rc && a->nr_features < MAX_FEATURES) {
			memcpy(f->name, entries[i]->d_name, strlen(entries[i]->d_name) + 1);
			snprintf(name, sizeof(name), ATTRIBUTES_DIR "/features/%s", f->name);
			rc = file_read(name, f->text, sizeof(f->text));
			if (!rc && !is_text(f->text))
				rc = -EINVAL;
			a->nr_features++;
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}

/* 0 or -errno, and of which */
static int read_all(struct attributes *a, enum attribute *which, bool late)
{
	unsigned int i;
	char name[64];
	int rc;

	memset(a, 0, sizeof(*a));
	for (i = 0; i < NR_ATTRIBUTES; i++) {
		*which = i;
		snprintf(name, sizeof(name), ATTRIBUTES_DIR "/%s", table[i].name);
		rc = file_read(name, a->of[i].text, sizeof(a->of[i].text));
		if (i == DETAIL && (rc == -EACCES || rc == -EPERM)) {
			a->detail_hidden = true;
			a->of[i].text[0] = '\0';
			continue;
		}
		if (rc == -ENOENT && table[i].later && late) {
			a->of[i].missing = true;
			a->of[i].text[0] = '\0';
			continue;
		}
		if (rc)
			return rc;
		if (!make_sense(a, i))
			return -EINVAL;
	}
	*which = NR_ATTRIBUTES;
	rc = read_features(a);
	if (rc)
		return rc;
	*which = REASON;
	return a->of[AVAILABLE].number == !strcmp(a->of[REASON].text, "ok") ? 0 : -EAGAIN;
}

bool attributes_read(struct attributes *a)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	enum attribute which = AVAILABLE;
	const char *name;
	char path[PATH_MAX];
	int rc = 0, tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (!is_loaded())
			return false;
		rc = read_all(a, &which, tries + 1 >= LATE_TRIES);
		if (rc != -EAGAIN && rc != -ENOENT && rc != -ENODEV)
			break;
		nanosleep(&pause, NULL);
	}
	if (!rc)
		return true;
	file_path(path, ATTRIBUTES_DIR);
	name = which == NR_ATTRIBUTES ? "features" : table[which].name;
	switch (rc) {
	case -EAGAIN:
		errx(EXIT_TROUBLE, "%s: available is %" PRIu64 ", but reason is %s", path,
		     a->of[AVAILABLE].number, a->of[REASON].text);
	case -EINVAL:
		errx(EXIT_TROUBLE, "%s/%s makes no sense", path, name);
	default:
		errno = -rc;
		err(EXIT_TROUBLE, "%s/%s", path, name);
	}
}

void attributes_need(struct attributes *a)
{
	if (!attributes_read(a))
		errx(EXIT_TROUBLE, "the module arm_cca_rmi isn't loaded (no " ATTRIBUTES_DIR
				   "): see rmi-host ok");
}

uint64_t attributes_feature(const struct attributes *a, const char *name)
{
	uint64_t number;
	unsigned int i;

	for (i = 0; i < a->nr_features; i++)
		if (!strcmp(a->feature[i].name, name) && is_number(a->feature[i].text, &number))
			return number;
	return 0;
}

void attributes_show(const struct attributes *a)
{
	unsigned int i;

	for (i = 0; i < NR_ATTRIBUTES; i++)
		if (!a->of[i].missing)
			printf("%-*s%s\n", *a->of[i].text ? 16 : 0, table[i].name, a->of[i].text);
	for (i = 0; i < a->nr_features; i++)
		printf("features/%s %s\n", a->feature[i].name, a->feature[i].text);
	if (a->detail_hidden)
		fprintf(stderr, "rmi-host: detail can be read by root alone\n");
}

static void put_json_features(const struct attributes *a)
{
	uint64_t number;
	unsigned int i;

	for (i = 0; i < a->nr_features; i++) {
		printf("%s\n    \"%s\": ", i ? "," : "{", a->feature[i].name);
		if (is_number(a->feature[i].text, &number))
			printf("%" PRIu64, number);
		else
			json_string(a->feature[i].text);
	}
	printf("\n  }");
}

void attributes_show_json(const struct attributes *a)
{
	unsigned int i;

	for (i = 0; i < NR_ATTRIBUTES; i++) {
		if (a->of[i].missing)
			continue;
		printf("%s\n  \"%s\": ", i ? "," : "{", table[i].name);
		if (table[i].kind == NUMBER)
			printf("%" PRIu64, a->of[i].number);
		else if (i == DETAIL && a->detail_hidden)
			printf("null");
		else
			json_string(a->of[i].text);
	}
	if (a->nr_features) {
		printf(",\n  \"features\": ");
		put_json_features(a);
	}
	printf("\n}\n");
}
