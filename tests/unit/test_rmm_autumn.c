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
		else if (nr && sscanf(text, "  page: %" SCNx64 " %" SCNx64, &l->got[0],
				      &l->got[1]) == 2)
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

/* Banks */

/*
 * 512 MB, a hole of 256 MB, 256 MB; 64 KB of a device and DRAM after it; DRAM from a region's
 * middle on
 */
static struct host *odd_machine(uint64_t flags)
{
	struct host *host = host_new(RMM_DIALECT_AUTUMN, flags);

	host->machine.memory.at[0].size = 512 * MB;
	add_range(&host->machine.memory, GB + 768 * MB, 256 * MB, 0);
	add_range(&host->machine.memory, 2 * GB, 64 * KB, RMI_MEM_CATEGORY_DEV_COH);
	add_range(&host->machine.memory, 2 * GB + 64 * KB, GB - 64 * KB, 0);
	add_range(&host->machine.memory, 3 * GB + 2 * MB, GB - 2 * MB, 0);
	add_range(&host->machine.memory, 5 * GB, GB, 0);
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_4K);
	return host;
}

static void get(struct host *host, uint64_t base, uint64_t top)
{
	call(host, RMI_GRANULE_TRACKING_GET, base, top);
}

/* What the next is to be paid with; ends where the metadata does */
static void pay(struct host *host, uint64_t base, uint64_t category, uint64_t from, uint64_t nr)
{
	assert_int_equal(set(host, base, category, RMI_TRACKING_FINE), DONATE);
	expect(host, DONATE, 0, nr << 2 | REQ_CONDITIONAL, 0);
	donate1(host, 0, pages(host, from, nr, NS));
	expect(host, GO_ON, nr, 0, 0);
	assert_int_equal(go_on(host, 0), RMI_SUCCESS);
}

static void test_banks_and_holes(void **state)
{
	struct host *host = odd_machine(0);

	(void)state;
	/*
	 * An answer that ends inside a region, and a hole that reads reserved, whatever the region
	 * is
	 */
	get(host, DRAM, 6 * GB);
	expect(host, RMI_SUCCESS, 0, RMI_TRACKING_NONE, DRAM + 512 * MB);
	pay(host, DRAM, 0, DRAM, 128);
	get(host, DRAM, 6 * GB);
	expect(host, RMI_SUCCESS, 0, RMI_TRACKING_FINE, DRAM + 512 * MB);
	get(host, DRAM + 512 * MB, 6 * GB);
	expect(host, RMI_SUCCESS, 3, RMI_TRACKING_RESERVED, DRAM + 768 * MB);
	get(host, DRAM + 768 * MB, 6 * GB);
	expect(host, RMI_SUCCESS, 0, RMI_TRACKING_FINE, 2 * GB);
	get(host, 2 * GB, 6 * GB);
	expect(host, RMI_SUCCESS, 2, RMI_TRACKING_NONE, 2 * GB + 64 * KB);
	/* Across regions, and to the hole at the next one's base */
	get(host, 2 * GB + 64 * KB, 6 * GB);
	expect(host, RMI_SUCCESS, 0, RMI_TRACKING_NONE, 3 * GB);
	get(host, 3 * GB, 6 * GB);
	expect(host, RMI_SUCCESS, 3, RMI_TRACKING_RESERVED, 3 * GB + 2 * MB);
	get(host, 5 * GB, 5 * GB + PAGE);
	expect(host, RMI_SUCCESS, 0, RMI_TRACKING_COARSE, 5 * GB + PAGE);

	/* A mixed region can't be COARSE */
	assert_int_equal(set(host, 2 * GB, 2, RMI_TRACKING_COARSE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, 3 * GB, 0, RMI_TRACKING_COARSE), RMI_ERROR_INPUT);
	/* What the base is counts; where that is a hole, the DRAM above it; no DRAM, no base */
	assert_int_equal(set(host, 2 * GB, 0, RMI_TRACKING_FINE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, 3 * GB, 1, RMI_TRACKING_FINE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, 4 * GB, 0, RMI_TRACKING_FINE), RMI_ERROR_INPUT);
	pay(host, 3 * GB, 0, 3 * GB + 2 * MB, 128);
	/* Conventional and device memory: pages for both */
	pay(host, 2 * GB, 2, 2 * GB + MB, 256);

	/* GPT_INFO looks at the base; the granules don't care */
	call(host, RMI_GPT_INFO, 3 * GB, 6 * GB);
	expect(host, RMI_SUCCESS, 4 * GB, RMI_PAR_RESERVED, 0);
	assert_int_equal(delegate(host, 3 * GB + 4 * MB, PAGE), RMI_SUCCESS);
	assert_int_equal(undelegate(host, 3 * GB + 4 * MB, PAGE), RMI_SUCCESS);
	assert_int_equal(delegate(host, 3 * GB, PAGE), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GPT_INFO, GB, TB), RMI_SUCCESS);
	/* Which error, and where */
	assert_int_equal(delegate(host, 5 * GB + MB, PAGE),
			 RMI_ERROR_TRACKING | (5 * GB + MB) / PAGE << 16);
	host_free(host);

	host = odd_machine(RMM_FLAG_STRICT_TOP);
	assert_int_equal(call(host, RMI_GPT_INFO, GB, TB), RMI_ERROR_INPUT);
	host_free(host);
}

/* Regions of 2 MB: a page for each */
static void test_small_regions(void **state)
{
	struct host *host = host_up(host_new(RMM_DIALECT_AUTUMN, 0));

	(void)state;
	config_page(host, CONFIG, 1, RMI_GRANULE_SIZE_4K);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_SUCCESS);
	config_page(host, CONFIG, 7, 7);
	assert_int_equal(call(host, RMI_RMM_CONFIG_GET, CONFIG, 0), RMI_SUCCESS);
	assert_int_equal(host_read(host, CONFIG + RMI_CONFIG_TRACKING_REGION), 1);
	assert_int_equal(call(host, RMI_RMM_ACTIVATE, 0, 0), RMI_SUCCESS);
	pay(host, DRAM + 2 * MB, 0, DRAM + 2 * MB, 1);
	get(host, DRAM, 5 * GB);
	expect(host, RMI_SUCCESS, 0, RMI_TRACKING_COARSE, DRAM + 2 * MB);
	get(host, DRAM + 2 * MB, 5 * GB);
	expect(host, RMI_SUCCESS, 0, RMI_TRACKING_FINE, DRAM + 4 * MB);
	/* A call never crosses a region */
	pay(host, DRAM + 4 * MB, 0, DRAM + 4 * MB, 1);
	delegate(host, DRAM + 3 * MB, 2 * MB);
	expect(host, RMI_SUCCESS, DRAM + 4 * MB, 0, 0);
	/* The region's own page serves no other region */
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_FINE), DONATE);
	donate1(host, 0, pages(host, DRAM + 4 * MB, 1, S));
	expect(host, GO_ON, 0, 0, 0);
	assert_int_equal(go_on(host, 0), RMI_ERROR_INPUT);
	host_free(host);

	host = host_new(RMM_DIALECT_AUTUMN, RMM_FLAG_BORN_ACTIVE);
	host->machine.active_region = 1;
	host_up(host);
	pay(host, DRAM, 0, DRAM, 1);
	host_free(host);
}

/* Delegation */

/* A machine of one region that is FINE, paid with the first 512 KB of it */
static struct host *fine_machine(uint64_t flags)
{
	struct host *host = host_active(RMM_DIALECT_AUTUMN, flags);

	pay(host, DRAM, 0, DRAM, 128);
	return host;
}

static void test_delegate_stops(void **state)
{
	struct host *host = fine_machine(RMM_FLAG_STOPS_AT_DONE);
	uint64_t at = DRAM + MB;

	(void)state;
	assert_int_equal(delegate(host, at + 4 * PAGE, 2 * PAGE), RMI_SUCCESS);
	/* Before what is delegated already; over that; and the rest */
	delegate(host, at, 8 * PAGE);
	expect(host, RMI_SUCCESS, at + 4 * PAGE, 0, 0);
	delegate(host, at + 4 * PAGE, 4 * PAGE);
	expect(host, RMI_SUCCESS, at + 6 * PAGE, 0, 0);
	delegate(host, at + 6 * PAGE, 2 * PAGE);
	expect(host, RMI_SUCCESS, at + 8 * PAGE, 0, 0);
	undelegate(host, at, 12 * PAGE);
	expect(host, RMI_SUCCESS, at + 12 * PAGE, 0, 0);
	/* EL3 does a part of it */
	host->machine.stop_after = 3;
	delegate(host, at, 8 * PAGE);
	expect(host, RMI_SUCCESS, at + 3 * PAGE, 0, 0);
	host_check(host);
	host_free(host);
}

static void test_delegate_is_stateful(void **state)
{
	struct host *host = fine_machine(0);
	uint64_t at = DRAM + MB;
	unsigned int i;

	(void)state;
	host->machine.yield_every = 3;
	delegate(host, at, 8 * PAGE);
	expect(host, GO_ON, 0, 0, 0);
	assert_int_equal(call(host, RMI_OP_CANCEL, 0, 0), RMI_ERROR_INPUT);
	/* Meanwhile: its region can't change, its granules neither, others can */
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_NONE), RMI_BLOCKED);
	assert_int_equal(delegate(host, at + 7 * PAGE, PAGE), RMI_BLOCKED);
	assert_int_equal(delegate(host, at + 8 * PAGE, PAGE), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_BUSY);
	assert_int_equal(go_on(host, 0), GO_ON);
	go_on(host, 0);
	expect(host, RMI_SUCCESS, at + 8 * PAGE, 0, 0);
	assert_int_equal(go_on(host, 0), RMI_ERROR_INPUT);

	/* One page at a time */
	host->machine.yield_every = 1;
	undelegate(host, at, 9 * PAGE);
	for (i = 0; i < 8; i++) {
		expect(host, GO_ON, 0, 0, 0);
		assert_int_equal(rmm_delegated(host->rmm), (8 - i) * PAGE);
		go_on(host, 0);
	}
	expect(host, RMI_SUCCESS, at + 9 * PAGE, 0, 0);
	host_free(host);
}

/* No context left: try later. Others' operations hold some. */
static void test_contexts(void **state)
{
	struct host *host = fine_machine(0);

	(void)state;
	host->machine.contexts = 2;
	assert_int_equal(set(host, 2 * GB, 0, RMI_TRACKING_FINE), DONATE);
	assert_int_equal(delegate(host, DRAM + MB, PAGE), RMI_SUCCESS);
	assert_int_equal(set(host, 3 * GB, 0, RMI_TRACKING_FINE), DONATE);
	assert_int_equal(host->x[1], 1);
	delegate(host, DRAM + MB, PAGE);
	expect(host, RMI_BLOCKED, DRAM + MB, 0, 0);
	assert_int_equal(set(host, 4 * GB, 0, RMI_TRACKING_FINE), RMI_BLOCKED);
	host_free(host);
}

/* What an earlier kernel left unfinished */
static void test_blocked(void **state)
{
	struct host *host = host_new(RMM_DIALECT_AUTUMN, RMM_FLAG_BORN_ACTIVE);

	(void)state;
	add_range(&host->machine.blocked, 2 * GB, GB, 0);
	host_up(host);
	assert_int_equal(set(host, 2 * GB, 0, RMI_TRACKING_FINE), RMI_BLOCKED);
	assert_int_equal(delegate(host, 2 * GB, PAGE), RMI_BLOCKED);
	get(host, 2 * GB, 3 * GB);
	expect(host, RMI_SUCCESS, 0, RMI_TRACKING_COARSE, 3 * GB);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_BUSY);
	pay(host, DRAM, 0, DRAM, 128);
	host->machine.contexts = 1;
	assert_int_equal(set(host, 3 * GB, 0, RMI_TRACKING_FINE), RMI_BLOCKED);
	host_free(host);
}

static void test_whole_region(void **state)
{
	struct host *host = host_up(host_new(RMM_DIALECT_AUTUMN, 0));
	uint64_t at = DRAM + 4 * MB;

	(void)state;
	config_page(host, CONFIG, 1, RMI_GRANULE_SIZE_4K);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_RMM_ACTIVATE, 0, 0), RMI_SUCCESS);
	assert_int_equal(RMI_RESULT_STATUS(delegate(host, at, MB)), RMI_ERROR_TRACKING);
	delegate(host, at, 4 * MB);
	expect(host, RMI_SUCCESS, at + 2 * MB, 0, 0);
	assert_int_equal(rmm_delegated(host->rmm), 2 * MB);
	assert_int_equal(RMI_RESULT_STATUS(undelegate(host, at, PAGE)), RMI_ERROR_TRACKING);
	undelegate(host, at, 2 * MB);
	expect(host, RMI_SUCCESS, at + 2 * MB, 0, 0);
	assert_int_equal(rmm_delegated(host->rmm), 0);

	/* It may still turn FINE, with a page of its own that is delegated */
	delegate(host, at, 2 * MB);
	assert_int_equal(set(host, at, 0, RMI_TRACKING_NONE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, at, 0, RMI_TRACKING_FINE), DONATE);
	donate1(host, 0, pages(host, at, 1, S));
	expect(host, GO_ON, 1, 0, 0);
	assert_int_equal(go_on(host, 0), RMI_SUCCESS);
	assert_int_equal(rmm_delegated(host->rmm), 2 * MB - PAGE);
	assert_int_equal(undelegate(host, at + PAGE, PAGE), RMI_SUCCESS);
	/* Not all of one kind, then all undelegated but for its own */
	assert_int_equal(set(host, at, 0, RMI_TRACKING_COARSE), RMI_ERROR_INPUT);
	assert_int_equal(delegate(host, at + PAGE, PAGE), RMI_SUCCESS);
	assert_int_equal(set(host, at, 0, RMI_TRACKING_COARSE), RECLAIM);
	reclaim(host, 0, 4);
	expect(host, GO_ON, 1, 0, 0);
	assert_int_equal(host_read(host, LIST), pages(host, at, 1, S));
	assert_int_equal(go_on(host, 0), RMI_SUCCESS);
	assert_int_equal(rmm_delegated(host->rmm), 2 * MB);
	host_free(host);
}

/* Donations */

static void test_pends(void **state)
{
	struct host *host = host_new(RMM_DIALECT_AUTUMN, RMM_FLAG_PENDS);

	(void)state;
	host->machine.turns = 3;
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_4K);
	set(host, DRAM, 0, RMI_TRACKING_FINE);
	donate1(host, 0, pages(host, DRAM, 128, NS));
	expect(host, GO_ON, 37, 0, 0);
	assert_int_equal(donate1(host, 0, pages(host, DRAM + MB, 1, NS)), RMI_ERROR_INPUT);
	go_on(host, 0);
	expect(host, GO_ON, 0, 0, 0);
	go_on(host, 0);
	expect(host, GO_ON, 0, 0, 0);
	go_on(host, 0);
	expect(host, DONATE, 0, 91 << 2 | REQ_CONDITIONAL, 0);
	/* All there: still not done */
	donate1(host, 0, pages(host, DRAM + 37 * PAGE, 30, NS));
	expect(host, DONATE, 30, 61 << 2 | REQ_CONDITIONAL, 0);
	donate1(host, 0, pages(host, DRAM + 67 * PAGE, 30, NS));
	expect(host, DONATE, 30, 31 << 2 | REQ_CONDITIONAL, 0);
	donate1(host, 0, pages(host, DRAM + 97 * PAGE, 31, NS));
	expect(host, GO_ON, 31, 0, 0);
	assert_int_equal(go_on(host, 0), GO_ON);
	assert_int_equal(go_on(host, 0), GO_ON);
	assert_int_equal(go_on(host, 0), GO_ON);
	assert_int_equal(rmm_tracking(host->rmm, DRAM), RMI_TRACKING_COARSE);
	assert_int_equal(go_on(host, 0), RMI_SUCCESS);
	host_free(host);
}

/* EL3 is busy: none taken, few taken; nothing to reclaim yet */
static void test_el3_is_busy(void **state)
{
	struct host *host = host_active(RMM_DIALECT_AUTUMN, RMM_FLAG_PARTIAL);

	(void)state;
	set(host, DRAM, 0, RMI_TRACKING_FINE);
	donate1(host, 0, pages(host, DRAM, 128, NS));
	expect(host, DONATE, 0, 128 << 2 | REQ_CONDITIONAL, 0);
	donate(host, 0, 1);
	expect(host, DONATE, 5, 123 << 2 | REQ_CONDITIONAL, 0);
	donate1(host, 0, pages(host, DRAM, 1, NS));		/* it has that */
	expect(host, RECLAIM, 5, 0, 0);
	reclaim(host, 0, 8);
	expect(host, RECLAIM, 0, 0, 0);
	reclaim(host, 0, 3);
	expect(host, RECLAIM, 1, 0, 0);
	assert_int_equal(host_read(host, LIST), pages(host, DRAM, 3, NS));
	reclaim(host, 0, 3);
	expect(host, GO_ON, 1, 0, 0);
	assert_int_equal(go_on(host, 0), RMI_ERROR_INPUT);
	host_free(host);
}

/* EL3 has a conflict: at the first page, at the second one, not any more */
static void test_conflicts(void **state)
{
	struct host *host = host_active(RMM_DIALECT_AUTUMN, RMM_FLAG_CONFLICTS);

	(void)state;
	set(host, DRAM, 0, RMI_TRACKING_FINE);
	donate1(host, 0, pages(host, DRAM, 128, NS));
	expect(host, GO_ON, 0, 0, 0);
	assert_int_equal(go_on(host, 0), RMI_BLOCKED);
	assert_int_equal(go_on(host, 0), RMI_ERROR_INPUT);
	set(host, DRAM, 0, RMI_TRACKING_FINE);
	donate1(host, 0, pages(host, DRAM, 128, NS));
	expect(host, RECLAIM, 1, 0, 0);
	reclaim(host, 0, 8);
	expect(host, GO_ON, 1, 0, 0);
	assert_int_equal(go_on(host, 0), RMI_BLOCKED);
	assert_int_equal(rmm_donated(host->rmm), 0);
	pay(host, DRAM, 0, DRAM, 128);
	host_free(host);
}

/* Pages that are refused for good, by their address */
static void test_refuses(void **state)
{
	struct host *host = host_new(RMM_DIALECT_AUTUMN, 0);
	uint64_t bad = 100 * PAGE * (DRAM / (100 * PAGE) + 1);

	(void)state;
	host->machine.refuse_every = 100;
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_4K);
	set(host, DRAM, 0, RMI_TRACKING_FINE);
	donate1(host, 0, pages(host, bad - 2 * PAGE, 128, NS));
	expect(host, RECLAIM, 2, 0, 0);
	reclaim(host, 0, 8);
	assert_int_equal(go_on(host, 0), RMI_ERROR_INPUT);
	set(host, DRAM, 0, RMI_TRACKING_FINE);
	donate1(host, 0, pages(host, bad, 1, NS));
	expect(host, GO_ON, 0, 0, 0);
	assert_int_equal(go_on(host, 0), RMI_ERROR_INPUT);
	host_free(host);
}

/* Up to 64 banks of each kind, and each of them is an answer of its own */
static void test_number_of_banks(void **state)
{
	struct host *host = host_new(RMM_DIALECT_AUTUMN, 0);
	unsigned int i;

	(void)state;
	host->machine.memory.nr = 0;
	for (i = 0; i < 64; i++) {
		add_range(&host->machine.memory, GB + i * 16 * MB, 4 * MB, 0);
		add_range(&host->machine.memory, GB + i * 16 * MB + 8 * MB, 4 * MB, 2);
	}
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_4K);
	for (i = 0; i < 64; i++) {
		get(host, GB + i * 16 * MB, 3 * GB);
		expect(host, RMI_SUCCESS, 0, RMI_TRACKING_NONE, GB + i * 16 * MB + 4 * MB);
		get(host, GB + i * 16 * MB + 8 * MB, 3 * GB);
		expect(host, RMI_SUCCESS, 2, RMI_TRACKING_NONE, GB + i * 16 * MB + 12 * MB);
	}
	host_free(host);
	for (i = 0; i < 3; i += 2) {
		unsigned int n;

		host = host_new(RMM_DIALECT_AUTUMN, 0);
		host->machine.memory.nr = 0;
		for (n = 0; n < 65; n++)
			add_range(&host->machine.memory, GB + n * 16 * MB, 4 * MB, i);
		assert_false(host_try(host));
		host->machine.memory.nr = 64;
		assert_true(host_try(host));
		host_free(host);
	}
}

static void test_machine(void **state)
{
	struct host *host = host_new(RMM_DIALECT_AUTUMN, 0);

	(void)state;
	host->machine.granules = 3;		/* of 4 KB alone */
	assert_false(host_try(host));
	host->machine.granules = 2;
	assert_false(host_try(host));
	host_free(host);
	host = host_new(RMM_DIALECT_BETA3, 0);
	host->machine.active_region = 1;
	assert_false(host_try(host));
	host_free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_banks_and_holes),
		cmocka_unit_test(test_small_regions),
		cmocka_unit_test(test_delegate_stops),
		cmocka_unit_test(test_delegate_is_stateful),
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_whole_region),
		cmocka_unit_test(test_pends),
		cmocka_unit_test(test_el3_is_busy),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_number_of_banks),
		cmocka_unit_test(test_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
