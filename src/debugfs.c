// SPDX-License-Identifier: GPL-2.0-only
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "cover.h"
#include "debugfs.h"
#include "ledger.h"
#include "record.h"
#include "rmm.h"
#include "smc.h"

static struct dentry *dir;

static void print_set(struct seq_file *s, const struct ranges *set, const char *what)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		seq_printf(s, "%#llx-%#llx %s\n", set->at[i].start, set->at[i].end, what);
}

/* Neighbours in the order of their addresses, as one */
static int print_made(struct seq_file *s, enum ledger_kind kind, const char *what)
{
	const struct record *r = record_view();
	struct ranges set = {};
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < r->nr; i++)
		if (r->made[i].kind == kind)
			rc = ranges_put(&set, record_span(&r->made[i]));
	if (!rc)
		print_set(s, &set, what);
	ranges_clear(&set);
	return rc;
}

static int debug_coverage_show(struct seq_file *s, void *unused)
{
	const struct record *r = record_view();
	int rc;

	cover_lock_all();
	print_set(s, &r->online, "online");
	print_set(s, &r->fine, "fine");
	rc = print_made(s, LEDGER_REGION, "fine-host");
	print_set(s, &r->tables, "table");
	if (!rc)
		rc = print_made(s, LEDGER_TABLE, "table-host");
	cover_unlock_all();
	return rc;
}
DEFINE_SHOW_ATTRIBUTE(debug_coverage);

static void print_span(void *arg, const struct span *span)
{
	if (span->kind == LEDGER_TABLE || span->kind == LEDGER_REGION)
		seq_printf(arg, "%#llx-%#llx %s %#llx\n", span->start, span->end,
			   ledger_word(span->kind), span->payee);
	else
		seq_printf(arg, "%#llx-%#llx %s\n", span->start, span->end,
			   ledger_word(span->kind));
}

static int debug_donated_show(struct seq_file *s, void *unused)
{
	ledger_walk(print_span, s);
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

#define NR_FEATURES	5

/* Asked for anew; what the RMM doesn't tell has no line */
static int debug_features_show(struct seq_file *s, void *unused)
{
	struct verdict why;
	unsigned int i;
	u64 value;

	cover_lock_all();
	for (i = 0; rmm_session()->revision && i < NR_FEATURES; i++)
		if (!rmm_get_feature(i, &value, &why))
			seq_printf(s, "%u 0x%llx\n", i, value);
	cover_unlock_all();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(debug_features);

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
	debugfs_create_file("features", 0400, dir, NULL, &debug_features_fops);
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
