/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers that a test dictates, in place of an RMM, and what was asked. */
#ifndef DICTATE_H
#define DICTATE_H

#include "rmi_abi.h"
#include "world.h"

#define GB	(1ULL << 30)
#define MB	(1ULL << 20)

/* In place of 0, which stands for a register that an answer doesn't set */
#define ZERO	(~0ULL - 1)
#define FOREVER	100000000

struct answer {
	u64 x[4];
	unsigned int times;	/* 0: once */
};

static const struct answer *script;
static unsigned int repeated;
static u64 asked[32][5];
static unsigned int nr_asked;

/*
 * Registers that an answer doesn't set are as the caller left them, which is the least helpful
 * thing
 */
static void dictate(u64 x[5])
{
	if (nr_asked < ARRAY_SIZE(asked))
		memcpy(asked[nr_asked], x, sizeof(asked[0]));
	nr_asked++;
	assert_non_null(script);
	for (int i = 0; i < 4; i++)
		if (i == 0 || script->x[i])
			x[i] = script->x[i] == ZERO ? 0 : script->x[i];
	world.smc_done = true;
	if (++repeated >= script->times) {
		script++;
		repeated = 0;
	}
}

/* The next answers; what was asked is counted from here on */
static inline void say(const struct answer *answers)
{
	script = answers;
	repeated = 0;
	nr_asked = 0;
}

#define CALLS(...)	((const u64[]){ __VA_ARGS__, 0 })

/* Exactly these were issued since say() */
static inline void assert_calls(const u64 *fid)
{
	unsigned int n;

	for (n = 0; fid[n]; n++)
		assert_int_equal(asked[n][0], fid[n]);
	assert_int_equal(nr_asked, n);
}

static inline void make_dictated(void)
{
	world_make(NULL, 12);
	world.smc = dictate;
	say(NULL);
}

#define INCOMPLETE	RMI_INCOMPLETE
#define WANTS		(RMI_MEM_REQ_DONATE << RMI_RESULT_MEM_REQ_SHIFT)
#define GIVES		(RMI_MEM_REQ_RECLAIM << RMI_RESULT_MEM_REQ_SHIFT)
#define CANCELLABLE	(1 << RMI_RESULT_CAN_CANCEL_SHIFT)

#endif
