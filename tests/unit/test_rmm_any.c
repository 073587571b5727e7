// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model RMM as a whole: up and down again in every combination of what may vary, and against
 * commands at random
 */
#include "rmm_fixture.h"

/*
 * A host that does everything right, to bring the whole machine up and down again on every kind of
 * RMM. Pages come from a stack, by region, so that a page's state need not be remembered elsewhere.
 */
struct lender {
	struct host *host;
	uint64_t own_next;		/* pages of the region itself are free from here on */
	uint64_t paid, paid_next;	/* delegated pages, and from where they are free */
	uint64_t table_next;		/* pages for tables are free from here on */
};

static uint64_t donate_to(struct lender *l, uint64_t handle, uint64_t req)
{
	struct host *host = l->host;
	uint64_t nr = RMI_DONATE_COUNT(req), status, base;
	bool own = !l->paid_next;

	if (RMI_DONATE_CONTIG(req)) {
		status = donate1(host, handle, pages(host, l->table_next, nr, RMI_MEM_UNDELEGATED));
		if (host->x[1])
			l->table_next += nr * PAGE;
		return status;
	}
	base = own ? l->own_next : l->paid_next;
	status = donate1(host, handle,
			 pages(host, base, nr, own ? RMI_MEM_UNDELEGATED : RMI_MEM_DELEGATED));
	if (own)
		l->own_next += host->x[1] * PAGE;
	else
		l->paid_next += host->x[1] * PAGE;
	return status;
}

static uint64_t reclaim_from(struct lender *l, uint64_t handle)
{
	struct host *host = l->host;
	uint64_t status = reclaim(host, handle, 7), nr = host->x[1], i, desc;

	/* The state that comes with a page is the truth */
	for (i = 0; i < nr; i++) {
		desc = host_read(host, LIST + 8 * i);
		assert_int_equal(host->taken[(desc & 0xffffffffff000) / PAGE], !(desc >> 62));
	}
	return status;
}

/* Carry on with what answered last to its end */
static uint64_t drive(struct lender *l)
{
	struct host *host = l->host;
	uint64_t handle = host->x[1], status = host->x[0], steps = 0;

	while (RMI_RESULT_STATUS(status) == RMI_INCOMPLETE) {
		assert_true(steps++ < 10000);
		if (RMI_RESULT_MEM_REQ(status) == RMI_MEM_REQ_DONATE)
			status = donate_to(l, handle, host->x[2]);
		else if (RMI_RESULT_MEM_REQ(status) == RMI_MEM_REQ_RECLAIM)
			status = reclaim_from(l, handle);
		else
			status = go_on(host, handle);
	}
	return status;
}

static void range_all(struct lender *l, uint64_t fid, uint64_t base, uint64_t top)
{
	while (base < top) {
		call(l->host, fid, base, top);
		assert_int_equal(drive(l), RMI_SUCCESS);
		assert_true(l->host->x[1] > base && l->host->x[1] <= top);
		base = l->host->x[1];
	}
}

static void set_all(struct lender *l, uint64_t region, uint64_t state)
{
	uint64_t paid = l->paid ? l->paid + (region / GB - 2) * MB : 0, status;

	l->own_next = region + 512 * KB;
	l->paid_next = paid;
	set(l->host, region, 0, state);
	status = drive(l);
	if (status == RMI_BLOCKED) {
		l->own_next = region + 512 * KB;
		l->paid_next = paid;
		if (paid && l->host->machine.flags & RMM_FLAG_RETURNS_UNDELEGATED)
			range_all(l, RMI_GRANULE_RANGE_DELEGATE, paid, paid + MB);
		set(l->host, region, 0, state);
		status = drive(l);
	}
	assert_int_equal(status, RMI_SUCCESS);
	assert_int_equal(rmm_tracking(l->host->rmm, region), state);
}

static void up_and_down(unsigned int dialect, uint64_t flags)
{
	struct host *host = host_up(host_new(dialect, FLAGS_BETA3 | flags));
	struct lender l = { .host = host, .table_next = DRAM };	/* up to DRAM + 512 KB */
	uint64_t paid = DRAM + 4 * MB, at;

	call(host, RMI_RMM_ACTIVATE, 0, 0);
	assert_int_equal(drive(&l), RMI_SUCCESS);
	for (at = DRAM; at < 5 * GB; at += GB) {
		call(host, RMI_GPT_L1_CREATE, at, 0);
		assert_int_equal(drive(&l), RMI_SUCCESS);
	}
	set_all(&l, DRAM, RMI_TRACKING_FINE);
	range_all(&l, RMI_GRANULE_RANGE_DELEGATE, paid, paid + 3 * MB);
	l.paid = paid;
	for (at = 2 * GB; at < 5 * GB; at += GB)
		set_all(&l, at, RMI_TRACKING_FINE);
	host_check(host);
	assert_int_equal(rmm_donated(host->rmm),
			 4 * MB + (flags & RMM_FLAG_OWN_TABLES ? 0 : 512 * KB));
	assert_int_equal(rmm_delegated(host->rmm), 0);

	for (at = 4 * GB; at >= 2 * GB; at -= GB)
		set_all(&l, at, RMI_TRACKING_COARSE);
	if (!(flags & RMM_FLAG_RETURNS_UNDELEGATED))
		range_all(&l, RMI_GRANULE_RANGE_UNDELEGATE, paid, paid + 3 * MB);
	set_all(&l, DRAM, RMI_TRACKING_COARSE);
	for (at = 4 * GB; at >= GB; at -= GB) {
		call(host, RMI_GPT_L1_DESTROY, at, 0);
		assert_int_equal(drive(&l), RMI_SUCCESS);
	}
	assert_int_equal(host->nr_taken, 0);
	if (dialect == RMM_DIALECT_BETA3) {
		call(host, RMI_RMM_DEACTIVATE, 0, 0);
		assert_int_equal(drive(&l), RMI_SUCCESS);
	}
	host_free(host);
}

static void test_up_and_down(void **state)
{
	static const uint64_t flags[] = {
		RMM_FLAG_PARTIAL, RMM_FLAG_CONTINUES, RMM_FLAG_GIVES_UP, RMM_FLAG_REUSES_HANDLES,
		RMM_FLAG_OWN_TABLES, RMM_FLAG_RETURNS_UNDELEGATED, RMM_FLAG_NO_CANCEL,
	};
	unsigned int dialect, i, k, set;

	(void)state;
	for (dialect = RMM_DIALECT_BETA1; dialect <= RMM_DIALECT_BETA3; dialect++) {
		for (i = 0; i < 1U << 7; i++) {
			for (k = 0, set = 0; k < 7; k++)
				set |= i & 1U << k ? flags[k] : 0;
			up_and_down(dialect, set);
		}
	}
}

/*
 * Anything at all, many times over: whatever is asked, no granule may be in two hands, and the RMM
 * may not reach for one that it was not shown. The fixture's callbacks and the sanitizers look.
 */
static uint64_t random_number(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint64_t pick_address(uint64_t *seed)
{
	static const uint64_t bases[] = { 0, DRAM, DRAM + GB, 3 * GB, 5 * GB, LIST, TB - GB };
	uint64_t r = random_number(seed);

	if (r % 64 == 0)
		return random_number(seed);
	return bases[r / 64 % 7] + (r & 1 << 20 ? r / 1024 % 64 * PAGE : 0);
}

static void random_command(struct host *host, uint64_t *seed, uint64_t *handle)
{
	static const uint32_t fids[] = {
		RMI_GRANULE_TRACKING_GET, RMI_GRANULE_TRACKING_SET, RMI_GRANULE_TRACKING_SET,
		RMI_GRANULE_RANGE_DELEGATE, RMI_GRANULE_RANGE_UNDELEGATE, RMI_GPT_INFO,
		RMI_GPT_L1_CREATE, RMI_GPT_L1_CREATE, RMI_GPT_L1_DESTROY, RMI_OP_CONTINUE,
		RMI_OP_MEM_DONATE, RMI_OP_MEM_DONATE, RMI_OP_MEM_DONATE, RMI_OP_MEM_RECLAIM,
		RMI_OP_MEM_RECLAIM, RMI_OP_CANCEL, RMI_RMM_ACTIVATE, RMI_RMM_DEACTIVATE,
		RMI_RMM_CONFIG_GET, RMI_RMM_CONFIG_SET,
	};
	uint64_t r = random_number(seed), fid = fids[r % 20], base = pick_address(seed), nr;

	switch (fid) {
	case RMI_GRANULE_TRACKING_SET:
		set(host, base, r >> 32 & 3, r >> 40 & 3);
		break;
	case RMI_OP_MEM_DONATE:
		nr = r & 1 << 30 ? 32 : r >> 32 & 63;
		if (!host->taken[LIST / PAGE])
			put(host, 0, pages(host, base & ~(UINT64_C(0x1ffff) * (nr == 32)), nr,
					   r >> 62 & 1));
		donate(host, handle[r >> 16 & 7], r >> 50 & 7 ? 1 : r >> 55 & 3);
		break;
	case RMI_OP_MEM_RECLAIM:
		reclaim(host, handle[r >> 16 & 7], r >> 50 & 7);
		break;
	case RMI_OP_CONTINUE:
	case RMI_OP_CANCEL:
		call(host, fid, handle[r >> 16 & 7], r >> 63);
		break;
	default:
		call(host, fid, base, base + (r >> 30 & 7) * (r & 1 << 29 ? PAGE : GB));
	}
	if (RMI_RESULT_STATUS(host->x[0]) == RMI_INCOMPLETE && fid != RMI_OP_MEM_DONATE &&
	    fid != RMI_OP_MEM_RECLAIM && fid != RMI_OP_CONTINUE && fid != RMI_OP_CANCEL)
		handle[r >> 16 & 7] = host->x[1];
	host_check(host);
}

static void test_random(void **state)
{
	uint64_t seed = 88172645463325252, handle[8] = { 0 }, flags, done = 0;
	unsigned int round, i;
	struct host *host;

	(void)state;
	for (round = 0; round < 200; round++) {
		flags = random_number(&seed) & RMM_FLAGS & ~(uint64_t)RMM_FLAG_ABSENT;
		host = host_new(round % 4, flags);
		add_range(&host->machine.reserved, 3 * GB + 8 * PAGE, PAGE, 0);
		host_up(host);
		for (i = 0; i < 1000; i++)
			random_command(host, &seed, handle);
		done += host->nr_taken;
		host_free(host);
	}
	assert_true(done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_and_down),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
