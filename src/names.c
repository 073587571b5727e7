// SPDX-License-Identifier: GPL-2.0-only
#include <linux/build_bug.h>
#include <linux/kernel.h>

#include "../include/rmi_abi.h"
#include "names.h"

/* Those of which there are many come first: they are looked for with each command */
static const struct {
	u32 fid;
	const char *name;
} names[] = {
	{ RMI_GRANULE_TRACKING_GET, "RMI_GRANULE_TRACKING_GET" },
	{ RMI_GPT_INFO, "RMI_GPT_INFO" },
	{ RMI_GPT_L1_CREATE, "RMI_GPT_L1_CREATE" },
	{ RMI_GRANULE_TRACKING_SET, "RMI_GRANULE_TRACKING_SET" },
	{ RMI_OP_MEM_DONATE, "RMI_OP_MEM_DONATE" },
	{ RMI_OP_MEM_RECLAIM, "RMI_OP_MEM_RECLAIM" },
	{ RMI_OP_CONTINUE, "RMI_OP_CONTINUE" },
	{ RMI_GPT_L1_DESTROY, "RMI_GPT_L1_DESTROY" },
	{ RMI_GRANULE_RANGE_DELEGATE, "RMI_GRANULE_RANGE_DELEGATE" },
	{ RMI_GRANULE_RANGE_UNDELEGATE, "RMI_GRANULE_RANGE_UNDELEGATE" },
	{ RMI_OP_CANCEL, "RMI_OP_CANCEL" },
	{ RMI_VERSION, "RMI_VERSION" },
	{ RMI_FEATURES, "RMI_FEATURES" },
	{ RMI_RMM_CONFIG_SET, "RMI_RMM_CONFIG_SET" },
	{ RMI_RMM_CONFIG_GET, "RMI_RMM_CONFIG_GET" },
	{ RMI_RMM_ACTIVATE, "RMI_RMM_ACTIVATE" },
	{ RMI_RMM_DEACTIVATE, "RMI_RMM_DEACTIVATE" },
	{ RMI_RMM_STATE_GET, "RMI_RMM_STATE_GET" },
	{ RMI_REC_ENTER, "RMI_REC_ENTER" },
	/* From here on, all are those of rmi_is_of_realms() */
	{ RMI_RTT_DATA_MAP_INIT, "RMI_RTT_DATA_MAP_INIT" },
	{ RMI_RTT_DATA_MAP, "RMI_RTT_DATA_MAP" },
	{ RMI_RTT_DATA_UNMAP, "RMI_RTT_DATA_UNMAP" },
	{ RMI_RTT_CREATE, "RMI_RTT_CREATE" },
	{ RMI_RTT_DESTROY, "RMI_RTT_DESTROY" },
	{ RMI_RTT_INIT_RIPAS, "RMI_RTT_INIT_RIPAS" },
	{ RMI_RTT_SET_RIPAS, "RMI_RTT_SET_RIPAS" },
	{ RMI_RTT_READ_ENTRY, "RMI_RTT_READ_ENTRY" },
	{ RMI_REC_CREATE, "RMI_REC_CREATE" },
	{ RMI_REC_DESTROY, "RMI_REC_DESTROY" },
	{ RMI_REALM_CREATE, "RMI_REALM_CREATE" },
	{ RMI_REALM_ACTIVATE, "RMI_REALM_ACTIVATE" },
	{ RMI_REALM_TERMINATE, "RMI_REALM_TERMINATE" },
	{ RMI_REALM_DESTROY, "RMI_REALM_DESTROY" },
	{ RMI_PSCI_COMPLETE, "RMI_PSCI_COMPLETE" },
};

static_assert(ARRAY_SIZE(names) == NR_NAMES);

#define FIRST_OF_REALMS	(NR_NAMES - 15)

/**
 * name_index() - a command's place among those that the module issues
 * @fid: function id
 *
 * Context: any.
 * Return: less than NR_NAMES, or NR_NAMES for one that it never issues.
 */
unsigned int name_index(u64 fid)
{
	unsigned int i;

	for (i = 0; i < NR_NAMES && names[i].fid != fid; i++)
		;
	return i;
}

/**
 * name_at() - what is in a place
 * @i: as name_index() returned it
 *
 * Context: any.
 * Return: a constant string; "unknown command" for one that the module never issues.
 */
const char *name_at(unsigned int i)
{
	return i < NR_NAMES ? names[i].name : "unknown command";
}

/**
 * rmi_name() - a command's name, for messages
 * @fid: function id
 *
 * Context: any.
 * Return: as name_at().
 */
const char *rmi_name(u64 fid)
{
	return name_at(name_index(fid));
}

/**
 * rmi_is_of_realms() - is a command one about Realms, that cca_rmi_run() issues?
 * @fid: function id
 *
 * RMI_REC_ENTER isn't one of them: it is not to be repeated.
 *
 * Context: any.
 * Return: true if so.
 */
bool rmi_is_of_realms(u64 fid)
{
	const unsigned int i = name_index(fid);

	return i >= FIRST_OF_REALMS && i < NR_NAMES;
}
