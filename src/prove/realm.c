// SPDX-License-Identifier: GPL-2.0-only
/*
 * Granules of a Realm, in this order: its RD, its root table, the tables below, its pages, those
 * that are tried, its RECs. Each is taken before the first command, and returned after the last.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../include/arm_cca_rmi.h"
#include "../../include/rmi_abi.h"
#include "payload.h"
#include "realm.h"

/* Aligned to granules of any size, and in one table of the last level with all that follows */
#define FIRST_IPA	SZ_1M
#define LAST_LEVEL	3

/* With 4 KB pages a table of level 1 has enough entries for 32 bits, with larger ones of level 2 */
static unsigned int first_level(void)
{
	return PAGE_SIZE == SZ_4K ? 1 : 2;
}

enum { RD, ROOT, TABLES };

static unsigned int nr_tables(void)
{
	return LAST_LEVEL - first_level();
}

static phys_addr_t page_of(const struct prove_realm *realm, unsigned int i)
{
	return realm->granule[TABLES + nr_tables() + i];
}

static u64 ipa_of(unsigned int page)
{
	return FIRST_IPA + (u64)page * PAGE_SIZE;
}

/* A host call structure is aligned to its size */
#define CALL_SIZE	256

static unsigned int nr_pages(const struct prove_realm *realm)
{
	return PROVE_CALLS + DIV_ROUND_UP((realm->nr_recs - 1) * CALL_SIZE, PAGE_SIZE);
}

/**
 * prove_probe_ipa() - where a page is that the Realm tries
 * @realm: the Realm
 * @i: which
 *
 * Context: any.
 * Return: its IPA.
 */
u64 prove_probe_ipa(const struct prove_realm *realm, unsigned int i)
{
	return ipa_of(nr_pages(realm) + i);
}

/**
 * prove_rec() - where a REC is
 * @realm: the Realm
 * @i: which
 *
 * Context: any.
 * Return: its physical address.
 */
phys_addr_t prove_rec(const struct prove_realm *realm, unsigned int i)
{
	return page_of(realm, nr_pages(realm) + realm->nr_probes + i);
}

/* What there is of the Realm after a command */
static void note(struct prove_realm *realm, u64 fid)
{
	switch (fid) {
	case RMI_REALM_CREATE:
		realm->created = true;
		break;
	case RMI_RTT_CREATE:
		realm->tables++;
		break;
	case RMI_RTT_DATA_MAP_INIT:
	case RMI_RTT_DATA_MAP:
		realm->mapped++;
		break;
	case RMI_REC_CREATE:
		realm->recs++;
		break;
	case RMI_REALM_TERMINATE:
		realm->terminated = true;
		break;
	case RMI_REC_DESTROY:
		realm->recs--;
		break;
	case RMI_RTT_DESTROY:
		realm->tables--;
		break;
	case RMI_REALM_DESTROY:
		realm->created = false;
		break;
	}
}

/* 0 if it was done; -EIO if it was refused */
static int issue(struct prove_realm *realm, const char *name, struct cca_rmi_regs *r)
{
	const u64 fid = r->x[0];
	int rc = cca_rmi_run(r, NULL);

	if (rc == -EINPROGRESS)
		realm->unfinished = *r;
	if (!rc && RMI_RESULT_STATUS(r->x[0]) == RMI_SUCCESS) {
		note(realm, fid);
		return 0;
	}
	if (rc)
		scnprintf(realm->why, sizeof(realm->why), "%s: error %d", name, rc);
	else
		scnprintf(realm->why, sizeof(realm->why), "%s: %#llx", name, r->x[0]);
	return rc ?: -EIO;
}

static int issue_unless_stopped(struct prove_realm *realm, const char *name, struct cca_rmi_regs *r)
{
	if (!READ_ONCE(*realm->stop))
		return issue(realm, name, r);
	scnprintf(realm->why, sizeof(realm->why), "stopped");
	return -EINTR;
}

/* The command that ends in @command, and its arguments */
#define make(realm, command, ...)						\
	issue_unless_stopped(realm, #command,					\
			     &(struct cca_rmi_regs){ { RMI_##command, __VA_ARGS__ } })
#define unmake(realm, command, ...)						\
	issue(realm, #command, &(struct cca_rmi_regs){ { RMI_##command, __VA_ARGS__ } })

/* No other command is begun before the one that is unfinished has ended, whatever it comes to */
static int finish(struct prove_realm *realm)
{
	struct cca_rmi_regs r = realm->unfinished;
	int rc;

	if (!r.x[0])
		return 0;
	realm->unfinished.x[0] = 0;
	rc = issue(realm, "unfinished", &r);
	return rc == -EINPROGRESS ? rc : 0;
}

static void set(void *page, unsigned int offset, u64 value)
{
	((__le64 *)page)[offset / sizeof(__le64)] = cpu_to_le64(value);
}

static int create(struct prove_realm *realm)
{
	void *p = realm->params;

	set(p, RMI_REALM_S2SZ, PROVE_BITS);
	set(p, RMI_REALM_BREAKPOINTS, 1);
	set(p, RMI_REALM_WATCHPOINTS, 1);
	set(p, RMI_REALM_HASH, realm->hash);
	prove_measure_realm(&realm->measure, p);
	/* From here on, nothing of it counts */
	set(p, RMI_REALM_RTT_BASE, realm->granule[ROOT]);
	set(p, RMI_REALM_RTT_LEVEL, first_level());
	set(p, RMI_REALM_RTT_COUNT, 1);
	return make(realm, REALM_CREATE, realm->granule[RD], virt_to_phys(p));
}

static int create_tables(struct prove_realm *realm)
{
	int rc = 0;

	while (!rc && realm->tables < nr_tables())
		rc = make(realm, RTT_CREATE, realm->granule[RD],
			  realm->granule[TABLES + realm->tables], 0,
			  first_level() + 1 + realm->tables);
	return rc;
}

/* A command makes progress from @at to @reached, which is to be up to @top */
static bool is_top(struct prove_realm *realm, const char *name, u64 at, u64 reached, u64 top)
{
	if (reached > at && reached <= top && PAGE_ALIGNED(reached))
		return true;
	scnprintf(realm->why, sizeof(realm->why), "%s: out_top %#llx", name, reached);
	return false;
}

static int init_ripas(struct prove_realm *realm)
{
	const u64 top = ipa_of(nr_pages(realm) + realm->nr_probes);
	u64 at = ipa_of(0);

	while (at < top) {
		struct cca_rmi_regs r = { { RMI_RTT_INIT_RIPAS, realm->granule[RD], at, top } };
		const int rc = issue_unless_stopped(realm, "RTT_INIT_RIPAS", &r);

		if (rc)
			return rc;
		if (!is_top(realm, "RTT_INIT_RIPAS", at, r.x[1], top))
			return -EPROTO;
		prove_measure_ripas(&realm->measure, at, r.x[1]);
		at = r.x[1];
	}
	return 0;
}

static void fill(struct prove_realm *realm, unsigned int page)
{
	void *s = memset(realm->source, 0, PAGE_SIZE);

	if (page == PROVE_CODE)
		/* cppcheck-suppress comparePointers ; both are labels of payload.S */
		memcpy(s, prove_payload, prove_payload_end - prove_payload);
	if (page != PROVE_CALL)
		return;
	set(s, PAYLOAD_CHALLENGE, realm->challenge);
	set(s, PAYLOAD_PAGE_BYTES, PAGE_SIZE);
	set(s, PAYLOAD_NR_PROBES, realm->nr_probes);
	set(s, PAYLOAD_LOOP_TICKS, realm->loop_ticks);
}

static int map(struct prove_realm *realm)
{
	int rc = 0;

	while (!rc && realm->mapped < nr_pages(realm)) {
		const unsigned int i = realm->mapped;
		const u64 flags = i == PROVE_CODE ? RMI_DATA_MEASURE : 0;

		fill(realm, i);
		rc = make(realm, RTT_DATA_MAP_INIT, realm->granule[RD], page_of(realm, i),
			  ipa_of(i), virt_to_phys(realm->source), flags);
		prove_measure_data(&realm->measure, ipa_of(i), flags, realm->source);
	}
	return rc;
}

static u64 mpidr_of(unsigned int index)
{
	return (index & 0xf) | (u64)(index >> 4) << 8;
}

static int create_recs(struct prove_realm *realm)
{
	int rc = 0;

	while (!rc && realm->recs < realm->nr_recs) {
		void *p = memset(realm->params, 0, PAGE_SIZE);
		const unsigned int i = realm->recs;

		set(p, RMI_REC_FLAGS, RMI_REC_RUNNABLE);
		set(p, RMI_REC_PC, ipa_of(PROVE_CODE));
		set(p, RMI_REC_GPRS, i ? ipa_of(PROVE_CALLS) + (i - 1) * CALL_SIZE :
					 ipa_of(PROVE_CALL));
		set(p, RMI_REC_GPRS + 8, ipa_of(PROVE_CONFIG));
		set(p, RMI_REC_GPRS + 16, prove_probe_ipa(realm, 0));
		set(p, RMI_REC_GPRS + 24, i);
		set(p, RMI_REC_MPIDR, mpidr_of(i));
		rc = make(realm, REC_CREATE, realm->granule[RD], prove_rec(realm, i),
			  virt_to_phys(p));
		/* An RMM has only so many for a Realm */
		if (rc == -EIO && i)
			return 0;
		set(p, RMI_REC_MPIDR, 0);
		if (!rc)
			prove_measure_rec(&realm->measure, p);
	}
	return rc;
}

static int take(struct prove_realm *realm)
{
	const unsigned int nr = TABLES + nr_tables() + nr_pages(realm) + realm->nr_probes +
				realm->nr_recs;
	int rc;

	realm->params = kzalloc(PAGE_SIZE, GFP_KERNEL);
	realm->source = kzalloc(PAGE_SIZE, GFP_KERNEL);
	realm->granule = kcalloc(nr, sizeof(*realm->granule), GFP_KERNEL);
	if (!realm->params || !realm->source || !realm->granule)
		return -ENOMEM;
	rc = cca_rmi_take_granules(NUMA_NO_NODE, nr, realm->granule);
	if (!rc)
		realm->nr_granules = nr;
	else
		scnprintf(realm->why, sizeof(realm->why), "%u granules: error %d", nr, rc);
	return rc;
}

/**
 * prove_realm_make() - make a Realm, up to its activation
 * @realm: hash, nr_recs, nr_probes, stop, challenge and loop_ticks are set, the rest is zero
 *
 * Its measurement is predicted meanwhile. prove_realm_unmake() is due also on error.
 * Specification: DEN0137, RMI_REALM_CREATE and those that follow.
 *
 * Context: may sleep, allocates.
 * Return: 0 or a negative error number; then @realm->why tells.
 */
int prove_realm_make(struct prove_realm *realm)
{
	int rc = prove_measure_open(&realm->measure, realm->hash);

	realm->measuring = !rc;
	rc = rc ?: take(realm) ?: create(realm) ?: create_tables(realm) ?: init_ripas(realm) ?:
	     map(realm) ?: create_recs(realm) ?: realm->measure.error;
	rc = rc ?: make(realm, REALM_ACTIVATE, realm->granule[RD]);
	if (rc && !*realm->why)
		scnprintf(realm->why, sizeof(realm->why), "error %d", rc);
	return rc;
}

/**
 * prove_realm_probe() - the Realm touched a page that isn't there: map it
 * @realm: the Realm
 * @ipa: of the page
 *
 * Specification: DEN0137, RMI_RTT_DATA_MAP.
 *
 * Context: may sleep, allocates.
 * Return: 0; -ERANGE if it isn't the next one that is tried; or a negative error number.
 */
int prove_realm_probe(struct prove_realm *realm, u64 ipa)
{
	if (realm->mapped == nr_pages(realm) + realm->nr_probes || ipa != ipa_of(realm->mapped))
		return -ERANGE;
	return make(realm, RTT_DATA_MAP, realm->granule[RD], ipa, ipa + PAGE_SIZE,
		    RMI_DATA_MAP_RANGE, page_of(realm, realm->mapped) | 1 << RMI_RANGE_COUNT_SHIFT);
}

/* Each call makes progress, or nothing more is unmapped */
static int unmap(struct prove_realm *realm)
{
	const u64 top = ipa_of(realm->mapped);
	u64 at = ipa_of(0);

	while (at < top) {
		struct cca_rmi_regs r = { { RMI_RTT_DATA_UNMAP, realm->granule[RD], at, top } };
		const int rc = issue(realm, "RTT_DATA_UNMAP", &r);

		if (rc)
			return rc;
		if (!is_top(realm, "RTT_DATA_UNMAP", at, r.x[1], top))
			return -EPROTO;
		at = r.x[1];
	}
	realm->mapped = 0;
	return 0;
}

static int destroy(struct prove_realm *realm)
{
	int rc = realm->terminated ? 0 : unmake(realm, REALM_TERMINATE, realm->granule[RD]);

	while (!rc && realm->recs)
		rc = unmake(realm, REC_DESTROY, prove_rec(realm, realm->recs - 1));
	rc = rc ?: unmap(realm);
	while (!rc && realm->tables)
		rc = unmake(realm, RTT_DESTROY, realm->granule[RD], 0,
			    first_level() + realm->tables);
	return rc ?: unmake(realm, REALM_DESTROY, realm->granule[RD]);
}

/**
 * prove_realm_unmake() - unmake as much of a Realm as was made, and return its granules
 * @realm: of prove_realm_make()
 *
 * On error it can be tried again, and goes on where it stopped.
 * Specification: DEN0137, RMI_REALM_TERMINATE, RMI_REALM_DESTROY.
 *
 * Context: may sleep. In a reboot or power notifier of a priority above INT_MIN.
 * Return: 0, or a negative error number if something of it remains.
 */
int prove_realm_unmake(struct prove_realm *realm)
{
	int rc = finish(realm);

	if (!rc && realm->created)
		rc = destroy(realm);
	if (rc)
		return rc;
	if (realm->nr_granules) {
		rc = cca_rmi_return_granules(realm->granule, realm->nr_granules);
		if (rc)
			scnprintf(realm->why, sizeof(realm->why), "%u granules: error %d",
				  realm->nr_granules, rc);
	}
	if (realm->measuring)
		prove_measure_close(&realm->measure);
	realm->measuring = false;
	realm->nr_granules = 0;
	kfree(realm->granule);
	kfree(realm->params);
	kfree(realm->source);
	realm->granule = NULL;
	realm->params = NULL;
	realm->source = NULL;
	return rc;
}
