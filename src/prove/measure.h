/* SPDX-License-Identifier: GPL-2.0-only */
/* What a Realm's initial measurement will be. */
#ifndef PROVE_MEASURE_H
#define PROVE_MEASURE_H

#include <linux/types.h>

#define MEASURE_MAX	64	/* bytes */

struct crypto_shash;

struct measure {
	struct crypto_shash *shash;
	unsigned int size;		/* bytes */
	u8 value[MEASURE_MAX];		/* zeros behind a shorter one */
	u8 with_ripas[MEASURE_MAX];	/* the same if what is RAM counts, too */
	int error;			/* the first one */
};

int prove_measure_choose(u64 hashes);
int prove_measure_open(struct measure *m, unsigned int hash);
void prove_measure_close(struct measure *m);
void prove_measure_realm(struct measure *m, const void *params);
void prove_measure_ripas(struct measure *m, u64 base, u64 top);
void prove_measure_data(struct measure *m, u64 ipa, u64 flags, const void *page);
void prove_measure_rec(struct measure *m, const void *params);

#endif
