/* SPDX-License-Identifier: GPL-2.0-only */
/* A Realm that proves something: how it is made of granules, and unmade. */
#ifndef PROVE_REALM_H
#define PROVE_REALM_H

#include "../../include/arm_cca_rmi.h"
#include "measure.h"

#define PROVE_MAX_RECS		64
#define PROVE_MAX_PROBES	64
#define PROVE_BITS		32	/* of IPA: the least there is */

/*
 * Pages of the Realm's that are there from the start. From PROVE_CALLS on, other RECs than the
 * first have their host call structures.
 */
enum prove_page { PROVE_CODE, PROVE_CALL, PROVE_CONFIG, PROVE_CALLS };

struct prove_realm {
	unsigned int hash;		/* RMI_HASH_* */
	unsigned int nr_recs, nr_probes;
	const bool *stop;		/* makes what makes it end; what unmakes it goes on */
	u64 challenge;
	u64 loop_ticks;			/* of the counter: how long it loops */

	struct measure measure;

	/* What there is of it */
	phys_addr_t *granule;
	unsigned int nr_granules;
	void *params, *source;
	bool measuring, created, terminated;
	struct cca_rmi_regs unfinished;	/* x[0] is 0: none */
	unsigned int tables, mapped, recs;

	/* The command that failed, for people */
	char why[80];
};

int prove_realm_make(struct prove_realm *realm);
int prove_realm_probe(struct prove_realm *realm, u64 ipa);
int prove_realm_unmake(struct prove_realm *realm);
u64 prove_probe_ipa(const struct prove_realm *realm, unsigned int i);
phys_addr_t prove_rec(const struct prove_realm *realm, unsigned int i);

extern const char prove_payload[], prove_payload_end[];

#endif
