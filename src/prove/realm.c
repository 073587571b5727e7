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

/* An operation that isn't done is gone on with so often */
#define MAX_RESUMED	16

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

/* 0 if it was done; -EIO if it was refused */
static int issue(struct prove_realm *realm, const char *name, struct cca_rmi_regs *r,
		 const bool *stop)
{
	unsigned int tries = 0;
	int rc;

	do
		rc = cca_rmi_run(r, stop);
	while (rc == -EINPROGRESS && ++tries < MAX_RESUMED && !(stop && READ_ONCE(*stop)));
	realm->commands++;
	if (!rc && RMI_RESULT_STATUS(r->x[0]) == RMI_SUCCESS)
		return 0;
	if (rc)
		scnprintf(realm->why, sizeof(realm->why), "%s: error %d", name, rc);
	else
		scnprintf(realm->why, sizeof(realm->why), "%s: %#llx", name, r->x[0]);
	return rc ?: -EIO;
}

/* The command in @..., by the end of its name */
#define make(realm, command, ...)						\
	issue(realm, #command, &(struct cca_rmi_regs){ { RMI_##command, __VA_ARGS__ } },	\
	      (realm)->stop)
#define unmake(realm, command, ...)						\
	issue(realm, #command, &(struct cca_rmi_regs){ { RMI_##command, __VA_ARGS__ } }, NULL)

static void set(void *page, unsigned int offset, u64 value)
{
	*(__le64 *)(page + offset) = cpu_to_le64(value);
}

static int create(struct prove_realm *realm)
{
	void *p = realm->params;
	int rc;

	set(p, RMI_REALM_S2SZ, PROVE_BITS);
	set(p, RMI_REALM_BREAKPOINTS, 1);
	set(p, RMI_REALM_WATCHPOINTS, 1);
	set(p, RMI_REALM_HASH, realm->hash);
	prove_measure_realm(&realm->measure, p);
	/* From here on, nothing of it counts */
	set(p, RMI_REALM_RTT_BASE, realm->granule[ROOT]);
	set(p, RMI_REALM_RTT_LEVEL, first_level());
	set(p, RMI_REALM_RTT_COUNT, 1);
	rc = make(realm, REALM_CREATE, realm->granule[RD], virt_to_phys(p));
	realm->created = !rc;
	return rc;
}

static int create_tables(struct prove_realm *realm)
{
	int rc = 0;

	for (; !rc && realm->tables < nr_tables(); realm->tables += !rc)
		rc = make(realm, RTT_CREATE, realm->granule[RD],
			  realm->granule[TABLES + realm->tables], 0,
			  first_level() + 1 + realm->tables);
	return rc;
}

static int init_ripas(struct prove_realm *realm)
{
	const u64 top = ipa_of(nr_pages(realm) + realm->nr_probes);
	u64 at = ipa_of(0);

	while (at < top) {
		struct cca_rmi_regs r = { { RMI_RTT_INIT_RIPAS, realm->granule[RD], at, top } };
		const int rc = issue(realm, "RTT_INIT_RIPAS", &r, realm->stop);

		if (rc)
			return rc;
		if (r.x[1] <= at || r.x[1] > top || !PAGE_ALIGNED(r.x[1])) {
			scnprintf(realm->why, sizeof(realm->why), "RTT_INIT_RIPAS: out_top %#llx",
				  r.x[1]);
			return -EPROTO;
		}
		prove_measure_ripas(&realm->measure, at, r.x[1]);
		at = r.x[1];
	}
	return 0;
}

static void fill(struct prove_realm *realm, unsigned int page)
{
	void *s = memset(realm->source, 0, PAGE_SIZE);

	if (page == PROVE_CODE)
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

	for (; !rc && realm->mapped < nr_pages(realm); realm->mapped += !rc) {
		const u64 flags = realm->mapped == PROVE_CODE ? RMI_DATA_MEASURE : 0;

		fill(realm, realm->mapped);
		rc = make(realm, RTT_DATA_MAP_INIT, realm->granule[RD],
			  page_of(realm, realm->mapped), ipa_of(realm->mapped),
			  virt_to_phys(realm->source), flags);
		prove_measure_data(&realm->measure, ipa_of(realm->mapped), flags, realm->source);
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

		set(p, RMI_REC_FLAGS, RMI_REC_RUNNABLE);
		set(p, RMI_REC_PC, ipa_of(PROVE_CODE));
		set(p, RMI_REC_GPRS, realm->recs ?
		    ipa_of(PROVE_CALLS) + (realm->recs - 1) * CALL_SIZE : ipa_of(PROVE_CALL));
		set(p, RMI_REC_GPRS + 8, ipa_of(PROVE_CONFIG));
		set(p, RMI_REC_GPRS + 16, prove_probe_ipa(realm, 0));
		set(p, RMI_REC_GPRS + 24, realm->recs);
		set(p, RMI_REC_MPIDR, mpidr_of(realm->recs));
		rc = make(realm, REC_CREATE, realm->granule[RD], prove_rec(realm, realm->recs),
			  virt_to_phys(p));
		/* An RMM has only so many for a Realm */
		if (rc == -EIO && realm->recs)
			return 0;
		set(p, RMI_REC_MPIDR, 0);
		if (!rc)
			prove_measure_rec(&realm->measure, p);
		realm->recs += !rc;
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
	return rc ?: make(realm, REALM_ACTIVATE, realm->granule[RD]);
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
	int rc;

	if (realm->mapped == nr_pages(realm) + realm->nr_probes || ipa != ipa_of(realm->mapped))
		return -ERANGE;
	rc = make(realm, RTT_DATA_MAP, realm->granule[RD], ipa, ipa + PAGE_SIZE, RMI_DATA_MAP_RANGE,
		  page_of(realm, realm->mapped) | 1 << RMI_RANGE_COUNT_SHIFT);
	realm->mapped += !rc;
	return rc;
}

/* Each call makes progress, or nothing more is unmapped */
static int unmap(struct prove_realm *realm)
{
	const u64 top = ipa_of(realm->mapped);
	u64 at = ipa_of(0);

	while (at < top) {
		struct cca_rmi_regs r = { { RMI_RTT_DATA_UNMAP, realm->granule[RD], at, top } };
		const int rc = issue(realm, "RTT_DATA_UNMAP", &r, NULL);

		if (rc)
			return rc;
		if (r.x[1] <= at || r.x[1] > top)
			return -EPROTO;
		at = r.x[1];
	}
	realm->mapped = 0;
	return 0;
}

static int destroy(struct prove_realm *realm)
{
	int rc = unmake(realm, REALM_TERMINATE, realm->granule[RD]);

	for (; !rc && realm->recs; realm->recs -= !rc)
		rc = unmake(realm, REC_DESTROY, prove_rec(realm, realm->recs - 1));
	rc = rc ?: unmap(realm);
	for (; !rc && realm->tables; realm->tables -= !rc)
		rc = unmake(realm, RTT_DESTROY, realm->granule[RD], 0,
			    first_level() + realm->tables);
	rc = rc ?: unmake(realm, REALM_DESTROY, realm->granule[RD]);
	realm->created = rc;
	return rc;
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
	int rc = realm->created ? destroy(realm) : 0;

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
