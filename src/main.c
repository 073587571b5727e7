// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>

#include "../include/arm_cca_rmi.h"
#include "../include/rmi_abi.h"
#include "coverage.h"
#include "hotplug.h"
#include "rmm.h"
#include "sysfs.h"
#include "verdict.h"

static bool require;
module_param(require, bool, 0400);
MODULE_PARM_DESC(require, "refuse to load where Realms can't be had (default: load, and say why in /sys/firmware/rmi)");

static int guard_memory(struct verdict *why)
{
	int rc;

	rc = rmm_open(why);
	if (rc)
		return rc;
	rc = hotplug_register(why);
	if (rc)
		goto close;
	rc = coverage_ensure_ram(why);
	if (rc)
		goto unregister;
	return 0;

unregister:
	hotplug_unregister();
	coverage_release();
close:
	rmm_close();
	return rc;
}

static void unguard_memory(void)
{
	hotplug_unregister();
	coverage_release();
	rmm_close();
}

static void announce(const struct verdict *v)
{
	const struct rmm_session *rmm = rmm_session();

	if (rmm->revision)
		pr_info("RMI %u.%u, RMM %s%s, granules of %llu KB, PARs of %llu GB\n",
			RMI_REVISION_MAJOR(rmm->revision), RMI_REVISION_MINOR(rmm->revision), rmm_state_word(),
			rmm->adopted ? " (was so before)" : "", rmm->granule_size >> 10, rmm->l0gpt_size >> 30);
	if (v->reason == REASON_OK)
		pr_info("%llu KB of memory covered\n", coverage_bytes() >> 10);
	if (v->reason == REASON_OK)
		pr_info("Realms are available\n");
	else
		pr_info("Realms are not available: %s (%s)\n", verdict_word(v->reason), v->detail);
}

static bool guarding;

static int __init cca_rmi_init(void)
{
	struct verdict v = { .reason = REASON_OK };
	int rc;

	guarding = !guard_memory(&v);
	verdict_publish(&v);
	announce(&v);
	rc = require && !guarding ? -ENODEV : sysfs_register();
	if (rc && guarding)
		unguard_memory();
	return rc;
}

static void __exit cca_rmi_exit(void)
{
	sysfs_unregister();
	if (guarding)
		unguard_memory();
}

module_init(cca_rmi_init);
module_exit(cca_rmi_exit);
MODULE_DESCRIPTION("Arm CCA host: memory for the RMM, and whether Realms can be had");
MODULE_LICENSE("GPL");
MODULE_VERSION(CCA_RMI_VERSION);
