/* SPDX-License-Identifier: GPL-2.0-only */
/* Stateful operations against dictated answers, and memory in stock for them. */
#ifndef OPERATION_FIXTURE_H
#define OPERATION_FIXTURE_H

#include "../../src/chunk.h"
#include "../../src/index.h"
#include "../../src/sro.h"
#include "../../src/transfer.h"
#include "dictate.h"

#define KB		1024ULL
#define REGION		GB		/* what it is all for: the region there */
#define FIRST		(GB + PAGE_SIZE)	/* of a chunk, the first page is a guard */
#define BEGIN		RMI_GRANULE_TRACKING_SET

static struct span everything = { .start = GB, .end = 2 * GB };
static const struct ranges ram = { .at = &everything, .nr = 1 };

static inline int setup(void **state)
{
	(void)state;
	make_dictated();
	world_ram(GB, 2 * GB, true);
	assert_int_equal(transfer_open(), 0);
	assert_int_equal(index_open(), 0);
	return 0;
}

/* Nobody has anything: the RMM is a script */
static inline int teardown(void **state)
{
	(void)state;
	ledger_set(0, ~0ULL, LEDGER_REGION, LEDGER_HELD);
	assert_int_equal(pool_drain(), 0);
	sro_forget();
	assert_int_equal(world.module_refs, 0);
	transfer_close();
	ledger_close();
	index_close();
	world_end();
	return 0;
}

/* Into stock, and nothing is delegated */
static inline void stock(void)
{
	struct span chunk;

	assert_int_equal(pool_stock(NUMA_NO_NODE, 0, 0, GB, &ram, &chunk), 0);
	assert_int_equal(chunk.start, GB);
	assert_int_equal(chunk.end, GB + 512 * KB);
}

static struct payer payer;

static inline int run(const struct answer *answers, struct rmi_regs *r)
{
	say(answers);
	payer = (struct payer){
		.kind = LEDGER_REGION, .base = REGION, .size = GB, .limit = MB,
		.places = { &ram, &ram },
	};
	*r = (struct rmi_regs){ .x = { BEGIN, REGION, 0, RMI_TRACKING_FINE } };
	return sro_run(r, &payer, 1000);
}

/* What undoes it: nothing may be lent, and so much is known to be */
static inline int run_back(const struct answer *answers, u64 lent, struct rmi_regs *r)
{
	say(answers);
	payer = (struct payer){ .kind = LEDGER_REGION, .base = REGION, .size = GB, .lent = lent };
	*r = (struct rmi_regs){ .x = { BEGIN, REGION, 0, RMI_TRACKING_COARSE } };
	return sro_run(r, &payer, 1000);
}

static inline int cancel(const struct answer *answers)
{
	struct rmi_regs r = { .x = { BEGIN, REGION, 0, RMI_TRACKING_FINE } };

	say(answers);
	return sro_cancel(&r, &payer);
}

static inline unsigned int nr_unfinished(void)
{
	struct rmi_regs command;
	unsigned int n = 0;

	while (sro_unfinished(n, &command))
		n++;
	return n;
}

static inline bool is_region(enum ledger_kind kind)
{
	return kind == LEDGER_REGION;
}

/* So many single pages that aren't delegated */
#define PAGES(n) ((n) << RMI_DONATE_COUNT_SHIFT | RMI_MEM_UNDELEGATED << RMI_DONATE_STATE_SHIFT)
/* A descriptor of beta 1 */
#define RUN(start, n) ((start) | (n) << RMI_RANGE_COUNT_SHIFT | 1ULL << RMI_RANGE_STATE_BETA1_SHIFT)

/* The i-th descriptor of what was shown last */
static inline u64 shown(unsigned int i)
{
	const u64 *list = world_at(asked[nr_asked > 1 ? nr_asked - 2 : 0][2]);

	return list[i];
}

#endif
