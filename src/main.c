// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>

#include "../include/rmi_abi.h"
#include "compat.h"
#include "cover.h"
#include "debugfs.h"
#include "events.h"
#include "exchange.h"
#include "index.h"
#include "ledger.h"
#include "record.h"
#include "rmm.h"
#include "sysfs.h"
#include "take.h"
#include "transfer.h"
#include "verdict.h"
#include "vmcore.h"
#include "walk.h"

static bool require;
module_param(require, bool, 0400);
MODULE_PARM_DESC(require, "refuse to load where Realms can't be had (default: load, and say why)");

/* Nobody else can, before the first command */
static bool trace;
module_param(trace, bool, 0400);
MODULE_PARM_DESC(trace, "turn on the events of this module, rmi:*, as it is loaded");

static void announce(const struct verdict *v)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	if (rmm.state == RMM_STATE_ACTIVE)
		pr_info("RMI %u.%u, RMM active%s, granules of %llu KB, PARs of %llu GB\n",
			RMI_REVISION_MAJOR(rmm.revision), RMI_REVISION_MINOR(rmm.revision),
			rmm.owner == RMM_OWNER_THIS_MODULE ? "" : " (was so before)",
			rmm.granule_size >> 10, rmm.l0gpt_size >> 30);
	if (rmm.owner == RMM_OWNER_KERNEL)
		pr_info("this kernel's own driver has the RMM: nothing of it is changed\n");
	else if (rmm.kernel_driver != KERNEL_DRIVER_ABSENT)
		pr_info("this kernel's own driver gave up: its KVM starts no Realms\n");
	if (v->reason != REASON_OK) {
		pr_info("Realms are not available: %s (%s)\n", verdict_word(v->reason), v->detail);
		return;
	}
	pr_info("%llu KB of memory covered, %llu KB lent for that\n",
		record_bytes() >> 10, ledger_bytes(ledger_is_loan) >> 10);
	pr_info("Realms are available\n");
}

/* Everything of ours that can fail for want of memory comes before the first command */
static int open_all(void)
{
	int rc;

	rc = transfer_open();
	if (rc)
		return rc;
	rc = index_open();
	if (rc)
		goto close_transfer;
	rc = sysfs_register();
	if (rc)
		goto close_index;
	rc = events_register();
	if (rc)
		goto unregister_sysfs;
	debugfs_open();
	vmcore_open();
	return 0;

unregister_sysfs:
	sysfs_unregister();
close_index:
	index_close();
close_transfer:
	transfer_close();
	return rc;
}

static void close_all(void)
{
	vmcore_close();
	debugfs_close();
	events_unregister();
	walk_set_released(true);
	cover_quiesce();
	/* What can't be had back now is lost */
	cover_stop(10 * rmi_timeout_ms());
	cover_quiesce();
	sysfs_unregister();
	transfer_close();
	take_close();
	sro_forget();
	exchange_close();
	record_forget();
	ledger_close();
	index_close();
}

static bool is_any_out(void)
{
	struct rmi_regs command;

	return ledger_bytes(ledger_is_out) || sro_unfinished(0, &command) || exchange_unfinished();
}

static int __init cca_rmi_init(void)
{
	struct verdict v;
	int rc;

	if (trace && compat_trace_on("rmi"))
		pr_warn("this kernel has no events to be traced\n");
	walk_set_released(false);
	rc = open_all();
	if (rc)
		return rc;
	cover_start(true, true, &v);
	sysfs_update();
	/*
	 * All memory may be covered, and a CPU lack RME, or the RMM make no sense when it gives
	 * back
	 */
	verdict_published(&v);
	announce(&v);
	if (v.reason == REASON_OK || (v.reason != REASON_INTERRUPTED && !require))
		return 0;
	/*
	 * A module whose init fails is gone, and its notifiers with it: while anything is out,
	 * somebody must be there to take it back
	 */
	if (is_any_out())
		return 0;
	close_all();
	return v.reason == REASON_INTERRUPTED ? -EINTR : -ENODEV;
}

static void __exit cca_rmi_exit(void)
{
	close_all();
}

module_init(cca_rmi_init);
module_exit(cca_rmi_exit);
MODULE_DESCRIPTION("Arm CCA host: memory for the RMM, and whether Realms can be had");
MODULE_LICENSE("GPL");
MODULE_VERSION(CCA_RMI_VERSION);
