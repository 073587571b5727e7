/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module tells in /sys/firmware/rmi. */
#ifndef TOOLS_ATTRIBUTES_H
#define TOOLS_ATTRIBUTES_H

#include <stdbool.h>
#include <stdint.h>

#define ATTRIBUTES_DIR	"/sys/firmware/rmi"

enum attribute {
	AVAILABLE,
	REASON,
	DETAIL,
	REVISION,
	RMM_STATE,
	OWNER,
	KERNEL_DRIVER,
	PROVED,
	GRANULE_SIZE,
	L0GPT_SIZE,
	REGION_SIZE,
	DIALECT,
	TRACKING,
	MEMORY_COVERED,
	MEMORY_DONATED,
	MEMORY_LOST,
	SMC_CALLS,
	NR_ATTRIBUTES
};

struct feature {
	char name[32];
	char text[64];
};

#define MAX_FEATURES	32

struct attributes {
	bool detail_hidden;	/* it is for root alone; its text is empty then */
	struct {
		char text[256];
		uint64_t number;	/* of those that are one */
		bool missing;		/* the module is older than this; its text is empty then */
	} of[NR_ATTRIBUTES];
	/* In the order of their names; those of a newer module, too */
	struct feature feature[MAX_FEATURES];
	unsigned int nr_features;
};

/* All of them. False if the module isn't loaded; where they make no sense, the program ends. */
bool attributes_read(struct attributes *a);

/* The same or the end */
void attributes_need(struct attributes *a);

/* 0 if the RMM doesn't tell it, or it is no number */
uint64_t attributes_feature(const struct attributes *a, const char *name);

void attributes_show(const struct attributes *a);
void attributes_show_json(const struct attributes *a);

#endif
