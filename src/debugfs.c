// SPDX-License-Identifier: GPL-2.0-only
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "coverage.h"
#include "debugfs.h"
#include "donor.h"
#include "smc.h"

static struct dentry *dir;

static void print_covered(void *arg, const char *what, const struct span *span)
{
	seq_printf(arg, "%#llx-%#llx %s\n", span->start, span->end, what);
}

static int debug_coverage_show(struct seq_file *s, void *unused)
{
	return coverage_walk(print_covered, s);
}
DEFINE_SHOW_ATTRIBUTE(debug_coverage);

static void print_lent(void *arg, const struct span *span, bool lost)
{
	seq_printf(arg, "%#llx-%#llx ", span->start, span->end);
	if (lost)
		seq_puts(arg, "lost\n");
	else if (span->owner >= DONOR_READY)
		seq_printf(arg, "%s\n", donor_kind(span->owner));
	else
		seq_printf(arg, "%s %#llx\n", donor_kind(span->owner), donor_base(span->owner));
}

static int debug_donated_show(struct seq_file *s, void *unused)
{
	donor_walk(print_lent, s);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(debug_donated);

static int debug_commands_show(struct seq_file *s, void *unused)
{
	struct rmi_tally t;
	const char *name;
	unsigned int i;

	seq_puts(s, "command count retries failures min_ns avg_ns max_ns\n");
	for (i = 0; rmi_tally(i, &name, &t); i++)
		if (t.count)
			seq_printf(s, "%s %llu %llu %llu %llu %llu %llu\n", name, t.count,
				   t.retries, t.failures, t.min_ns, div64_u64(t.ns, t.count),
				   t.max_ns);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(debug_commands);

/**
 * debugfs_open() - make /sys/kernel/debug/rmi, for root alone: its files hold physical addresses
 *
 * A kernel without debugfs, or that doesn't want it, has none.
 *
 * Context: may sleep.
 */
void debugfs_open(void)
{
	dir = debugfs_create_dir("rmi", NULL);
	debugfs_create_file("coverage", 0400, dir, NULL, &debug_coverage_fops);
	debugfs_create_file("donated", 0400, dir, NULL, &debug_donated_fops);
	debugfs_create_file("commands", 0400, dir, NULL, &debug_commands_fops);
}

/**
 * debugfs_close() - undo debugfs_open(); nobody reads any more afterwards
 *
 * Context: may sleep.
 */
void debugfs_close(void)
{
	debugfs_remove(dir);
}
