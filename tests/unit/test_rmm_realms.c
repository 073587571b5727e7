// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model RMM's Realms: a host makes one, runs it and unmakes it, by commands typed in by hand.
 * The measurements were computed by another program, from the specification's text.
 */
#include <stdio.h>

#include "rmm_fixture.h"

/* The host's granules, in this order; pages for the RMM's own use come from SPARE on */
#define RD		(DRAM + 32 * MB)
#define ROOT		(RD + PAGE)
#define RTT2		(RD + 2 * PAGE)
#define RTT3		(RD + 3 * PAGE)
#define CODE		(RD + 4 * PAGE)
#define CALL		(RD + 5 * PAGE)
#define REC		(RD + 6 * PAGE)
#define LATE		(RD + 8 * PAGE)
#define SPARE		(RD + 16 * PAGE)
#define NR_GRANULES	80

#define PARAMS		(DRAM + 18 * MB)
#define SRC		(DRAM + 19 * MB)
#define RUN		(DRAM + 20 * MB)

#define IPA		UINT64_C(0x10000)
#define ORDER_4		5		/* machine.recs_order: 16 RECs */
#define RTT(level)	(UINT64_C(4) | (level) << 8)

static uint64_t spare, steps, lent, got_back;

static void words(struct host *host, uint64_t pa, unsigned int nr, const uint64_t (*word)[2])
{
	unsigned int i;

	memset(host->dram + pa, 0, RMI_PARAMS_SIZE);
	for (i = 0; i < nr; i++)
		host_write(host, pa + word[i][0], word[i][1]);
}

#define WORDS(host, pa, ...) do {							\
	const uint64_t words_[][2] = { __VA_ARGS__ };					\
	words(host, pa, sizeof(words_) / sizeof(words_[0]), words_);			\
} while (0)

static void realm_params(struct host *host, uint64_t hash)
{
	WORDS(host, PARAMS, { 0x8, 32 }, { 0x18, 1 }, { 0x20, 1 }, { 0x30, hash },
	      { 0x400, 0x1234 }, { 0x808, ROOT }, { 0x810, 1 }, { 0x818, 1 });
}

static void rec_params(struct host *host, uint64_t flags, uint64_t mpidr)
{
	WORDS(host, PARAMS, { 0, flags }, { 0x100, mpidr }, { 0x200, IPA }, { 0x300, IPA + PAGE },
	      { 0x308, IPA + 2 * PAGE }, { 0x338, 7 });
}

static void code(struct host *host)
{
	uint64_t i;

	for (i = 0; i < 512; i++)
		host_write(host, SRC + 8 * i, i * UINT64_C(0x0101010101010101));
}

static uint64_t call5(struct host *host, uint64_t fid, uint64_t x1, uint64_t x2, uint64_t x3,
		      uint64_t x4, uint64_t x5)
{
	host->x5 = x5;
	return call4(host, fid, x1, x2, x3, x4);
}

static uint64_t give(struct host *host, uint64_t handle, uint64_t request)
{
	uint64_t nr = request >> 2 & 0x3fff;

	assert_int_equal(request, nr << 2);	/* single pages, delegated */
	donate1(host, handle, pages(host, spare, nr, RMI_MEM_DELEGATED));
	spare += host->x[1] * PAGE;
	lent += host->x[1];
	return host->x[0];
}

/* Next to each other, they come back as one */
static uint64_t get_back(struct host *host, uint64_t handle)
{
	uint64_t nr, i;

	reclaim(host, handle, 512);
	for (i = 0; i < host->x[1]; i++) {
		nr = host_read(host, LIST + 8 * i) >> 2 & 0x3ff;
		assert_true(nr);
		assert_int_equal(host_read(host, LIST + 8 * i) >> 62, 0);
		got_back += nr;
	}
	return host->x[0];
}

/* To the end, giving and taking what is asked for */
static uint64_t drive(struct host *host, uint64_t fid, uint64_t x1, uint64_t x2, uint64_t x3,
		      uint64_t x4, uint64_t x5)
{
	uint64_t x0 = call5(host, fid, x1, x2, x3, x4, x5), handle = host->x[1];
	uint64_t request = host->x[2];

	steps = 1;
	for (; (x0 & 0xff) == 13; steps++, request = host->x[2]) {
		assert_true(steps < 100);
		switch (x0 >> 8 & 3) {
		case 1:
			x0 = give(host, handle, request);
			break;
		case 2:
			x0 = get_back(host, handle);
			break;
		default:
			x0 = go_on(host, handle);
		}
	}
	return x0;
}

static void begin(struct host *host)
{
	config_page(host, CONFIG, 0, RMI_GRANULE_SIZE_4K);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), 0);
	assert_int_equal(drive(host, RMI_RMM_ACTIVATE, 0, 0, 0, 0, 0), 0);
	for (uint64_t i = 0; i < NR_GRANULES; i++)
		assert_int_equal(drive(host, RMI_GRANULE_RANGE_DELEGATE, RD + i * PAGE,
				       RD + (i + 1) * PAGE, 0, 0, 0), 0);
	spare = SPARE;
	lent = 0;
	got_back = 0;
}

/* FINE from the start, which the dialect autumn otherwise wants to be paid for */
static struct host *realm_host(unsigned int dialect, uint64_t flags)
{
	struct host *host = host_new(dialect, flags);

	host->machine.hashes = 7;
	host->machine.recs_order = ORDER_4 + (dialect == RMM_DIALECT_AUTUMN);
	if (dialect == RMM_DIALECT_AUTUMN)
		add_range(&host->machine.tracking, DRAM, GB, RMI_TRACKING_FINE);
	begin(host_up(host));
	return host;
}

static void over(struct host *host)
{
	assert_int_equal(rmm_realms(host->rmm), 0);
	assert_int_equal(rmm_operations(host->rmm), 0);
	assert_int_equal(lent, got_back);
	assert_int_equal(rmm_delegated(host->rmm), NR_GRANULES * PAGE);
	for (uint64_t i = 0; i < NR_GRANULES; i++)
		assert_int_equal(drive(host, RMI_GRANULE_RANGE_UNDELEGATE, RD + i * PAGE,
				       RD + (i + 1) * PAGE, 0, 0, 0), 0);
	assert_int_equal(host->nr_taken, 0);
	host_free(host);
}

static void build(struct host *host, uint64_t hash)
{
	uint64_t ipa = IPA;

	realm_params(host, hash);
	assert_int_equal(drive(host, RMI_REALM_CREATE, RD, PARAMS, 0, 0, 0), 0);
	assert_int_equal(drive(host, RMI_RTT_CREATE, RD, RTT2, 0, 2, 0), 0);
	assert_int_equal(drive(host, RMI_RTT_CREATE, RD, RTT3, 0, 3, 0), 0);
	while (ipa < IPA + 16 * PAGE) {
		assert_int_equal(drive(host, RMI_RTT_INIT_RIPAS, RD, ipa, IPA + 16 * PAGE, 0, 0),
				 0);
		assert_true(host->x[1] > ipa);
		ipa = host->x[1];
	}
	code(host);
	assert_int_equal(drive(host, RMI_RTT_DATA_MAP_INIT, RD, CODE, IPA, SRC, 1), 0);
	assert_int_equal(drive(host, RMI_RTT_DATA_MAP_INIT, RD, CALL, IPA + PAGE, SRC, 0), 0);
	rec_params(host, 1, 0);
	assert_int_equal(drive(host, RMI_REC_CREATE, RD, REC, PARAMS, 0, 0), 0);
}

static void destroy_tables(struct host *host)
{
	assert_int_equal(drive(host, RMI_RTT_DESTROY, RD, 0, 3, 0, 0), 0);
	assert_int_equal(host->x[1], RTT3);
	assert_int_equal(drive(host, RMI_RTT_DESTROY, RD, 0, 2, 0, 0), 0);
	assert_int_equal(host->x[1], RTT2);
	assert_int_equal(drive(host, RMI_REALM_DESTROY, RD, 0, 0, 0, 0), 0);
}

static void unmap_all(struct host *host)
{
	uint64_t ipa = 0, found = 0;

	while (ipa < 512 * PAGE) {
		assert_int_equal(drive(host, RMI_RTT_DATA_UNMAP, RD, ipa, 512 * PAGE, 0, 0), 0);
		assert_true(host->x[1] > ipa && host->x[1] <= 512 * PAGE);
		found += host->x[2] >> 2 & 0x3ff;
		ipa = host->x[1];
	}
	assert_in_range(found, 2, 4);
}

static void unbuild(struct host *host)
{
	assert_int_equal(drive(host, RMI_REALM_TERMINATE, RD, 0, 0, 0, 0), 0);
	assert_int_equal(drive(host, RMI_REC_DESTROY, REC, 0, 0, 0, 0), 0);
	unmap_all(host);
	destroy_tables(host);
}

/* What runs in it */
static struct rmm_entry entered;
static unsigned int entries;
static uint64_t exit_reason;
static bool turns_off;
static uint64_t nested[2];		/* TERMINATE and REC_DESTROY while it runs */
static char measured[129];

static struct host *runs_on;

static void run_realm_code(void *ctx, struct rmm_entry *entry)
{
	struct host *host = ctx;
	unsigned int i;

	entries++;
	entered = *entry;
	for (i = 0; i < 64; i++)
		sprintf(measured + 2 * i, "%02x", entry->measurement[i]);
	host_write(host, entry->run + 0x800, exit_reason);
	host_write(host, entry->run + 0xd00, IPA + 2 * PAGE);
	host_write(host, entry->run + 0xd08, IPA + 32 * PAGE);
	host_write(host, entry->run + 0xd10, 1);
	entry->off = turns_off;
	if (entry->index)
		return;
	nested[0] = call(runs_on, RMI_REALM_TERMINATE, RD, 0);
	nested[1] = call(runs_on, RMI_REC_DESTROY, REC, 0);
}

/* Again, with somebody in it */
static struct host *inhabited(unsigned int dialect, uint64_t flags)
{
	struct host *host = realm_host(dialect, flags);
	struct rmm_ops ops = {
		.read = host_read, .write = host_write, .granule = host_granule,
		.enter = run_realm_code, .ctx = host,
	};

	/* The ops are all that the model takes over: the rest of it begins anew */
	memset(host->memory, 0, host->size);
	memset(host->taken, 0, HOST_TOP / PAGE);
	host->nr_taken = 0;
	host->rmm = rmm_init(host->memory, &host->machine, &ops);
	begin(host);
	runs_on = host;
	entries = 0;
	exit_reason = 5;
	turns_off = false;
	return host;
}

static const unsigned int dialects[] = { RMM_DIALECT_PUBLIC, RMM_DIALECT_BETA1, RMM_DIALECT_BETA3,
					 RMM_DIALECT_AUTUMN };
static const uint64_t flags[] = { 0, RMM_FLAG_CONTINUES, RMM_FLAG_REALM_PAGES, RMM_FLAG_PARTIAL,
				  RMM_FLAG_CONTINUES | RMM_FLAG_REALM_PAGES | RMM_FLAG_PARTIAL };
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Every dialect, and whichever commands are operations: all comes back */
static void test_life(void **state)
{
	unsigned int d, f;

	(void)state;
	for (d = 0; d < COUNT(dialects); d++) {
		for (f = 0; f < COUNT(flags); f++) {
			struct host *host = realm_host(dialects[d], flags[f]);

			for (int round = 0; round < 2; round++) {
				build(host, 0);
				assert_int_equal(rmm_realms(host->rmm), 1);
				assert_int_equal(call(host, RMI_REALM_ACTIVATE, RD, 0), 0);
				/* nobody is in it: an interrupt is all that ends it */
				assert_int_equal(call(host, RMI_REC_ENTER, REC, RUN), 0);
				assert_int_equal(host_read(host, RUN + 0x800), 1);
				unbuild(host);
				spare = SPARE;
			}
			over(host);
		}
	}
}

/* Which of them are operations, and what these want: 16 pages for a REC, of a Realm in autumn 5 */
static void test_operations(void **state)
{
	struct host *host = realm_host(RMM_DIALECT_PUBLIC, 0);
	uint64_t handle;

	(void)state;
	realm_params(host, 0);
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), 0);
	rec_params(host, 1, 0);
	assert_int_equal(call4(host, RMI_REC_CREATE, RD, REC, PARAMS, 0), DONATE);
	handle = host->x[1];
	expect(host, DONATE, handle, 16 << 2, 0);
	/* not to be cancelled; and nobody else may have that Realm or REC meanwhile */
	assert_int_equal(call(host, RMI_OP_CANCEL, handle, 0), 1);
	assert_int_equal(call(host, RMI_REALM_ACTIVATE, RD, 0), 10);
	/* a page that isn't delegated, or is in use */
	assert_int_equal(donate1(host, handle, pages(host, DRAM, 1, RMI_MEM_DELEGATED)), 1);
	assert_int_equal(donate1(host, handle, pages(host, SPARE, 1, RMI_MEM_UNDELEGATED)), 1);
	assert_int_equal(donate1(host, handle, pages(host, ROOT, 1, RMI_MEM_DELEGATED)), 1);
	assert_int_equal(donate1(host, handle, pages(host, SPARE, 2, RMI_MEM_DELEGATED)), DONATE);
	expect(host, DONATE, 2, 14 << 2, 0);
	assert_int_equal(donate1(host, handle, pages(host, SPARE + 8 * PAGE, 14,
						     RMI_MEM_DELEGATED)), GO_ON);
	assert_int_equal(go_on(host, handle), 0);
	assert_int_equal(undelegate(host, SPARE, PAGE), 1);
	assert_int_equal(undelegate(host, REC, PAGE), 1);
	assert_int_equal(call(host, RMI_REALM_DESTROY, RD, 0), 2);
	assert_int_equal(call(host, RMI_REC_DESTROY, REC, 0), RECLAIM);
	handle = host->x[1];
	/* merged */
	assert_int_equal(reclaim(host, handle, 1), RECLAIM);
	assert_int_equal(host_read(host, LIST), SPARE | 2 << 2);
	assert_int_equal(reclaim(host, handle, 512), GO_ON);
	assert_int_equal(host_read(host, LIST), (SPARE + 8 * PAGE) | 14 << 2);
	assert_int_equal(go_on(host, handle), 0);
	assert_int_equal(call(host, RMI_REALM_DESTROY, RD, 0), 0);
	over(host);

	host = realm_host(RMM_DIALECT_AUTUMN, 0);
	realm_params(host, 0);
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), DONATE);
	handle = host->x[1];
	expect(host, DONATE, handle, 5 << 2, 0);
	/* what was taken comes back, and that is the end */
	put(host, 0, pages(host, SPARE, 2, RMI_MEM_DELEGATED));
	put(host, 1, pages(host, DRAM, 1, RMI_MEM_DELEGATED));
	assert_int_equal(donate(host, handle, 2), RECLAIM);
	assert_int_equal(reclaim(host, handle, 512), GO_ON);
	assert_int_equal(host->x[1], 1);
	assert_int_equal(host_read(host, LIST), SPARE | 2 << 2);
	assert_int_equal(go_on(host, handle), 1);
	assert_int_equal(rmm_realms(host->rmm), 0);
	/* the parameters are read by the CONTINUE: until then they are to be left alone */
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), DONATE);
	handle = host->x[1];
	assert_int_equal(donate1(host, handle, pages(host, SPARE, 5, RMI_MEM_DELEGATED)), GO_ON);
	host_write(host, PARAMS + 8, 31);
	assert_int_equal(go_on(host, handle), RECLAIM);
	assert_int_equal(reclaim(host, handle, 512), GO_ON);
	assert_int_equal(go_on(host, handle), 1);
	over(host);

	host = realm_host(RMM_DIALECT_BETA3, 0);
	realm_params(host, 0);
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), 0);
	rec_params(host, 1, 0);
	assert_int_equal(call4(host, RMI_REC_CREATE, RD, REC, PARAMS, 0), DONATE | CAN_CANCEL);
	handle = host->x[1];
	assert_int_equal(donate1(host, handle, pages(host, SPARE, 4, RMI_MEM_DELEGATED)),
			 DONATE | CAN_CANCEL);
	assert_int_equal(call(host, RMI_OP_CANCEL, handle, 0), RECLAIM);
	assert_int_equal(reclaim(host, handle, 512), GO_ON);
	assert_int_equal(go_on(host, handle), 1);
	assert_int_equal(call(host, RMI_REALM_DESTROY, RD, 0), 0);
	over(host);
}

/* Agreed on with the public RMM, for SHA-256; the others and RIPAS by the text */
static void test_measurement(void **state)
{
	static const char two[] =
		"a60e4b6c6fa349e20c883ba48f6da4e3c7114cdb5f84ebcafdfaf9feee82f979";
	static const struct {
		uint64_t hash, flags;
		const char *rim[2];	/* in hexadecimal */
	} want[] = {
		{ 0, 0,
		  { "c9bb6e1e8ca9cea8d1e434ba2fc43e8d1820ab2cd2e06229035669d05fe479dd", "" } },
		{ 1, 0, { "b177bb0fb22f8832e2ab33f9a64672ec390fdf9dbcd9179707b0048cdfd9f9b7",
			  "d6f681a95a5ddff24624318ec3fd2f501031e2e146c4c52946cb872f27ddba44" } },
		{ 2, 0, { "73c8a8dde85a1ba5443d4f0dc09d4872bfa3db24d7ad196658cc4950ab36ac4e",
			  "a017f10360f12cca20f791423b0263a4" } },
		{ 0, RMM_FLAG_RIPAS_MEASURED,
		  { "24ddaf4453eabfd2be7d9d04b448faef0f6267d98e466d80e8f1252882c293eb", "" } },
	};
	unsigned int i, k, len;

	(void)state;
	for (i = 0; i < COUNT(want); i++) {
		struct host *host = inhabited(RMM_DIALECT_PUBLIC, want[i].flags);

		build(host, want[i].hash);
		assert_int_equal(call(host, RMI_REALM_ACTIVATE, RD, 0), 0);
		assert_int_equal(call(host, RMI_REC_ENTER, REC, RUN), 0);
		len = strlen(want[i].rim[0]);
		assert_memory_equal(measured, want[i].rim[0], len);
		assert_memory_equal(measured + len, want[i].rim[1], strlen(want[i].rim[1]));
		for (k = len + strlen(want[i].rim[1]); k < 128; k++)
			assert_int_equal(measured[k], '0');
		unbuild(host);
		over(host);
	}
	/* RECs that can't run aren't measured, each other one is */
	{
		struct host *host = inhabited(RMM_DIALECT_PUBLIC, 0);

		build(host, 0);
		WORDS(host, PARAMS, { 0x100, 1 }, { 0x200, IPA });
		assert_int_equal(drive(host, RMI_REC_CREATE, RD, LATE, PARAMS, 0, 0), 0);
		WORDS(host, PARAMS, { 0, 1 }, { 0x100, 2 }, { 0x200, IPA }, { 0x300, 5 });
		assert_int_equal(drive(host, RMI_REC_CREATE, RD, LATE + PAGE, PARAMS, 0, 0), 0);
		assert_int_equal(call(host, RMI_REALM_ACTIVATE, RD, 0), 0);
		assert_int_equal(call(host, RMI_REC_ENTER, LATE + PAGE, RUN), 0);
		assert_int_equal(entered.index, 2);
		assert_memory_equal(measured, two, 64);
		assert_int_equal(call(host, RMI_REC_ENTER, LATE, RUN), 3);
		assert_int_equal(call4(host, RMI_PSCI_COMPLETE, REC, LATE, 0, 0), 0);
		assert_int_equal(call(host, RMI_REC_ENTER, LATE, RUN), 0);
		assert_int_equal(call4(host, RMI_PSCI_COMPLETE, REC, REC, 0, 0), 1);
		assert_int_equal(call4(host, RMI_PSCI_COMPLETE, REC, RD, 0, 0), 1);
		assert_int_equal(drive(host, RMI_REC_DESTROY, LATE, 0, 0, 0, 0), 0);
		assert_int_equal(drive(host, RMI_REC_DESTROY, LATE + PAGE, 0, 0, 0, 0), 0);
		unbuild(host);
		over(host);
	}
}

static void test_entry(void **state)
{
	struct host *host = inhabited(RMM_DIALECT_PUBLIC, 0);

	(void)state;
	build(host, 0);
	assert_int_equal(call(host, RMI_REC_ENTER, REC, RUN), 2);	/* not active yet */
	assert_int_equal(call(host, RMI_REALM_ACTIVATE, RD, 0), 0);
	assert_int_equal(call(host, RMI_REALM_ACTIVATE, RD, 0), 2);
	assert_int_equal(call(host, RMI_REC_ENTER, REC + PAGE, RUN), 1);
	assert_int_equal(call(host, RMI_REC_ENTER, REC, RUN + 8), 1);
	assert_int_equal(call(host, RMI_REC_ENTER, REC, CODE), 1);
	assert_int_equal(entries, 0);
	host_write(host, RUN + 0xff8, 1);
	assert_int_equal(call(host, RMI_REC_ENTER, REC, RUN), 0);
	assert_int_equal(host_read(host, RUN + 0x800), 5);
	assert_int_equal(host_read(host, RUN + 0xff8), 0);	/* what it was is gone */
	assert_int_equal(entered.rd, RD);
	assert_int_equal(entered.rec, REC);
	assert_int_equal(entered.index, 0);
	assert_int_equal(nested[0], 2);		/* nothing can be taken away from who runs */
	assert_int_equal(nested[1], 3);
	/* too late for what is part of the measurement */
	assert_int_equal(call4(host, RMI_RTT_INIT_RIPAS, RD, IPA, IPA + PAGE, 0), 2);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP_INIT, RD, LATE, IPA + 3 * PAGE, SRC, 0), 2);
	rec_params(host, 1, 1);
	assert_int_equal(call4(host, RMI_REC_CREATE, RD, LATE, PARAMS, 0), 2);
	/* RAM that it has no page for */
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP, RD, IPA + 2 * PAGE, IPA + 4 * PAGE, 1,
			       LATE | 2 << 2), 0);
	assert_int_equal(host->x[1], IPA + 4 * PAGE);
	/* what it asks of memory, and no more */
	assert_int_equal(call4(host, RMI_RTT_SET_RIPAS, RD, REC, IPA, IPA + PAGE), 1);
	exit_reason = 4;
	assert_int_equal(call(host, RMI_REC_ENTER, REC, RUN), 0);
	assert_int_equal(call4(host, RMI_RTT_SET_RIPAS, RD, REC, IPA + PAGE, IPA + 3 * PAGE), 1);
	assert_int_equal(call4(host, RMI_RTT_SET_RIPAS, RD, REC, IPA + 2 * PAGE, IPA + 33 * PAGE),
			 1);
	assert_int_equal(call4(host, RMI_RTT_SET_RIPAS, RD, RD, IPA + 2 * PAGE, IPA + 8 * PAGE), 1);
	assert_int_equal(call4(host, RMI_RTT_SET_RIPAS, RD, REC, IPA + 2 * PAGE, IPA + 8 * PAGE),
			 0);
	assert_int_equal(host->x[1], IPA + 8 * PAGE);
	assert_int_equal(call4(host, RMI_RTT_SET_RIPAS, RD, REC, IPA + 8 * PAGE, IPA + 32 * PAGE),
			 0);
	/* a Realm that turned itself off is entered by none of its RECs */
	exit_reason = 3;
	turns_off = true;
	assert_int_equal(call(host, RMI_REC_ENTER, REC, RUN), 0);
	assert_int_equal(call(host, RMI_REC_ENTER, REC, RUN), 2);
	assert_int_equal(entries, 3);
	unbuild(host);
	over(host);
}

static void bad_param(struct host *host, uint64_t offset, uint64_t value)
{
	realm_params(host, 0);
	host_write(host, PARAMS + offset, value);
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), 1);
}

static void test_realm_refusals(void **state)
{
	static const struct {
		uint64_t bits, level, nr, status;
	} walks[] = {
		{ 32, 1, 1, 0 }, { 32, 2, 4, 0 }, { 33, 1, 1, 0 }, { 40, 1, 2, 0 }, { 40, 0, 1, 0 },
		{ 48, 0, 1, 0 }, { 31, 1, 1, 1 }, { 53, 0, 1, 1 }, { 32, 2, 2, 1 }, { 40, 1, 1, 1 },
		{ 40, 2, 16, 1 }, { 32, 3, 1, 1 }, { 32, 0, 1, 1 }, { 32, 1, 2, 1 },
	};
	struct host *host = realm_host(RMM_DIALECT_PUBLIC, 0);
	unsigned int i;

	(void)state;
	bad_param(host, 0x0, 1);
	bad_param(host, 0x18, 0);
	bad_param(host, 0x20, 0);
	bad_param(host, 0x30, 3);
	bad_param(host, 0x808, RD);		/* the same twice */
	bad_param(host, 0x808, DRAM);		/* not delegated */
	bad_param(host, 0x808, ROOT + 8);
	bad_param(host, 0x820, 1);
	realm_params(host, 0);
	assert_int_equal(call(host, RMI_REALM_CREATE, DRAM, PARAMS), 1);
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS + 8), 1);
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, CODE), 1);
	assert_int_equal(call(host, RMI_REALM_ACTIVATE, RD, 0), 1);	/* there is none */
	for (i = 0; i < COUNT(walks); i++) {
		WORDS(host, PARAMS, { 0x8, walks[i].bits }, { 0x18, 1 }, { 0x20, 1 },
		      { 0x808, RD + 16 * PAGE }, { 0x810, walks[i].level },
		      { 0x818, walks[i].nr });
		if (call(host, RMI_REALM_CREATE, RD, PARAMS) != walks[i].status)
			fail_msg("%u: %u", i, (unsigned int)host->x[0]);
		if (host->x[0])
			continue;
		assert_int_equal(undelegate(host, RD + 16 * PAGE, PAGE), 1);
		assert_int_equal(undelegate(host, RD, PAGE), 1);
		assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), 1);
		assert_int_equal(call(host, RMI_REALM_DESTROY, RD, 0), 0);
	}
	/* its tables must be aligned to their size as a whole */
	WORDS(host, PARAMS, { 0x8, 40 }, { 0x18, 1 }, { 0x20, 1 }, { 0x808, RD + PAGE },
	      { 0x810, 1 }, { 0x818, 2 });
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), 1);
	over(host);

	/* Hashes, RECs and address bits are as the machine says */
	host = host_new(RMM_DIALECT_BETA3, 0);
	host->machine.hashes = 2;
	host->machine.recs_order = 1;
	host->machine.ipa_bits = 36;
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_4K);
	assert_int_equal(call(host, RMI_FEATURES, 0, 0), 0);
	assert_int_equal(host->x[1] & 0xff, 36);
	assert_int_equal(call(host, RMI_FEATURES, 1, 0), 0);
	assert_int_equal(host->x[1] & 0x3f8, 0x10);
	delegate(host, RD, 64 * PAGE);
	realm_params(host, 0);
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), 1);
	realm_params(host, 2);
	host_write(host, PARAMS + 8, 37);
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), 1);
	host_write(host, PARAMS + 8, 36);
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), 0);
	spare = SPARE;
	rec_params(host, 1, 0);
	assert_int_equal(drive(host, RMI_REC_CREATE, RD, REC, PARAMS, 0, 0), 0);
	rec_params(host, 1, 1);
	assert_int_equal(call4(host, RMI_REC_CREATE, RD, LATE, PARAMS, 0), 2);
	host_free(host);

	/* what makes no sense */
	for (i = 0; i < 3; i++) {
		host = host_new(RMM_DIALECT_BETA3, 0);
		host->machine.hashes = i == 0 ? 8 : 7;
		host->machine.recs_order = i == 1 ? 17 : 16;
		host->machine.ipa_bits = i == 2 ? 53 : 52;
		assert_false(host_try(host));
		host_free(host);
	}

	host = host_active(RMM_DIALECT_PUBLIC, RMM_FLAG_NO_REALMS);
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), NOT_SUPPORTED);
	assert_int_equal(call(host, RMI_REC_ENTER, RD, PARAMS), NOT_SUPPORTED);
	host_free(host);
	host = host_up(host_new(RMM_DIALECT_PUBLIC, 0));
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), 11);
	assert_int_equal(call(host, RMI_REC_ENTER, RD, PARAMS), 11);
	host_free(host);
}

static void test_table_refusals(void **state)
{
	struct host *host = realm_host(RMM_DIALECT_PUBLIC, 0);

	(void)state;
	realm_params(host, 0);
	assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), 0);
	assert_int_equal(call4(host, RMI_RTT_CREATE, RD, RTT3, 0, 3), RTT(1));	/* 2 is missing */
	assert_int_equal(call4(host, RMI_RTT_CREATE, RD, RTT2, 0, 1), 1);
	assert_int_equal(call4(host, RMI_RTT_CREATE, RD, RTT2, 0, 4), 1);
	assert_int_equal(call4(host, RMI_RTT_CREATE, RD, RTT2, PAGE, 2), 1);
	assert_int_equal(call4(host, RMI_RTT_CREATE, RD, RTT2, UINT64_C(1) << 32, 2), 1);
	assert_int_equal(call4(host, RMI_RTT_CREATE, RD, DRAM, 0, 2), 1);
	assert_int_equal(call4(host, RMI_RTT_CREATE, ROOT, RTT2, 0, 2), 1);
	assert_int_equal(call4(host, RMI_RTT_INIT_RIPAS, RD, IPA, IPA + PAGE, 0), RTT(1));
	assert_int_equal(call4(host, RMI_RTT_CREATE, RD, RTT2, 0, 2), 0);
	assert_int_equal(call4(host, RMI_RTT_CREATE, RD, RTT3, 0, 2), RTT(1));
	assert_int_equal(call4(host, RMI_RTT_READ_ENTRY, RD, IPA, 3, 0), 0);
	expect(host, 0, 2, 0, 0);
	assert_int_equal(call5(host, RMI_RTT_DATA_UNMAP, RD, IPA, IPA + PAGE, 0, 0), RTT(2));
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP_INIT, RD, CODE, IPA, SRC, 1), RTT(2));
	assert_int_equal(call4(host, RMI_RTT_CREATE, RD, RTT3, 0, 3), 0);
	/* one end of a table is as far as it goes */
	assert_int_equal(call4(host, RMI_RTT_INIT_RIPAS, RD, 2 * MB - PAGE, 4 * MB, 0), 0);
	assert_int_equal(host->x[1], 2 * MB);
	assert_int_equal(call4(host, RMI_RTT_INIT_RIPAS, RD, 2 * MB, 4 * MB + PAGE, 0), 0);
	assert_int_equal(host->x[1], 4 * MB);
	assert_int_equal(call4(host, RMI_RTT_INIT_RIPAS, RD, 4 * MB, 4 * MB + PAGE, 0), RTT(2));
	assert_int_equal(call4(host, RMI_RTT_INIT_RIPAS, RD, IPA, IPA, 0), 1);
	assert_int_equal(call4(host, RMI_RTT_INIT_RIPAS, RD, IPA + 8, IPA + PAGE, 0), 1);
	assert_int_equal(call4(host, RMI_RTT_INIT_RIPAS, RD, IPA, 5 * GB, 0), 1);
	/* not RAM to it yet */
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP_INIT, RD, CODE, IPA, SRC, 1), RTT(3));
	assert_int_equal(call4(host, RMI_RTT_INIT_RIPAS, RD, IPA, IPA + 4 * PAGE, 0), 0);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP_INIT, RD, DRAM, IPA, SRC, 1), 1);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP_INIT, RD, CODE, IPA + 8, SRC, 1), 1);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP_INIT, RD, CODE, IPA, CALL, 1), 1);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP_INIT, RD, CODE, IPA, SRC, 2), 1);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP_INIT, RD, CODE, IPA, SRC, 1), 0);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP_INIT, RD, CALL, IPA, SRC, 1), RTT(3));
	assert_int_equal(undelegate(host, CODE, PAGE), 1);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP, RD, IPA, IPA + PAGE, 1, CALL | 1 << 2),
			 RTT(3));
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP, RD, IPA + PAGE, IPA + 2 * PAGE, 0,
			       CALL | 1 << 2), 1);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP, RD, IPA + PAGE, IPA + 2 * PAGE, 1,
			       CALL | 2 << 2), 1);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP, RD, IPA + PAGE, IPA + 2 * PAGE, 1,
			       CALL | 1 << 2 | 1), 1);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP, RD, IPA + PAGE, IPA + 2 * PAGE, 1,
			       DRAM | 1 << 2), 1);
	assert_int_equal(call5(host, RMI_RTT_DATA_MAP, RD, IPA + 2 * PAGE, IPA + 3 * PAGE, 1,
			       CALL | 1 << 2), 0);
	assert_int_equal(call4(host, RMI_RTT_READ_ENTRY, RD, IPA, 3, 0), 0);
	expect(host, 0, 3, 1, 0);
	assert_int_equal(call4(host, RMI_RTT_READ_ENTRY, RD, IPA, 1, 0), 0);
	expect(host, 0, 1, 2, 0);
	assert_int_equal(call4(host, RMI_RTT_READ_ENTRY, RD, IPA, 4, 0), 1);
	/* from the leaves to the root */
	assert_int_equal(call4(host, RMI_RTT_DESTROY, RD, 0, 3, 0), RTT(3));
	assert_int_equal(call4(host, RMI_RTT_DESTROY, RD, 0, 2, 0), RTT(2));
	assert_int_equal(call4(host, RMI_RTT_DESTROY, RD, 0, 1, 0), 1);
	assert_int_equal(call(host, RMI_REALM_DESTROY, RD, 0), 2);
	assert_int_equal(call5(host, RMI_RTT_DATA_UNMAP, RD, IPA, IPA + 4 * PAGE, 0, 1), 1);
	assert_int_equal(call5(host, RMI_RTT_DATA_UNMAP, RD, IPA, IPA + 4 * PAGE, 0, 0), 0);
	expect(host, 0, IPA + PAGE, CODE | 1 << 2, 0);
	assert_int_equal(call5(host, RMI_RTT_DATA_UNMAP, RD, IPA, IPA + 4 * PAGE, 0, 0), 0);
	expect(host, 0, IPA + 2 * PAGE, 0, 0);
	assert_int_equal(call5(host, RMI_RTT_DATA_UNMAP, RD, IPA + 2 * PAGE, IPA + 4 * PAGE, 0, 0),
			 0);
	expect(host, 0, IPA + 3 * PAGE, CALL | 1 << 2, 0);
	destroy_tables(host);
	assert_int_equal(call4(host, RMI_RTT_DESTROY, RD, 0, 3, 0), 1);
	over(host);
}

/* The granules that a Realm is made of are of other sizes with others */
static void test_granule_sizes(void **state)
{
	(void)state;
	for (unsigned int code_ = 1; code_ <= 2; code_++) {
		const uint64_t size = PAGE << 2 * code_;
		struct host *host = host_new(RMM_DIALECT_BETA3, 0);

		host->machine.granules = 7;
		host->machine.hashes = 1;
		host_up(host);
		host_activate(host, code_);
		assert_int_equal(delegate(host, RD, 32 * size), 0);
		WORDS(host, PARAMS, { 0x8, 32 }, { 0x18, 1 }, { 0x20, 1 }, { 0x808, RD + size },
		      { 0x810, 2 }, { 0x818, 1 });
		assert_int_equal(call(host, RMI_REALM_CREATE, RD, PARAMS), 0);
		assert_int_equal(call4(host, RMI_RTT_CREATE, RD, RD + 2 * size, 0, 3), 0);
		assert_int_equal(call4(host, RMI_RTT_INIT_RIPAS, RD, 0, 2 * size, 0), 0);
		assert_int_equal(call5(host, RMI_RTT_DATA_MAP_INIT, RD, RD + 3 * size, 0, SRC, 1),
				 0);
		rec_params(host, 1, 0);
		assert_int_equal(call4(host, RMI_REC_CREATE, RD, RD + 4 * size, PARAMS, 0),
				 DONATE | CAN_CANCEL);
		/* 64 KB in all */
		assert_int_equal(host->x[2], (16 >> 2 * code_) << 2);
		host_free(host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_measurement),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_realm_refusals),
		cmocka_unit_test(test_table_refusals),
		cmocka_unit_test(test_granule_sizes),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("rmm realms", tests, NULL, NULL);
}
