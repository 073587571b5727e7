// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fields of the RMM's feature registers, for who sizes Realms. Only those whose meaning is settled;
 * debugfs has the registers as they are.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>

#include "../include/rmi_abi.h"
#include "features.h"
#include "rmm.h"

static DEFINE_MUTEX(features_lock);	/* a leaf but for sysfs; protects features_dir */
static struct kobject *features_dir;

static u64 feature(unsigned int index)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	return rmm.features[index];
}

static ssize_t ipa_bits_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", RMI_FEATURE0_S2SZ(feature(0)));
}

static ssize_t pa_bits_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	return sysfs_emit(buf, "%u\n", rmm.pa_end ? ilog2(rmm.pa_end) : 0);
}

static ssize_t max_recs_order_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", RMI_FEATURE1_MAX_RECS_ORDER(feature(1)));
}

/* The words that belong to the bits that are set, with blanks between them */
static ssize_t emit_words(char *buf, u64 bits, const char * const *words, unsigned int nr)
{
	const char *picked[3] = { "", "", "" };
	unsigned int i, n = 0;

	for (i = 0; i < nr; i++)
		if (bits >> i & 1)
			picked[n++] = words[i];
	if (!n)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%s%s%s%s%s\n", picked[0], n > 1 ? " " : "", picked[1],
			  n > 2 ? " " : "", picked[2]);
}

static ssize_t granule_sizes_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	static const char * const sizes[] = { "4096", "16384", "65536" };

	return emit_words(buf, feature(1), sizes, ARRAY_SIZE(sizes));
}

static ssize_t hash_algorithms_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	static const char * const names[] = { "sha256", "sha384", "sha512" };

	return emit_words(buf, RMI_FEATURE1_HASHES(feature(1)), names, ARRAY_SIZE(names));
}

static const struct {
	struct kobj_attribute attribute;
	unsigned int index;		/* of the register that it is in */
} features[] = {
	{ __ATTR_RO(ipa_bits), 0 },
	{ __ATTR_RO(pa_bits), 1 },
	{ __ATTR_RO(granule_sizes), 1 },
	{ __ATTR_RO(hash_algorithms), 1 },
	{ __ATTR_RO(max_recs_order), 1 },
};

static void remove_dir(void)
{
	kobject_del(features_dir);
	kobject_put(features_dir);
	features_dir = NULL;
}

/**
 * features_update() - have the directory, once an RMM has said what it is
 * @parent: where it goes
 *
 * A register that it doesn't tell has no files. Nobody fails for want of memory for one.
 *
 * Context: may sleep; takes features_lock.
 */
void features_update(struct kobject *parent)
{
	struct rmm_session rmm;
	int i, rc = 0;

	rmm_copy_session(&rmm);
	mutex_lock(&features_lock);
	if (rmm.features_known && !features_dir) {
		features_dir = kobject_create_and_add("features", parent);
		for (i = 0; features_dir && !rc && i < ARRAY_SIZE(features); i++)
			if (rmm.features_known & BIT_ULL(features[i].index))
				rc = sysfs_create_file(features_dir, &features[i].attribute.attr);
		if (rc)
			remove_dir();
	}
	mutex_unlock(&features_lock);
}

/**
 * features_close() - remove the directory
 *
 * Context: may sleep; nobody calls features_update() any more.
 */
void features_close(void)
{
	if (features_dir)
		remove_dir();
}
