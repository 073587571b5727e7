// SPDX-License-Identifier: GPL-2.0-only
/*
 * describe [FILE]: turn the text that describes a machine into the struct rmm_machine that the
 * model RMM runs over, on standard output. Each line is a key and its values; # starts a comment.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmi_abi.h"
#include "rmm.h"

#define MAX_WORDS	32
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct name {
	const char *name;
	uint64_t value;
};

struct line {
	const char *file;
	unsigned int number;
	FILE *err;
	unsigned int nr;
	char *word[MAX_WORDS];
};

static const struct name dialects[] = {
	{ "public", RMM_DIALECT_PUBLIC },
	{ "beta1", RMM_DIALECT_BETA1 },
	{ "beta3", RMM_DIALECT_BETA3 },
	{ "autumn", RMM_DIALECT_AUTUMN },
};

static const struct name flags[] = {
	{ "absent", RMM_FLAG_ABSENT },
	{ "born-active", RMM_FLAG_BORN_ACTIVE },
	{ "long-answers", RMM_FLAG_LONG_ANSWERS },
	{ "host-pays", RMM_FLAG_HOST_PAYS },
	{ "host-tables", RMM_FLAG_HOST_TABLES },
	{ "no-cancel", RMM_FLAG_NO_CANCEL },
	{ "partial", RMM_FLAG_PARTIAL },
	{ "continues", RMM_FLAG_CONTINUES },
	{ "gives-up", RMM_FLAG_GIVES_UP },
	{ "refusal-ends", RMM_FLAG_REFUSAL_ENDS },
	{ "reuses-handles", RMM_FLAG_REUSES_HANDLES },
	{ "input-errors", RMM_FLAG_INPUT_ERRORS },
	{ "skips-done", RMM_FLAG_SKIPS_DONE },
	{ "tables-count", RMM_FLAG_TABLES_COUNT },
	{ "own-tables", RMM_FLAG_OWN_TABLES },
	{ "soft-unknown", RMM_FLAG_SOFT_UNKNOWN },
	{ "strict-top", RMM_FLAG_STRICT_TOP },
	{ "cancel-succeeds", RMM_FLAG_CANCEL_SUCCEEDS },
	{ "returns-undelegated", RMM_FLAG_RETURNS_UNDELEGATED },
	{ "unprotected", RMM_FLAG_UNPROTECTED },
	{ "stops-at-done", RMM_FLAG_STOPS_AT_DONE },
	{ "pends", RMM_FLAG_PENDS },
	{ "conflicts", RMM_FLAG_CONFLICTS },
	{ "update-sticks", RMM_FLAG_UPDATE_STICKS },
	{ "no-realms", RMM_FLAG_NO_REALMS },
	{ "realm-pages", RMM_FLAG_REALM_PAGES },
	{ "ripas-measured", RMM_FLAG_RIPAS_MEASURED },
};

static const struct name granules[] = {
	{ "4k", RMI_GRANULE_SIZE_4K },
	{ "16k", RMI_GRANULE_SIZE_16K },
	{ "64k", RMI_GRANULE_SIZE_64K },
};

static const struct name l0gptsz[] = { { "1G", 0 }, { "16G", 4 }, { "64G", 6 }, { "512G", 9 } };

static const struct name pps[] = {
	{ "32", 0 }, { "36", 1 }, { "40", 2 }, { "42", 3 }, { "44", 4 }, { "48", 5 }, { "52", 6 },
};

static const struct name categories[] = {
	{ "conventional", RMI_MEM_CATEGORY_CONVENTIONAL },
	{ "device-ncoh", RMI_MEM_CATEGORY_DEV_NCOH },
	{ "device-coh", RMI_MEM_CATEGORY_DEV_COH },
	{ "none", RMI_MEM_CATEGORY_NONE },
};

#define NR_MEMORY_CATEGORIES	3	/* those of categories[] that a bank can have */

static const struct name states[] = {
	{ "reserved", RMI_TRACKING_RESERVED },
	{ "none", RMI_TRACKING_NONE },
	{ "fine", RMI_TRACKING_FINE },
	{ "coarse", RMI_TRACKING_COARSE },
	{ "intermediate", RMI_TRACKING_INTERMEDIATE },
};

static const struct name par_states[] = {
	{ "reserved", RMI_PAR_RESERVED },
	{ "platform", RMI_PAR_PLATFORM },
	{ "host-not-created", RMI_PAR_HOST_NOT_CREATED },
	{ "host-created", RMI_PAR_HOST_CREATED },
};

static const struct name commands[] = {
	{ "ANY", 0 },
	{ "VERSION", RMI_VERSION },
	{ "FEATURES", RMI_FEATURES },
	{ "RMM_CONFIG_SET", RMI_RMM_CONFIG_SET },
	{ "RMM_CONFIG_GET", RMI_RMM_CONFIG_GET },
	{ "RMM_ACTIVATE", RMI_RMM_ACTIVATE },
	{ "RMM_DEACTIVATE", RMI_RMM_DEACTIVATE },
	{ "RMM_STATE_GET", RMI_RMM_STATE_GET },
	{ "GRANULE_TRACKING_GET", RMI_GRANULE_TRACKING_GET },
	{ "GRANULE_TRACKING_SET", RMI_GRANULE_TRACKING_SET },
	{ "GRANULE_RANGE_DELEGATE", RMI_GRANULE_RANGE_DELEGATE },
	{ "GRANULE_RANGE_UNDELEGATE", RMI_GRANULE_RANGE_UNDELEGATE },
	{ "GPT_INFO", RMI_GPT_INFO },
	{ "GPT_L1_CREATE", RMI_GPT_L1_CREATE },
	{ "GPT_L1_DESTROY", RMI_GPT_L1_DESTROY },
	{ "OP_CONTINUE", RMI_OP_CONTINUE },
	{ "OP_MEM_DONATE", RMI_OP_MEM_DONATE },
	{ "OP_MEM_RECLAIM", RMI_OP_MEM_RECLAIM },
	{ "OP_CANCEL", RMI_OP_CANCEL },
	{ "RTT_DATA_MAP_INIT", RMI_RTT_DATA_MAP_INIT },
	{ "RTT_DATA_MAP", RMI_RTT_DATA_MAP },
	{ "RTT_DATA_UNMAP", RMI_RTT_DATA_UNMAP },
	{ "RTT_CREATE", RMI_RTT_CREATE },
	{ "RTT_DESTROY", RMI_RTT_DESTROY },
	{ "RTT_INIT_RIPAS", RMI_RTT_INIT_RIPAS },
	{ "RTT_SET_RIPAS", RMI_RTT_SET_RIPAS },
	{ "RTT_READ_ENTRY", RMI_RTT_READ_ENTRY },
	{ "REC_CREATE", RMI_REC_CREATE },
	{ "REC_DESTROY", RMI_REC_DESTROY },
	{ "REC_ENTER", RMI_REC_ENTER },
	{ "REALM_CREATE", RMI_REALM_CREATE },
	{ "REALM_ACTIVATE", RMI_REALM_ACTIVATE },
	{ "REALM_TERMINATE", RMI_REALM_TERMINATE },
	{ "REALM_DESTROY", RMI_REALM_DESTROY },
	{ "PSCI_COMPLETE", RMI_PSCI_COMPLETE },
};

__attribute__((format(printf, 2, 3)))
static bool wrong(const struct line *line, const char *format, ...)
{
	va_list args;

	fprintf(line->err, "%s:%u: ", line->file, line->number);
	va_start(args, format);
	vfprintf(line->err, format, args);
	va_end(args);
	fputc('\n', line->err);
	return false;
}

static bool look_up(const struct line *line, const char *word, const struct name *names,
		    size_t nr, uint64_t *value)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!strcmp(word, names[i].name)) {
			*value = names[i].value;
			return true;
		}
	}
	wrong(line, "'%s' is none of the values that '%s' takes", word, line->word[0]);
	return false;
}

/* Decimal or 0x hexadecimal, and a size may end in K, M, G or T */
static bool number(const struct line *line, const char *word, bool suffix, uint64_t *value)
{
	static const char suffixes[] = "KMGT";
	const char *found;
	char *end;
	int base = !strncmp(word, "0x", 2) ? 16 : 10;
	unsigned int shift = 0;

	errno = 0;
	*value = strtoull(word, &end, base);
	if (!isdigit((unsigned char)*word) || end == word || errno)
		return wrong(line, "'%s' is not a number", word);
	found = suffix && *end ? strchr(suffixes, *end) : NULL;
	if (found) {
		shift = 10 * (found - suffixes + 1);
		end++;
	}
	if (*end || (base == 16 && word[2] == '\0'))
		return wrong(line, "'%s' is not a number", word);
	if (*value << shift >> shift != *value)
		return wrong(line, "'%s' is too large", word);
	*value <<= shift;
	return true;
}

/* "2.0" */
static bool revision(const struct line *line, const char *word, uint64_t *value)
{
	unsigned int major, minor;
	char rest;

	if (sscanf(word, "%u.%u%c", &major, &minor, &rest) != 2 || major > 0x7fff || minor > 0xffff)
		return wrong(line, "'%s' is not a revision", word);
	*value = RMI_REVISION((uint64_t)major, minor);
	return true;
}

static bool words(const struct line *line, unsigned int least, unsigned int most)
{
	if (line->nr - 1 < least)
		wrong(line, "'%s' lacks a value", line->word[0]);
	else if (line->nr - 1 > most)
		wrong(line, "'%s' has too many values", line->word[0]);
	else
		return true;
	return false;
}

/* A range in words 1 and 2, at the end of a list */
static bool range(const struct line *line, struct rmm_list *list, uint64_t value)
{
	struct rmm_range *r = &list->at[list->nr];

	if (list->nr == RMM_MAX_RANGES)
		return wrong(line, "more than %d lines of '%s'", RMM_MAX_RANGES, line->word[0]);
	if (!number(line, line->word[1], true, &r->base) ||
	    !number(line, line->word[2], true, &r->size))
		return false;
	if (!r->size || r->base + r->size < r->base)
		return wrong(line, "the range is empty or wraps");
	r->value = value;
	list->nr++;
	return true;
}

static bool do_memory(const struct line *line, struct rmm_machine *m)
{
	uint64_t category = RMI_MEM_CATEGORY_CONVENTIONAL;

	if (!words(line, 2, 3))
		return false;
	if (line->nr == 4 &&
	    !look_up(line, line->word[3], categories, NR_MEMORY_CATEGORIES, &category))
		return false;
	return range(line, &m->memory, category);
}

/* A region without a state of its own to speak of has no category either */
static bool do_tracking(const struct line *line, struct rmm_machine *m)
{
	uint64_t category = RMI_MEM_CATEGORY_CONVENTIONAL, state;

	if (!words(line, 3, 4) ||
	    !look_up(line, line->word[3], states, ARRAY_SIZE(states), &state))
		return false;
	if (state == RMI_TRACKING_NONE)
		category = RMI_MEM_CATEGORY_NONE;
	if (line->nr == 5 &&
	    !look_up(line, line->word[4], categories, ARRAY_SIZE(categories), &category))
		return false;
	if (category == RMI_MEM_CATEGORY_NONE &&
	    (state == RMI_TRACKING_FINE || state == RMI_TRACKING_COARSE))
		return wrong(line, "a region that is %s has a category", line->word[3]);
	return range(line, &m->tracking, category << 8 | state);
}

static bool do_par(const struct line *line, struct rmm_machine *m)
{
	uint64_t state;

	return words(line, 3, 3) &&
	       look_up(line, line->word[3], par_states, ARRAY_SIZE(par_states), &state) &&
	       range(line, &m->pars, state);
}

static bool fault_command(const struct line *line, uint64_t *fid)
{
	const char *word = line->word[1];

	if (isdigit((unsigned char)*word))
		return number(line, word, false, fid);
	if (!strncmp(word, "RMI_", 4))
		word += 4;
	return look_up(line, word, commands, ARRAY_SIZE(commands), fid);
}

/* One of "skip N", "count N", "xN=V" from word i on: how many words it was, 0 if it is none */
static unsigned int fault_part(const struct line *line, unsigned int i, struct rmm_fault *fault)
{
	const char *word = line->word[i];
	uint64_t *to = !strcmp(word, "skip") ? &fault->skip :
		       !strcmp(word, "count") ? &fault->count : NULL;

	if (to) {
		if (i + 1 == line->nr)
			return wrong(line, "'%s' lacks a value", word);
		if (to == &fault->count && !strcmp(line->word[i + 1], "forever"))
			*to = UINT64_MAX;
		else if (!number(line, line->word[i + 1], false, to))
			return 0;
		return 2;
	}
	if (word[0] != 'x' || word[1] < '0' || word[1] > '3' || word[2] != '=')
		return wrong(line, "'%s' is not a part of a fault", word);
	if (!number(line, word + 3, false, &fault->x[word[1] - '0']))
		return 0;
	fault->set |= 1U << (word[1] - '0');
	return 1;
}

static bool do_fault(const struct line *line, struct rmm_machine *m)
{
	struct rmm_fault *fault = &m->fault[m->nr_faults];
	unsigned int i, used;

	if (m->nr_faults == RMM_MAX_FAULTS)
		return wrong(line, "more than %d faults", RMM_MAX_FAULTS);
	if (!words(line, 1, MAX_WORDS) || !fault_command(line, &fault->fid))
		return false;
	fault->count = 1;
	for (i = 2; i < line->nr; i += used) {
		used = fault_part(line, i, fault);
		if (!used)
			return false;
	}
	m->nr_faults++;
	return true;
}

/* The machine has one more, as 0 stands for what the dialect has */
static bool do_recs_order(const struct line *line, struct rmm_machine *m)
{
	uint64_t order;

	if (!number(line, line->word[1], false, &order))
		return false;
	if (order > 15)
		return wrong(line, "an order of more than 15");
	m->recs_order = order + 1;
	return true;
}

static bool do_flags(const struct line *line, struct rmm_machine *m)
{
	uint64_t flag;
	unsigned int i;

	for (i = 1; i < line->nr; i++) {
		if (!look_up(line, line->word[i], flags, ARRAY_SIZE(flags), &flag))
			return false;
		m->flags |= flag;
	}
	return words(line, 1, MAX_WORDS);
}

/* Of 256 commands, how many are answered with lies, and the seed that chooses these */
static bool do_hostile(const struct line *line, struct rmm_machine *m)
{
	if (!words(line, 2, 2) || !number(line, line->word[1], false, &m->hostile_rate) ||
	    !number(line, line->word[2], false, &m->hostile_seed))
		return false;
	return m->hostile_rate <= RMM_HOSTILE_ALWAYS ||
	       wrong(line, "a rate of more than %d", RMM_HOSTILE_ALWAYS);
}

static bool do_granules(const struct line *line, struct rmm_machine *m)
{
	uint64_t code;
	unsigned int i;

	m->granules = 0;
	for (i = 1; i < line->nr; i++) {
		if (!look_up(line, line->word[i], granules, ARRAY_SIZE(granules), &code))
			return false;
		m->granules |= RMI_FEATURE1_GRANULE(code);
	}
	return words(line, 1, MAX_WORDS);
}

static bool do_scalar(const struct line *line, struct rmm_machine *m)
{
	const char *key = line->word[0];

	if (!words(line, 1, 1))
		return false;
	if (!strcmp(key, "dialect"))
		return look_up(line, line->word[1], dialects, ARRAY_SIZE(dialects), &m->dialect);
	if (!strcmp(key, "active-granule"))
		return look_up(line, line->word[1], granules, ARRAY_SIZE(granules),
			       &m->active_granule);
	if (!strcmp(key, "l0gptsz"))
		return look_up(line, line->word[1], l0gptsz, ARRAY_SIZE(l0gptsz), &m->l0gptsz);
	if (!strcmp(key, "pps"))
		return look_up(line, line->word[1], pps, ARRAY_SIZE(pps), &m->pps);
	if (!strcmp(key, "config-top"))
		return number(line, line->word[1], true, &m->config_top);
	if (!strcmp(key, "work-ns"))
		return number(line, line->word[1], false, &m->work_ns);
	if (!strcmp(key, "update"))
		return number(line, line->word[1], false, &m->update_at);
	if (!strcmp(key, "update-ns"))
		return number(line, line->word[1], false, &m->update_ns);
	if (!strcmp(key, "active-region"))
		return number(line, line->word[1], false, &m->active_region);
	if (!strcmp(key, "stop-after"))
		return number(line, line->word[1], false, &m->stop_after);
	if (!strcmp(key, "yield-every"))
		return number(line, line->word[1], false, &m->yield_every);
	if (!strcmp(key, "contexts"))
		return number(line, line->word[1], false, &m->contexts);
	if (!strcmp(key, "turns"))
		return number(line, line->word[1], false, &m->turns);
	if (!strcmp(key, "refuse-every"))
		return number(line, line->word[1], false, &m->refuse_every);
	if (!strcmp(key, "hashes"))
		return number(line, line->word[1], false, &m->hashes);
	if (!strcmp(key, "recs-order"))
		return do_recs_order(line, m);
	if (!strcmp(key, "ipa-bits"))
		return number(line, line->word[1], false, &m->ipa_bits);
	return wrong(line, "unknown key '%s'", key);
}

static bool do_line(const struct line *line, struct rmm_machine *m)
{
	const char *key = line->word[0];

	if (!strcmp(key, "flag"))
		return do_flags(line, m);
	if (!strcmp(key, "granules"))
		return do_granules(line, m);
	if (!strcmp(key, "revision"))
		return words(line, 2, 2) && revision(line, line->word[1], &m->revision_low) &&
		       revision(line, line->word[2], &m->revision_high);
	if (!strcmp(key, "update-revision"))
		return words(line, 2, 2) && revision(line, line->word[1], &m->update_low) &&
		       revision(line, line->word[2], &m->update_high);
	if (!strcmp(key, "memory"))
		return do_memory(line, m);
	if (!strcmp(key, "reserved"))
		return words(line, 2, 2) && range(line, &m->reserved, 0);
	if (!strcmp(key, "blocked"))
		return words(line, 2, 2) && range(line, &m->blocked, 0);
	if (!strcmp(key, "tracking"))
		return do_tracking(line, m);
	if (!strcmp(key, "par"))
		return do_par(line, m);
	if (!strcmp(key, "fault"))
		return do_fault(line, m);
	if (!strcmp(key, "hostile"))
		return do_hostile(line, m);
	return do_scalar(line, m);
}

static bool split(struct line *line, char *text)
{
	char *save = NULL, *word;

	text[strcspn(text, "#\r\n")] = '\0';
	line->nr = 0;
	for (word = strtok_r(text, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (line->nr == MAX_WORDS)
			return wrong(line, "too many words");
		line->word[line->nr++] = word;
	}
	return true;
}

/* false: it has been said on err what is wrong */
static bool describe(const char *file, FILE *in, FILE *err, struct rmm_machine *m)
{
	struct line line = { .file = file, .err = err };
	bool good = true;
	char *text = NULL;
	size_t room = 0;

	*m = (struct rmm_machine){
		.magic = RMM_MACHINE_MAGIC,
		.dialect = RMM_DIALECT_BETA3,
		.revision_low = RMI_REVISION(2, 0),
		.revision_high = RMI_REVISION(2, 0),
		.granules = 7,
		.pps = 2,
	};
	while (good && getline(&text, &room, in) >= 0) {
		line.number++;
		good = split(&line, text) && (!line.nr || do_line(&line, m));
	}
	free(text);
	if (good && ferror(in)) {
		fprintf(err, "%s: %s\n", file, strerror(errno));
		return false;
	}
	return good;
}

#ifndef DESCRIBE_NO_MAIN
int main(int argc, char **argv)
{
	const char *file = argc == 2 ? argv[1] : "stdin";
	FILE *in = argc == 2 ? fopen(file, "r") : stdin;
	struct rmm_machine machine;

	if (argc > 2) {
		fprintf(stderr, "usage: describe [FILE]\n");
		return 1;
	}
	if (!in) {
		fprintf(stderr, "%s: %s\n", file, strerror(errno));
		return 1;
	}
	if (!describe(file, in, stderr, &machine))
		return 1;
	if (fwrite(&machine, sizeof(machine), 1, stdout) != 1 || fflush(stdout)) {
		perror("stdout");
		return 1;
	}
	return 0;
}
#endif
