// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>

#include "../include/arm_cca_rmi.h"
#include "../include/rmi_abi.h"
#include "compat.h"
#include "coverage.h"
#include "debugfs.h"
#include "donor.h"
#include "hotplug.h"
#include "rmm.h"
#include "shutdown.h"
#include "sro.h"
#include "sysfs.h"
#include "verdict.h"

static bool require;
module_param(require, bool, 0400);
MODULE_PARM_DESC(require, "refuse to load where Realms can't be had (default: load, and say why)");

/* Nobody else can, before the first command */
static bool trace;
module_param(trace, bool, 0400);
MODULE_PARM_DESC(trace, "turn on the events of this module, rmi:*, as it is loaded");

static int guard_memory(struct verdict *why)
{
	int rc;

	rc = rmm_open(why);
	if (rc)
		goto close_rmm;
	rc = shutdown_register(why);
	if (rc)
		goto close_rmm;
	rc = hotplug_register(why);
	if (rc)
		goto unregister_shutdown;
	rc = coverage_ensure_ram(why);
	if (rc)
		goto unregister_hotplug;
	return 0;

unregister_hotplug:
	hotplug_unregister();
	coverage_release(false);
unregister_shutdown:
	shutdown_unregister();
close_rmm:
	rmm_close();
	return rc;
}

static bool guarding;

static void unguard_memory(void)
{
	if (guarding) {
		hotplug_unregister();
		shutdown_unregister();
	}
	/* Also what a load that failed could not take back, perhaps now */
	coverage_release(true);
	rmm_close();
}

static void announce(const struct verdict *v)
{
	const struct rmm_session *rmm = rmm_session();

	if (rmm->state == RMM_STATE_ACTIVE)
		pr_info("RMI %u.%u, RMM active%s, granules of %llu KB, PARs of %llu GB\n",
			RMI_REVISION_MAJOR(rmm->revision), RMI_REVISION_MINOR(rmm->revision),
			rmm->adopted ? " (was so before)" : "", rmm->granule_size >> 10,
			rmm->l0gpt_size >> 30);
	if (v->reason != REASON_OK) {
		pr_info("Realms are not available: %s (%s)\n", verdict_word(v->reason), v->detail);
		return;
	}
	pr_info("%llu KB of memory covered, %llu KB lent for that\n",
		coverage_bytes() >> 10, donor_bytes_out() >> 10);
	pr_info("Realms are available\n");
}

static int __init cca_rmi_init(void)
{
	struct verdict v;
	int rc;

	if (trace && compat_trace_on("rmi"))
		pr_warn("this kernel has no events to be traced\n");
	rc = coverage_open();
	if (rc)
		return rc;
	guarding = !guard_memory(&v);
	if (guarding)
		v.reason = REASON_OK;	/* what was missed on the way was had in the end */
	else
		verdict_publish(&v);
	announce(&v);
	if (v.reason == REASON_INTERRUPTED)
		rc = -EINTR;	/* nobody wants it any more */
	else
		rc = require && !guarding ? -ENODEV : sysfs_register();
	if (!rc) {
		debugfs_open();
		return 0;
	}
	unguard_memory();
	coverage_close();
	sro_close();
	donor_close();
	return rc;
}

static void __exit cca_rmi_exit(void)
{
	debugfs_close();
	sysfs_unregister();
	unguard_memory();
	coverage_close();
	sro_close();
	donor_close();
}

module_init(cca_rmi_init);
module_exit(cca_rmi_exit);
MODULE_DESCRIPTION("Arm CCA host: memory for the RMM, and whether Realms can be had");
MODULE_LICENSE("GPL");
MODULE_VERSION(CCA_RMI_VERSION);
