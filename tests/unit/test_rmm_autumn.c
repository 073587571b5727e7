// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model RMM's dialect `autumn`: against what the public RMM of autumn 2026 answered, and each
 * sentence of what its newest text and code add. Expectations are typed in by hand.
 */
#include <inttypes.h>
#include <stdio.h>

#include "rmm_fixture.h"

/* The public RMM, heard */

#define ANSWERS		"tests/rmm/answers-public-rmm-2026-10.txt"
/* Counted in the file by hand: commands, and those of them that its head excludes */
#define NR_ANSWERS	249
#define NR_EXCLUDED	9

#define OWN		0x45800000	/* where its donations came from */
#define NS		RMI_MEM_UNDELEGATED
#define S		RMI_MEM_DELEGATED

struct line {
	char name[40];
	uint64_t in[4], out[5];
	uint64_t got[4];		/* what a RECLAIM gave, or a configuration page held */
	unsigned int nr_got;
};

static struct line lines[NR_ANSWERS + 1];

/* Lines of commands begin with their name; what such a line was followed by, is kept with it */
static unsigned int read_answers(void)
{
	const char *path = getenv("ANSWERS");
	FILE *file = fopen(path ? path : ANSWERS, "r");
	char text[256], *fid;
	unsigned int nr = 0;
	struct line *l = lines;
	int length;

	assert_non_null(file);
	while (fgets(text, sizeof(text), file)) {
		if (nr && sscanf(text, "  got %" SCNx64, &l->got[l->nr_got]) == 1)
			l->nr_got++;
		else if (nr && sscanf(text, "  page: %" SCNx64 " %" SCNx64, &l->got[0], &l->got[1]) == 2)
			l->nr_got = 2;
		fid = strstr(text, " c4000");
		if (text[0] == '#' || !fid)
			continue;
		assert_true(nr < NR_ANSWERS);
		l = &lines[nr++];
		length = fid - text;
		snprintf(l->name, sizeof(l->name), "%.*s", length, text);
		assert_int_equal(sscanf(fid, "%" SCNx64 " (%" SCNx64 ", %" SCNx64 ", %" SCNx64
					") -> x0=%" SCNx64 " x1=%" SCNx64 " x2=%" SCNx64 " x3=%"
					SCNx64 " x4=%" SCNx64, &l->in[0], &l->in[1], &l->in[2],
					&l->in[3], &l->out[0], &l->out[1], &l->out[2], &l->out[3],
					&l->out[4]), 9);
	}
	fclose(file);
	return nr;
}

/* The head of the file says of these that they rest on what it was filled with */
static bool is_excluded(const struct line *l, bool active)
{
	return !strncmp(l->name, "DEACTIVATE", 10) || !strncmp(l->name, "unknown", 7) ||
	       (!strncmp(l->name, "GPT_INFO", 8) && !active);
}

/* What stood in the lists that the lines' names tell of */
static void put_list(struct host *host, const struct line *l)
{
	static const struct {
		const char *name;
		uint64_t base, nr, state;
	} lists[] = {
		{ "DONATE too many", OWN, 129, NS },
		{ "DONATE as delegated", OWN, 1, S },
		{ "DONATE count 0", OWN, 0, NS },
		{ "DONATE state 2", OWN, 1, 2 },
		{ "DONATE 1 + 2", OWN + PAGE, 1, NS },
		{ "DONATE one that it has", OWN + PAGE, 1, NS },
		{ "DONATE a hole", 8 * GB, 1, NS },
		{ "DONATE 64", OWN, 64, NS },
		{ "DONATE the other 64", OWN + 64 * PAGE, 64, NS },
		{ "DONATE 128 delegated", 0x45a00000, 128, S },
	};
	unsigned int i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (!strncmp(l->name, lists[i].name, strlen(lists[i].name)))
			host_write(host, l->in[2], lists[i].base | lists[i].nr << 2 |
						   lists[i].state << 62);
	host_write(host, l->in[2] + 8, (OWN + 3 * PAGE) | 2 << 2 | UINT64_C(1) << 62);
}

/* Interrupts made that RMM stop and yield: here, the model is told where */
static void interrupt(struct host *host, const struct line *l)
{
	bool yields = RMI_RESULT_STATUS(l->out[0]) == RMI_INCOMPLETE;
	uint64_t top = yields ? l[1].out[1] : l->out[1];

	host->machine.stop_after = top > l->in[1] ? (top - l->in[1]) / PAGE : 0;
	host->machine.yield_every = yields ? host->machine.stop_after - 1 : 0;
}

static void replay_line(struct host *host, const struct line *l)
{
	const bool active = rmm_is_active(host->rmm);
	unsigned int i;

	/* One of them isn't even the RMM's */
	if (!strncmp(l->name, "unknown", 7))
		return;
	if (l->in[0] == RMI_RMM_CONFIG_SET)
		config_page(host, l->in[1], strstr(l->name, "code 1") ? 1 :
					    strstr(l->name, "code 2") ? 2 : 0,
			    !!strstr(l->name, "16K"));
	if (l->in[0] == RMI_OP_MEM_DONATE)
		put_list(host, l);
	if (l->in[0] == RMI_GRANULE_RANGE_DELEGATE || l->in[0] == RMI_GRANULE_RANGE_UNDELEGATE)
		interrupt(host, l);
	call4(host, l->in[0], l->in[1], l->in[2], l->in[3], 0);
	if (is_excluded(l, active))
		return;
	if ((host->x[0] & 0xffff) != (l->out[0] & 0xffff))
		fail_msg("%s: x0 is %" PRIx64 ", not %" PRIx64, l->name, host->x[0], l->out[0]);
	for (i = 1; i < 5; i++)
		if (host->x[i] != l->out[i])
			fail_msg("%s: x%u is %" PRIx64 ", not %" PRIx64, l->name, i, host->x[i],
				 l->out[i]);
	for (i = 0; i < l->nr_got; i++)
		assert_int_equal(host_read(host, (l->in[0] == RMI_RMM_CONFIG_GET ? l->in[1] :
						  l->in[2]) + 8 * i), l->got[i]);
}

static struct host *recorded_machine(void)
{
	struct host *host = host_new(RMM_DIALECT_AUTUMN, 0);

	host->machine.pps = 5;
	host->machine.memory.at[0].size = 3 * GB;
	add_range(&host->machine.reserved, 0x40100000, 0x1800000, 0);
	return host_up(host);
}

static void test_answers(void **state)
{
	struct host *host = recorded_machine();
	unsigned int i, nr = read_answers(), excluded = 0;

	(void)state;
	assert_int_equal(nr, NR_ANSWERS);
	for (i = 0; i < nr; i++) {
		excluded += is_excluded(&lines[i], rmm_is_active(host->rmm));
		replay_line(host, &lines[i]);
	}
	assert_int_equal(excluded, NR_EXCLUDED);
	assert_int_equal(rmm_commands(host->rmm, 0), NR_ANSWERS - 2);
	assert_int_equal(host->nr_taken, 0);
	host_free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
