/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model RMM: answers RMI commands as rmi-abi.md says that an RMM does, over a machine that is
 * described by data. Plain freestanding C: it runs in EL3 firmware and in user space alike and
 * knows neither. It shares the constants of rmi_abi.h with the module, and nothing else.
 */
#ifndef RMM_H
#define RMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The machine's description. Every field is a little-endian 64-bit number, so that a file of it
 * means the same everywhere; tests/rmm/describe.c makes such a file from text. Addresses and sizes
 * are in bytes.
 */
#define RMM_MACHINE_MAGIC	UINT64_C(0x314d4d5241434341)	/* "ACCARMM1" */

enum rmm_dialect {
	/* the public RMM of mid-2026, see shared/answers-public-rmm-2026-07.txt */
	RMM_DIALECT_PUBLIC,
	/* beta 1 to the letter: TRACKING_GET takes one region's base and leaves X3 zero */
	RMM_DIALECT_BETA1,
	RMM_DIALECT_BETA3,
	/*
	 * the public RMM of autumn 2026 with dynamic tracking, see
	 * shared/answers-public-rmm-2026-10.txt: the host pays for metadata, tables are static,
	 * granules are of 4 KB. Switches below are what its newest text and code add.
	 */
	RMM_DIALECT_AUTUMN,
};

/* no RMM: every command is answered -1 and X1.. stay as they were */
#define RMM_FLAG_ABSENT		1
/* configured (granule size: active_granule) and activated before the host's first command */
#define RMM_FLAG_BORN_ACTIVE	2
/* beta 3: TRACKING_GET and GPT_INFO answer the longest run; else one region, one PAR */
#define RMM_FLAG_LONG_ANSWERS	4
/* tracking metadata isn't preallocated: DRAM starts COARSE (NONE where mixed), not FINE */
#define RMM_FLAG_HOST_PAYS	8
/* PARs with DRAM start "host, not created", not "platform" */
#define RMM_FLAG_HOST_TABLES	16
#define RMM_FLAG_NO_CANCEL	32	/* stateful operations say that they can't be cancelled */
/* Where rmi-abi.md says that RMMs differ, or that nothing settles it: the other reading */
/* each operation's first donation and first reclaim move nothing, others few pages */
#define RMM_FLAG_PARTIAL	0x40
/* what may be stateful is, and each of its steps is followed by an OP_CONTINUE */
#define RMM_FLAG_CONTINUES	0x80
/* a region's first change to FINE gives its pages back and ends in BLOCKED */
#define RMM_FLAG_GIVES_UP	0x100
/* a donation with a page that won't do turns into a reclaim of all that was taken */
#define RMM_FLAG_REFUSAL_ENDS	0x200
/* handles count from 0 and are used again at once; else no two are the same */
#define RMM_FLAG_REUSES_HANDLES	0x400
/* ERROR_INPUT for ERROR_TRACKING of DELEGATE and for ERROR_GPT of DESTROY */
#define RMM_FLAG_INPUT_ERRORS	0x800
/* DELEGATE of what is delegated is a success, and so is UNDELEGATE's counterpart */
#define RMM_FLAG_SKIPS_DONE	0x1000
/* a region that holds an L1 table's memory can't leave FINE */
#define RMM_FLAG_TABLES_COUNT	0x2000
#define RMM_FLAG_OWN_TABLES	0x4000	/* L1 tables are made of the RMM's own memory */
/* an unknown command gets RMI_ERROR_NOT_SUPPORTED, not -1 */
#define RMM_FLAG_SOFT_UNKNOWN	0x8000
#define RMM_FLAG_STRICT_TOP	0x10000	/* GPT_INFO refuses a top that is the PA size */
/* a cancelled operation ends in SUCCESS, not in ERROR_INPUT */
#define RMM_FLAG_CANCEL_SUCCEEDS 0x20000
/* metadata that was lent delegated is undelegated as it is given back */
#define RMM_FLAG_RETURNS_UNDELEGATED 0x40000
/*
 * No part of the model: firmware that has it is to leave Linux all memory, as QEMU stops all CPUs
 * to take some away
 */
#define RMM_FLAG_UNPROTECTED	0x80000
/* Of the dialect autumn alone: what an RMM of its kind may do, and the one recorded didn't */
/* DELEGATE stops before the first granule that is delegated already */
#define RMM_FLAG_STOPS_AT_DONE	0x100000
/* a donation may take a page and not be done with it: then it is to be continued twice */
#define RMM_FLAG_PENDS		0x200000
/*
 * EL3 has a conflict at the first page of a region's first change to FINE, and at the second page
 * of its second one
 */
#define RMM_FLAG_CONFLICTS	0x400000
/*
 * A live update leaves a region that was changing in transition for ever; else what an update
 * interrupts is done, or as it was
 */
#define RMM_FLAG_UPDATE_STICKS	0x800000
/* Of Realms */
#define RMM_FLAG_NO_REALMS	0x1000000	/* no command about them is known */
/*
 * those that need no memory want a page of the host's nevertheless, which comes back with
 * REALM_DESTROY
 */
#define RMM_FLAG_REALM_PAGES	0x2000000
#define RMM_FLAG_RIPAS_MEASURED	0x4000000	/* INIT_RIPAS is part of the measurement */
#define RMM_FLAGS		0x7ffffff	/* all of them */

struct rmm_range {
	uint64_t base, size;
	/* a memory category, tracking state or PAR state, by the list that it stands in */
	uint64_t value;
};

/*
 * Answers to order: the commands numbered skip .. skip + count - 1 among those with this fid are
 * not carried out
 */
struct rmm_fault {
	uint64_t fid;		/* 0: any */
	uint64_t skip, count;
	/* bit n: put x[n] into Xn; registers without their bit keep the caller's value */
	uint64_t set;
	uint64_t x[4];
};

#define RMM_MAX_RANGES		128
#define RMM_MAX_FAULTS		16

struct rmm_list {
	uint64_t nr;
	struct rmm_range at[RMM_MAX_RANGES];
};

#define RMM_HOSTILE_ALWAYS	256

struct rmm_machine {
	uint64_t magic;
	uint64_t dialect;
	uint64_t flags;
	uint64_t revision_low, revision_high;	/* what it supports, as revision words */
	uint64_t granules;			/* feature register 1, bits 2:0 */
	uint64_t active_granule;		/* RMM_FLAG_BORN_ACTIVE: code */
	uint64_t l0gptsz, pps;			/* feature register 1, as coded there */
	/* configuration pages at or above are refused; 0: as DRAM ends */
	uint64_t config_top;
	uint64_t work_ns;			/* each command that does work takes this long */
	/*
	 * Before this command, counted from 1, the RMM is updated while the host runs, which the
	 * command takes so much longer for; 0: never. Tracking data survives it, handles don't.
	 * Afterwards it supports these revisions; 0: the same.
	 */
	uint64_t update_at, update_ns, update_low, update_high;
	/* Of the dialect autumn alone; 0: none of it */
	uint64_t active_region;		/* RMM_FLAG_BORN_ACTIVE: tracking region size code */
	uint64_t stop_after;		/* granules: (UN)DELEGATE goes no further at a time */
	uint64_t yield_every;		/* granules: after so many they are INCOMPLETE */
	uint64_t contexts;		/* so many operations can be unfinished */
	uint64_t turns;			/* so often a finished change to FINE is still INCOMPLETE */
	uint64_t refuse_every;		/* donated pages of a number that it divides are refused */
	struct rmm_list blocked;	/* regions that an earlier kernel left in transition */
	struct rmm_list memory;			/* banks known at boot; value: memory category */
	/* parts of them that are the platform's or the RMM's own */
	struct rmm_list reserved;
	/* regions that start otherwise; value: category << 8 | tracking state */
	struct rmm_list tracking;
	struct rmm_list pars;			/* PARs that start otherwise; value: PAR state */
	uint64_t nr_faults;
	struct rmm_fault fault[RMM_MAX_FAULTS];
	/* of RMM_HOSTILE_ALWAYS commands so many are answered with lies, see hostile.c */
	uint64_t hostile_rate;
	uint64_t hostile_seed;
	/* Of Realms; 0: as the dialect has it */
	uint64_t hashes;	/* feature register 1, bits 5:3 */
	uint64_t recs_order;	/* MAX_RECS_ORDER, and 1 */
	uint64_t ipa_bits;
};

/* A REC is entered: what runs in it is the business of whoever the model runs for */
struct rmm_entry {
	uint64_t rd, rec;
	uint64_t index;			/* of the REC in its Realm */
	uint64_t run;			/* the run page, whose exit part is zero */
	const uint8_t *measurement;	/* of 64 bytes */
	bool off;			/* to be set: the Realm turned itself off */
};

/* What the model needs of where it runs */
struct rmm_ops {
	/*
	 * Non-secure memory at pa, 8-byte aligned; the model asks only for granules that are
	 * Non-secure
	 */
	uint64_t (*read)(void *ctx, uint64_t pa);
	void (*write)(void *ctx, uint64_t pa, uint64_t value);
	/*
	 * a granule [pa, pa + size) changes hands; may be NULL. to_host: the Non-secure world has
	 * it from now on
	 */
	void (*granule)(void *ctx, uint64_t pa, uint64_t size, bool to_host);
	/* spend time; may be NULL */
	void (*delay)(void *ctx, uint64_t ns);
	/*
	 * choose one of so many lies; may be NULL. false: hostile_seed is to choose this one
	 */
	bool (*choose)(void *ctx, uint64_t below, uint64_t *choice);
	/*
	 * the host's page at src becomes the Realm's at ipa; a REC runs until it writes an exit to
	 * the run page; may be NULL, then an interrupt is all that ends it
	 */
	void (*data)(void *ctx, uint64_t rd, uint64_t ipa, uint64_t src);
	void (*enter)(void *ctx, struct rmm_entry *entry);
	void *ctx;
};

struct rmm;

/*
 * Bytes of zeroed, 64-byte aligned memory that rmm_init() wants for this machine; 0: the
 * description makes no sense
 */
size_t rmm_size(const struct rmm_machine *machine);

/* The machine must stay in place as long as the RMM. NULL: the description makes no sense */
struct rmm *rmm_init(void *memory, const struct rmm_machine *machine, const struct rmm_ops *ops);

/*
 * One command: x[0] is the function id; x[0..4] are the answer. false: not a function id of RMI (x
 * is as it was)
 */
bool rmm_command(struct rmm *rmm, uint64_t x[6]);

/*
 * For tests: the truth. Granules are counted in the RMM's configured size (the smallest offered
 * before CONFIG_SET)
 */
uint64_t rmm_commands(const struct rmm *rmm, uint64_t fid);	/* commands seen; fid 0: all */
/* bytes of the host's that the RMM holds */
uint64_t rmm_donated(const struct rmm *rmm);
/* bytes delegated, donated ones not counted */
uint64_t rmm_delegated(const struct rmm *rmm);
/* RMI_TRACKING_* of the region of pa */
unsigned int rmm_tracking(const struct rmm *rmm, uint64_t pa);
unsigned int rmm_par(const struct rmm *rmm, uint64_t pa);	/* RMI_PAR_* of the PAR of pa */
bool rmm_is_active(const struct rmm *rmm);

/* From now on, commands of this function id are forbidden: done all the same, and counted */
void rmm_forbid(struct rmm *rmm, uint64_t fid);
uint64_t rmm_forbidden(const struct rmm *rmm);
unsigned int rmm_operations(const struct rmm *rmm);	/* begun and not ended */
unsigned int rmm_realms(const struct rmm *rmm);		/* created and not destroyed */
/* from now on, in place of what the machine says: 0 makes it honest */
void rmm_set_hostile_rate(struct rmm *rmm, uint64_t rate);

#endif
