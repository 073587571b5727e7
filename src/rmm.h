/* SPDX-License-Identifier: GPL-2.0-only */
/* The session with the RMM: from "is there one" to "it is active". */
#ifndef RMM_H
#define RMM_H

#include <linux/types.h>

#include "owner.h"
#include "smc.h"
#include "verdict.h"

enum rmm_state {
	RMM_STATE_NONE,		/* nobody answers */
	RMM_STATE_UNKNOWN,	/* somebody does, but of another revision or configuration */
	RMM_STATE_INIT,
	RMM_STATE_ACTIVE,
};

/* All zero: not known */
struct rmm_session {
	enum rmm_state state;
	enum rmm_owner owner;
	enum kernel_driver kernel_driver;
	bool has_gpt_info;	/* beta 3 or newer */
	u32 revision;		/* agreed on */
	u64 granule_size;	/* bytes */
	u64 l0gpt_size;		/* bytes that one level 0 GPT entry describes: a PAR */
	/* exclusive end of the physical address space that the RMM speaks of */
	u64 pa_end;
	u64 region_size;	/* bytes: of a tracking region */
	u64 lent;		/* bytes, for its activation */
	u32 newest;		/* the highest revision that it offers */
	u64 features[2];
	u64 features_known;	/* a bit for each of these that it told */
};

int rmm_open(struct verdict *why);
int rmm_activate(struct verdict *why);
void rmm_close(void);
bool rmm_is_kernels(void);
const struct rmm_session *rmm_session(void);
int rmm_ask(struct rmm_session *s, struct verdict *why);
int rmm_ask_state(void);
void rmm_learn(const struct rmm_session *s);
void rmm_copy_session(struct rmm_session *copy);
const char *rmm_state_word(enum rmm_state state);
int rmm_get_feature(u64 index, u64 *value, struct verdict *why);

#endif
