// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/platform_device.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "../include/arm_cca_rmi.h"
#include "../include/rmi_abi.h"
#include "features.h"
#include "ledger.h"
#include "proved.h"
#include "record.h"
#include "rmm.h"
#include "smc.h"
#include "sysfs.h"
#include "verdict.h"

static struct kobject *dir;

static ssize_t available_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", cca_rmi_is_available());
}

static ssize_t reason_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct verdict v;

	verdict_published(&v);
	return sysfs_emit(buf, "%s\n", verdict_word(v.reason));
}

static ssize_t detail_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct verdict v;

	verdict_published(&v);
	return sysfs_emit(buf, "%s\n", v.detail);
}

static ssize_t revision_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	if (!rmm.revision)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%u.%u\n", RMI_REVISION_MAJOR(rmm.revision),
			  RMI_REVISION_MINOR(rmm.revision));
}

static ssize_t rmm_state_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	return sysfs_emit(buf, "%s\n", rmm_state_word(rmm.state));
}

static ssize_t owner_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	return sysfs_emit(buf, "%s\n", owner_word(rmm.owner));
}

static ssize_t kernel_driver_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	return sysfs_emit(buf, "%s\n", owner_kernel_driver_word(rmm.kernel_driver));
}

static ssize_t proved_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", proved_word());
}

static ssize_t granule_size_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	return sysfs_emit(buf, "%llu\n", rmm.granule_size);
}

static ssize_t l0gpt_size_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	return sysfs_emit(buf, "%llu\n", rmm.l0gpt_size);
}

static ssize_t region_size_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	return sysfs_emit(buf, "%llu\n", rmm.region_size);
}

/* It is known once the RMM was asked for what tells it, which comes before its configuration */
static ssize_t dialect_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	return sysfs_emit(buf, "%s\n", !rmm.region_size ? "none" :
			  rmm.has_gpt_info ? "beta3" : "older");
}

static ssize_t tracking_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const char *whose = record_is_paid() ? "paid" : record_bytes() ? "static" : "none";

	return sysfs_emit(buf, "%s\n", whose);
}

static ssize_t memory_covered_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", record_bytes());
}

static ssize_t memory_donated_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", ledger_bytes(ledger_is_loan));
}

static bool is_lost(enum ledger_kind kind)
{
	return kind == LEDGER_LOST;
}

static ssize_t memory_lost_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", ledger_bytes(is_lost));
}

static ssize_t smc_calls_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", rmi_call_count());
}

static struct kobj_attribute attributes[] = {
	__ATTR_RO(available),
	__ATTR_RO(reason),
	__ATTR_RO_MODE(detail, 0400),	/* physical addresses are for root alone */
	__ATTR_RO(revision),
	__ATTR_RO(rmm_state),
	__ATTR_RO(owner),
	__ATTR_RO(kernel_driver),
	__ATTR_RO(proved),
	__ATTR_RO(granule_size),
	__ATTR_RO(l0gpt_size),
	__ATTR_RO(region_size),
	__ATTR_RO(dialect),
	__ATTR_RO(tracking),
	__ATTR_RO(memory_covered),
	__ATTR_RO(memory_donated),
	__ATTR_RO(memory_lost),
	__ATTR_RO(smc_calls),
};

/* A kobject of the firmware's directory can't send events; this is all that it is for */
static struct platform_device *device;

static void tell(struct work_struct *unused)
{
	char available[24], reason[48];
	char *env[3] = { available, reason };
	struct verdict v;

	features_update(dir);
	verdict_published(&v);
	snprintf(available, sizeof(available), "RMI_AVAILABLE=%d", v.reason == REASON_OK);
	snprintf(reason, sizeof(reason), "RMI_REASON=%s", verdict_word(v.reason));
	sysfs_notify(dir, NULL, "available");
	sysfs_notify(dir, NULL, "reason");
	kobject_uevent_env(&device->dev.kobj, KOBJ_CHANGE, env);
}

static DECLARE_WORK(telling, tell);

/*
 * Who publishes may hold locks that those who listen wait for. Of changes in a row the last counts.
 */
static void changed(void)
{
	schedule_work(&telling);
}

static int make_files(void)
{
	int i, rc = 0;

	for (i = 0; !rc && i < ARRAY_SIZE(attributes); i++)
		rc = sysfs_create_file(dir, &attributes[i].attr);
	return rc;
}

/**
 * sysfs_register() - make /sys/firmware/rmi with all its files, and tell what changes in it
 *
 * Its available and reason can be polled. A device that is called like the module sends an event
 * for each change, of which the end of the load is the first.
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM, also if there is such a directory already; or what the driver core says.
 */
int sysfs_register(void)
{
	int rc;

	dir = kobject_create_and_add("rmi", firmware_kobj);
	if (!dir)
		return -ENOMEM;
	rc = make_files();
	if (rc)
		goto remove_dir;
	device = platform_device_register_simple("arm_cca_rmi", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device)) {
		rc = PTR_ERR(device);
		goto remove_dir;
	}
	verdict_listen(changed);
	return 0;

remove_dir:
	kobject_del(dir);
	kobject_put(dir);
	return rc;
}

/**
 * sysfs_update() - have the files that only an RMM brings
 *
 * Context: may sleep; after sysfs_register().
 */
void sysfs_update(void)
{
	features_update(dir);
}

/**
 * sysfs_unregister() - undo sysfs_register(); nobody reads any more afterwards
 *
 * Context: may sleep.
 */
void sysfs_unregister(void)
{
	verdict_listen(NULL);
	flush_work(&telling);	/* udev may not have heard that everything was given back */
	features_close();
	kobject_del(dir);	/* now, whoever still holds a reference */
	kobject_put(dir);
	platform_device_unregister(device);	/* who is told of this finds no directory */
}
