/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the model share among themselves. Others see rmm.h only. */
#ifndef RMM_MODEL_H
#define RMM_MODEL_H

#include "rmi_abi.h"
#include "rmm.h"

#define MAX_OPS			16
#define MAX_SPANS		(2 * RMM_MAX_RANGES)
#define NR_FIDS			34
#define NOWHERE			UINT64_MAX

#define METADATA_PER_GRANULE	4	/* bytes of tracking metadata */
#define AUTUMN_METADATA_PER_GRANULE	2

/*
 * What memory_kind() says beside the three categories; NONE has the value of RMI_MEM_CATEGORY_NONE
 */
#define KIND_NONE		3
#define KIND_MIXED		4

enum rmm_state {
	STATE_INIT,
	STATE_ACTIVE,
	STATE_INTERMEDIATE,	/* an activation or deactivation is parked */
};

enum granule_state {
	GRANULE_UNDELEGATED,	/* what zeroed memory means, so that init touches none of it */
	GRANULE_DELEGATED,
	GRANULE_METADATA,	/* lent: tracking metadata */
	GRANULE_TABLE,		/* lent: level 1 granule protection table */
	/* Delegated, and in use */
	GRANULE_RD,
	GRANULE_RTT,
	GRANULE_REC,
	GRANULE_DATA,
	GRANULE_AUX,		/* lent for a Realm or a REC */
};

/*
 * Regions, PARs and granules are kept only where the machine has memory. Units first ..
 * first + nr - 1 have the places index, index + 1 .. in their array.
 */
struct span {
	uint64_t first, nr, index;
};

struct spans {
	uint64_t nr;
	struct span at[MAX_SPANS];
};

struct region {
	bool known;		/* the fields below hold; else it is as the machine starts it */
	uint8_t category, state;
	bool delegated;		/* COARSE, and its one coarse granule is delegated */
	bool gave_up;		/* RMM_FLAG_GIVES_UP: was given up once */
	bool held;		/* by an unfinished operation */
	uint32_t nr_metadata;	/* pages that the host has lent for this region's metadata */
	uint32_t nr_lodgers;	/* granules of it that hold other regions' metadata */
	uint32_t nr_delegated;
	uint32_t nr_table;
	uint8_t conflicts;	/* RMM_FLAG_CONFLICTS: so many there were */
};

struct par {
	bool known;
	uint8_t state;
	bool held;
	uint64_t table, table_size;	/* lent by the host, or 0 */
	uint64_t nr_taken;		/* granules of it that are not Non-secure */
};

enum op_kind {
	OP_FREE,
	OP_ACTIVATE,
	OP_DEACTIVATE,
	OP_DELEGATE,
	OP_UNDELEGATE,
	OP_GPT_INFO,
	OP_L1_CREATE,
	OP_L1_DESTROY,
	OP_ENTER_FINE,
	OP_LEAVE_FINE,
	OP_REALM,		/* a command about a Realm */
};

enum op_phase {
	PHASE_WORK,	/* wants OP_CONTINUE */
	PHASE_TAKE,	/* wants OP_MEM_DONATE */
	PHASE_GIVE,	/* wants OP_MEM_RECLAIM */
};

struct op {
	uint64_t handle;
	uint64_t base, top;	/* the object: a range, or a region's or PAR's base and end */
	uint64_t category, state;	/* of a change of tracking */
	uint64_t wanted;		/* RMI_MEM_* that its donations must be in */
	uint64_t taken;			/* granules, in all */
	uint8_t kind, phase;
	uint8_t result;		/* the status that it ends with */
	uint64_t pos;		/* of a range: it has come so far */
	bool skips;		/* ... and began with granules that were delegated already */
	uint64_t turns;		/* so many more times it is INCOMPLETE, for no reason that shows */
	bool giving_back;	/* it can only give back and end */
	bool had_donate, had_reclaim;
	/* Of a Realm's: the command, what it answers, and pages to be taken and to be given back */
	uint64_t in[6], out[3], to_take, to_give;
};

/* Pages on their way back to the host: nr blocks from base on */
struct run {
	uint64_t base, nr;
	unsigned int block, state;
};

/* What the host has been told of a handle: the command that it stands for */
struct told {
	uint64_t handle, fid, base, top;
};

#define MAX_TOLD		16

/* Of one Realm, the model has room for so many */
#define MAX_REALMS		4
#define MAX_TABLES		96
#define MAX_DATA		256
#define MAX_RECS		64
#define MAX_RAM			32
#define MAX_AUX			2048

enum realm_state {
	REALM_NONE,
	REALM_NEW,
	REALM_ACTIVE,
	REALM_OFF,		/* it turned itself off */
	REALM_DEAD,		/* the host terminated it */
};

/* A table at a level, or a page: it maps IPAs from ipa on */
struct mapping {
	uint64_t ipa, pa;
	unsigned int level;
};

struct rec {
	uint64_t pa;		/* 0: there is none */
	bool runnable, running;
	uint64_t ripas_base, ripas_top, ripas;	/* what it asked the host for */
};

struct realm {
	uint64_t rd;
	uint8_t state, hash, level_start;
	uint64_t ipa_bits, root, nr_roots;
	struct mapping table[MAX_TABLES], data[MAX_DATA];	/* below the root; in no order */
	unsigned int nr_tables, nr_data;
	struct rmm_range ram[MAX_RAM];
	unsigned int nr_ram;
	struct rec rec[MAX_RECS];
	unsigned int nr_recs;		/* ever made */
	uint8_t rim[64];
};

/* A page that the host lent for a command about the Realm or REC that this is the owner of */
struct aux {
	uint64_t owner, pa;
};

struct hostile {
	uint64_t rate, random;
	struct told told[MAX_TOLD];	/* the latest in place of the oldest */
	unsigned int next;
	uint64_t again;			/* so often still is this said to that command */
	uint32_t fid;
	uint64_t x[4];
};

struct rmm {
	const struct rmm_machine *machine;
	struct rmm_ops ops;
	uint64_t pa_top;
	uint64_t commands, commands_by_fid[NR_FIDS], fault_seen[RMM_MAX_FAULTS];
	bool forbids[NR_FIDS];		/* these are counted in what follows */
	uint64_t forbidden;
	uint64_t delegated, donated;	/* granules */
	uint64_t generation;		/* of handles */
	uint64_t payer;			/* a region that was FINE when last looked at */
	uint8_t state, granule_code, region_code;
	bool updated;			/* there was a live update */
	uint8_t granule_shift, region_shift, par_shift;
	uint32_t region_pages;		/* metadata of one region, in granules */
	struct spans granule_spans, region_spans, par_spans;
	struct par *pars;
	struct region *regions;
	uint64_t *metadata;		/* region_pages addresses for each region */
	uint8_t *granules;
	struct op op[MAX_OPS];
	struct hostile hostile;
	struct realm realm[MAX_REALMS];
	struct aux aux[MAX_AUX];
	unsigned int nr_aux;
	uint64_t page[65536 / sizeof(uint64_t)];	/* what was read of the host's last */
};

static inline uint64_t granule_size(const struct rmm *rmm)
{
	return UINT64_C(1) << rmm->granule_shift;
}

static inline bool is_aligned(uint64_t addr, unsigned int shift)
{
	return !(addr & ((UINT64_C(1) << shift) - 1));
}

static inline uint64_t align_down(uint64_t addr, unsigned int shift)
{
	return addr >> shift << shift;
}

static inline uint64_t region_size(const struct rmm *rmm)
{
	return UINT64_C(1) << rmm->region_shift;
}

static inline uint64_t range_top(const struct rmm_range *r)
{
	return r->base + r->size;
}

static inline bool is_autumn(const struct rmm *rmm)
{
	return rmm->machine->dialect == RMM_DIALECT_AUTUMN;
}

/* What the dialect autumn always does, and what it never does */
#define AUTUMN_DOES	(RMM_FLAG_HOST_PAYS | RMM_FLAG_NO_CANCEL | RMM_FLAG_REUSES_HANDLES | \
			 RMM_FLAG_SKIPS_DONE)
#define AUTUMN_DOES_NOT	(RMM_FLAG_LONG_ANSWERS | RMM_FLAG_HOST_TABLES | RMM_FLAG_GIVES_UP | \
			 RMM_FLAG_REFUSAL_ENDS | RMM_FLAG_INPUT_ERRORS | RMM_FLAG_TABLES_COUNT | \
			 RMM_FLAG_OWN_TABLES | RMM_FLAG_CANCEL_SUCCEEDS | \
			 RMM_FLAG_RETURNS_UNDELEGATED)
#define AUTUMN_ALONE	(RMM_FLAG_STOPS_AT_DONE | RMM_FLAG_PENDS | RMM_FLAG_CONFLICTS)

static inline bool has_flag(const struct rmm *rmm, uint64_t flag)
{
	uint64_t flags = rmm->machine->flags;

	if (is_autumn(rmm))
		flags = (flags | AUTUMN_DOES) & ~(uint64_t)AUTUMN_DOES_NOT;
	else
		flags &= ~(uint64_t)AUTUMN_ALONE;
	return flags & flag;
}

/* Or newer */
static inline bool is_beta3(const struct rmm *rmm)
{
	return rmm->machine->dialect >= RMM_DIALECT_BETA3;
}

/* [base, top) is a range that a command may name: not empty, aligned, inside the PA space */
static inline bool is_range(const struct rmm *rmm, uint64_t base, uint64_t top,
			    unsigned int shift)
{
	return base < top && top <= rmm->pa_top && is_aligned(base | top, shift);
}

/* machine.c: the description, and where things are kept */
unsigned int granule_shift_of(unsigned int code);
void layout(struct rmm *rmm, unsigned int granule_code, unsigned int region_code);
uint64_t span_find(const struct spans *spans, uint64_t unit);
const struct rmm_range *list_find(const struct rmm_list *list, uint64_t base, uint64_t top);
uint64_t list_edge(const struct rmm_list *list, uint64_t pos, unsigned int shift);
unsigned int memory_kind(const struct rmm *rmm, uint64_t base, uint64_t top);

/* granule.c */
bool granule_is_host(const struct rmm *rmm, uint64_t pa);
unsigned int granule_state(const struct rmm *rmm, uint64_t pa);
bool is_lent(unsigned int state);
void granule_set(struct rmm *rmm, uint64_t pa, unsigned int state);
void granule_range(struct rmm *rmm, uint64_t base, uint64_t top, bool delegate, uint64_t x[5]);
void cmd_delegate(struct rmm *rmm, uint64_t base, uint64_t top, bool delegate, uint64_t x[5]);

/* autumn.c */
unsigned int bank_kind(const struct rmm *rmm, uint64_t base, uint64_t top);
bool bank_has(const struct rmm *rmm, uint64_t base, uint64_t top, bool conventional);
void autumn_tracking_get(struct rmm *rmm, uint64_t base, uint64_t top, uint64_t x[5]);
uint64_t autumn_set_check(const struct rmm *rmm, const uint64_t in[5]);
void autumn_delegate(struct rmm *rmm, uint64_t base, uint64_t top, bool delegate, uint64_t x[5]);
void autumn_range(struct rmm *rmm, struct op *op, uint64_t x[5]);

/* tracking.c */
struct region *region_of(const struct rmm *rmm, uint64_t pa);
struct region region_look(const struct rmm *rmm, uint64_t pa);
void cmd_tracking_get(struct rmm *rmm, uint64_t base, uint64_t top, uint64_t x[5]);
void cmd_tracking_set(struct rmm *rmm, const uint64_t in[5], uint64_t x[5]);

/* metadata.c */
uint64_t metadata_state(struct rmm *rmm);
bool metadata_may_leave(const struct rmm *rmm, uint64_t base, uint64_t target);
uint64_t metadata_wanted(const struct rmm *rmm, const struct op *op);
void metadata_work(struct rmm *rmm, struct op *op, uint64_t x[5]);
bool metadata_fits(const struct rmm *rmm, const struct op *op, uint64_t pa, unsigned int state);
void metadata_take(struct rmm *rmm, struct op *op, uint64_t pa);
struct run metadata_give(struct rmm *rmm, struct op *op, uint64_t most);

/* What par_of() and region_of() can't but know: else the model is wrong, and ends here */
static inline void *kept(void *p)
{
	if (!p)
		__builtin_trap();
	return p;
}

/* gpt.c */
struct par *par_of(const struct rmm *rmm, uint64_t pa);
bool par_has_table(const struct rmm *rmm, uint64_t pa);
uint64_t table_size(const struct rmm *rmm);
void cmd_gpt_info(struct rmm *rmm, uint64_t base, uint64_t top, uint64_t x[5]);
void cmd_l1_create(struct rmm *rmm, uint64_t addr, uint64_t x[5]);
void cmd_l1_destroy(struct rmm *rmm, uint64_t addr, uint64_t x[5]);
void gpt_info(struct rmm *rmm, uint64_t base, uint64_t top, uint64_t x[5]);
void table_work(struct rmm *rmm, struct op *op, uint64_t x[5]);
bool table_fits(const struct rmm *rmm, const struct op *op, uint64_t pa);
void table_take(struct rmm *rmm, struct op *op, uint64_t base, uint64_t size);
struct run table_give(struct rmm *rmm, struct op *op, uint64_t most);

/* sro.c */
unsigned int block_shift(const struct rmm *rmm, unsigned int block);
struct op *op_new(struct rmm *rmm, unsigned int kind, uint64_t base, uint64_t top);
struct op *op_find(struct rmm *rmm, uint64_t handle);
void op_start(struct rmm *rmm, struct op *op, uint64_t x[5]);
void op_end(struct rmm *rmm, struct op *op, uint64_t status, uint64_t x[5]);
void op_answer(const struct rmm *rmm, const struct op *op, uint64_t x[5]);
void op_advance(struct rmm *rmm, struct op *op, uint64_t x[5]);
void op_answer_later(struct rmm *rmm, struct op *op, uint64_t x[5]);
void op_rest(struct rmm *rmm, struct op *op, uint64_t x[5]);
bool op_parked(const struct rmm *rmm);
bool op_holds(const struct rmm *rmm, const struct op *op);
void cmd_op_continue(struct rmm *rmm, const uint64_t in[5], uint64_t x[5]);
void cmd_op_reclaim(struct rmm *rmm, const uint64_t in[5], uint64_t x[5]);
void cmd_op_cancel(struct rmm *rmm, const uint64_t in[5], uint64_t x[5]);

/* donate.c */
uint64_t donate_request(const struct rmm *rmm, const struct op *op);
bool list_is_good(const struct rmm *rmm, uint64_t pa, uint64_t nr);
void cmd_op_donate(struct rmm *rmm, const uint64_t in[5], uint64_t x[5]);

/* update.c */
void update(struct rmm *rmm);
/* measure.c */
unsigned int hash_size(unsigned int algorithm);
void hash(unsigned int algorithm, const uint8_t *in, uint64_t size, uint8_t out[64]);
void put_word(uint8_t *at, uint64_t value);
void measure_realm(struct realm *realm, const uint64_t *params);
void measure_data(struct realm *realm, uint64_t ipa, uint64_t flags, const uint8_t *page,
		  uint64_t size);
void measure_rec(struct realm *realm, const uint64_t *params);
void measure_ripas(struct realm *realm, uint64_t base, uint64_t top);

/* realm.c */
bool is_used(unsigned int state);
struct realm *realm_of(struct rmm *rmm, uint64_t rd);
bool is_delegated(const struct rmm *rmm, uint64_t pa);
uint64_t *read_page(struct rmm *rmm, uint64_t pa, uint64_t size);
uint64_t max_recs(struct rmm *rmm);
uint64_t realm_features0(const struct rmm *rmm, uint64_t otherwise);
uint64_t realm_features1(const struct rmm *rmm, uint64_t otherwise);
uint64_t check_realm(struct rmm *rmm, const uint64_t in[6]);
void do_realm(struct rmm *rmm, const uint64_t in[6]);

/* rtt.c */
uint64_t check_rtt(struct rmm *rmm, const uint64_t in[6]);
void do_rtt(struct rmm *rmm, const uint64_t in[6], uint64_t x[3]);

/* rec.c */
struct rec *rec_of(struct rmm *rmm, uint64_t pa, struct realm **realm);
uint64_t check_rec(struct rmm *rmm, const uint64_t in[6]);
void do_rec(struct rmm *rmm, const uint64_t in[6]);
void cmd_rec_enter(struct rmm *rmm, const uint64_t in[6], uint64_t x[6]);

/* aux.c */
bool run_realm(struct rmm *rmm, const uint64_t in[6], uint64_t x[6]);
void realm_work(struct rmm *rmm, struct op *op, uint64_t x[5]);
uint64_t aux_wanted(const struct op *op);
bool aux_fits(const struct rmm *rmm, uint64_t pa, unsigned int state);
void aux_take(struct rmm *rmm, const struct op *op, uint64_t pa);
struct run aux_give(struct rmm *rmm, struct op *op, uint64_t most);
bool aux_can_cancel(const struct rmm *rmm);
void aux_update(struct rmm *rmm, struct op *op);

/* rmm.c */
void run(struct rmm *rmm, uint64_t x[6]);

/* hostile.c */
void hostile_init(struct rmm *rmm);
void hostile_command(struct rmm *rmm, uint64_t x[6]);

#endif
