// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must hold after whatever went wrong. The truth is the model's and the stand-ins'; of the
 * module only what it shows to everybody is looked at: its files, its log, its return values.
 */
#include "../../include/arm_cca_rmi.h"
#include "sweep.h"
#include "model.h"	/* is an operation unfinished? no other test needs to know */

struct played played;

static bool has_memory(u64 pa)
{
	return rmm_tracking(world.rmm, pa) == RMI_TRACKING_FINE &&
	       (rmm_par(world.rmm, pa) == RMI_PAR_PLATFORM ||
		rmm_par(world.rmm, pa) == RMI_PAR_HOST_CREATED);
}

static u64 sum_online(bool covered)
{
	const u64 step = 1 * MB;	/* all RAM here is in whole ones, and regions are larger */
	u64 bytes = 0, pa;

	for (unsigned int i = 0; i < world.nr_ram; i++)
		for (pa = world.ram[i].start; pa < world.ram[i].end; pa += step)
			if (world.ram[i].online && (!covered || has_memory(pa)))
				bytes += step;
	return bytes;
}

u64 oracle_online(void)
{
	return sum_online(false);
}

/* What Realms could really be given of it */
u64 oracle_covered(void)
{
	return rmm_is_active(world.rmm) ? sum_online(true) : 0;
}

static u64 number(const char *file)
{
	const char *text = world_read(file);

	if (!text)
		sweep_wrong("there is no file %s", file);
	return strtoull(text, NULL, 10);
}

static bool is(const char *file, const char *text)
{
	const char *now = world_read(file);

	return now && !strcmp(now, text);
}

/* The reason must have come from somewhere: for each word, the commands that can give rise to it */
static bool fid_fits(const char *word, u32 fid, u64 x0)
{
	static const struct {
		const char *word;
		u32 fids[8];
	} table[] = {
		{ "no-rmm", { RMI_VERSION } },
		{ "revision", { RMI_VERSION } },
		{ "granule-size", { RMI_FEATURES, RMI_RMM_CONFIG_SET, RMI_RMM_CONFIG_GET } },
		{ "not-conventional", { RMI_GRANULE_TRACKING_GET } },
		{ "not-tracked",
		  { RMI_FEATURES, RMI_GRANULE_TRACKING_GET, RMI_GRANULE_TRACKING_SET,
		    RMI_OP_CONTINUE, RMI_OP_MEM_DONATE, RMI_OP_MEM_RECLAIM, RMI_OP_CANCEL } },
	};

	if (!strcmp(word, "no-answer"))
		return RMI_RESULT_STATUS(x0) == RMI_BUSY || RMI_RESULT_STATUS(x0) == RMI_BLOCKED;
	if (!strcmp(word, "blocked"))
		return RMI_RESULT_STATUS(x0) == RMI_BLOCKED;
	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(word, table[i].word))
			continue;
		for (unsigned int k = 0; k < ARRAY_SIZE(table[i].fids); k++)
			if (table[i].fids[k] && table[i].fids[k] == fid)
				return true;
		return false;
	}
	return true;
}

static bool reason_fits(const char *word)
{
	/* those of the README that a scenario here can end with */
	static const char * const words[] = {
		"ok", "no-rmm", "revision", "granule-size", "not-tracked", "not-fine",
		"not-conventional", "no-gpt", "no-memory", "no-answer", "blocked", "unfinished",
		"refused", "bad-answer", "released",
	};
	const struct point *p = played.point;
	bool known = false;

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
		known |= !strcmp(words[i], word);
	if (!known)
		return false;
	if (!strcmp(word, "ok") || !strcmp(word, "released"))
		return true;
	if (!p->nr)
		/* Of a PAR that reads reserved, no page could be tried */
		return p->alloc && (!strcmp(word, "no-memory") || !strcmp(word, "unfinished") ||
				    (!strcmp(word, "no-gpt") &&
				     played.scenario->dialect == RMM_DIALECT_AUTUMN));
	for (unsigned int i = 0; i < p->nr; i++)
		if (p->fault[i].fid && fid_fits(word, p->fault[i].fid, p->fault[i].x0))
			return true;
	/* what the RMM did and denied, it holds on to, and says BLOCKED or BUSY of it later */
	return (!strcmp(word, "no-answer") || !strcmp(word, "blocked")) && !played.honest;
}

/* Whose is each page? The stand-ins look at each one that is freed; here all others */
static void check_pages(void)
{
	u64 out = 0;

	for (unsigned int i = 0; i < world.nr_ram; i++) {
		const struct page *page = pfn_to_page(PHYS_PFN(world.ram[i].start));
		const struct page *end = page + PHYS_PFN(world.ram[i].end - world.ram[i].start);

		for (; page < end; page++) {
			out += page->flags & PAGE_TAKEN;
			if ((page->flags & (PAGE_WITH_RMM | PAGE_TAKEN)) == PAGE_WITH_RMM &&
			    !played.hidden_pages)
				sweep_wrong("page %#llx is the RMM's, and free",
					    page_to_phys(page));
		}
	}
	if (out != world.pages_out)
		sweep_wrong("%llu pages are out, not %llu", out, world.pages_out);
}

static u64 module_has(void)
{
	return (world.pages_out - played.mine) * PAGE_SIZE;
}

/*
 * What the ledger's own list has of a kind; of guards, and of what consumers took, sysfs doesn't
 * tell
 */
static u64 listed(const char *kind)
{
	u64 start, end, sum = 0;
	const char *p;
	char word[16];

	for (p = world_debug("donated"); p && *p; p = strchr(p, '\n') + 1)
		if (sscanf(p, "0x%llx-0x%llx %15s", &start, &end, word) == 3 && !strcmp(word, kind))
			sum += end - start;
	return sum;
}

void oracle_loaded(void)
{
	const u64 held = listed("held"), covered = number("memory_covered"),
		  truth = oracle_covered();
	const u64 counted = number("memory_donated") + number("memory_lost");
	const bool available = is("available", "1");

	if (world.locks_held)
		sweep_wrong("%u locks are held", world.locks_held);
	check_pages();
	if (counted + held != module_has()) {
		if (counted + held < module_has())
			sweep_lost((module_has() - counted - held) / PAGE_SIZE);
		sweep_wrong("%llu bytes are counted and %llu held, %llu are out", counted, held,
			    module_has());
	}
	/* one that guards nothing would be the allocator's */
	if (held && !counted)
		sweep_wrong("%llu bytes are held for nothing", held);
	if (!available && !is("available", "0"))
		sweep_wrong("available is %s", world_read("available"));
	if (available != is("reason", "ok"))
		sweep_wrong("available %d, reason %s", available, world_read("reason"));
	if (!reason_fits(world_read("reason")))
		sweep_wrong("reason %s (%s)", world_read("reason"), world_read("detail"));
	if (available != is("detail", "") && !is("reason", "released"))
		sweep_wrong("available %d, detail %s", available, world_read("detail"));
	if (!played.hidden_cover && !played.believed && covered > truth)
		sweep_wrong("covered %llu, truly %llu", covered, truth);
	if (available && !played.scenario->lazy && covered != oracle_online())
		sweep_wrong("available, but covered %llu of %llu", covered, oracle_online());
	if (available && !played.scenario->lazy && !played.hidden_cover && !played.believed &&
	    truth != oracle_online())
		sweep_wrong("available, but truly covered %llu of %llu", truth, oracle_online());
	if (available && !played.hidden_cover && !rmm_is_active(world.rmm))
		sweep_wrong("available on an RMM that isn't active");
	/* Unless something can't be undone yet, as it isn't finished, or was refused */
	if (played.all_or_nothing && played.honest && !played.undo_refused && oracle_may_load() &&
	    !played.may_lose && (!available || played.refused) && counted != played.lent_before)
		sweep_wrong("it came to nothing, but %llu bytes are lent, not %llu", counted,
			    played.lent_before);
	/* What was in use stays so */
	if (played.refused && !available && !is("reason", "bad-answer"))
		sweep_wrong("a refused hot-add took availability: %s (%s)", world_read("reason"),
			    world_read("detail"));
	if (played.refused && covered < played.kept_online)
		sweep_wrong("a refused hot-add took cover: %llu of %llu", covered,
			    played.kept_online);
}

/* A page of this region goes to a consumer, and must come back, whatever the RMM makes of it */
static void consume(u64 pa)
{
	const u64 from = world.pages_from;
	struct page *page;
	size_t done = 0;
	int rc;

	world.pages_from = pa;
	page = alloc_pages_node(0, GFP_KERNEL, 0);
	world.pages_from = from;
	if (!page)
		return;
	page->flags |= PAGE_FOREIGN;
	pa = page_to_phys(page);
	rc = cca_rmi_delegate_range(pa, PAGE_SIZE);
	if (!rc && !(page->flags & PAGE_WITH_RMM))
		sweep_wrong("%#llx was delegated, and isn't", pa);
	if (!rc && (cca_rmi_undelegate_range(pa, PAGE_SIZE, &done) || done != PAGE_SIZE))
		sweep_wrong("%#llx isn't undelegated", pa);
	if (page->flags & PAGE_WITH_RMM)
		sweep_wrong("%#llx stays delegated (%d)", pa, rc);
	page->flags &= ~PAGE_FOREIGN;
	__free_pages(page, 0);
}

/* Where the RMM only said that there is cover, a delegation fails for nothing */
void oracle_believed(void)
{
	for (unsigned int i = 0; i < world.nr_ram; i++)
		for (u64 pa = world.ram[i].start; pa < world.ram[i].end; pa += 32 * MB)
			if (world.ram[i].online && !has_memory(pa))
				consume(pa);
	if (module_has() != number("memory_donated") + number("memory_lost") + listed("held"))
		sweep_wrong("%llu bytes are out after that", module_has());
}

/* What the log says that remains with the RMM, and before that as guards */
static u64 told(u64 *guards)
{
	static const char tail[] = " KB of memory remain with the RMM until reboot, ";
	const char *at = strstr(world.log, tail);

	*guards = 0;
	if (!at)
		return 0;
	*guards = strtoull(at + sizeof(tail) - 1, NULL, 10) * 1024;
	while (at > world.log && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return strtoull(at, NULL, 10) * 1024;
}

/* The module is unloaded */
void oracle_rest(void)
{
	const u64 rmm_has = world.with_rmm - played.mine_with_rmm * PAGE_SIZE;
	const u64 lost = played.may_lose ? PAGE_SIZE : 0;
	u64 guards, said = told(&guards);

	if (world.locks_held)
		sweep_wrong("%u locks are held", world.locks_held);
	if (world.allocated)
		sweep_wrong("%u blocks of heap remain", world.allocated);
	if (world.files || world.notifiers.nr || world.reboots.nr || world.pms.nr || world.delayed)
		sweep_wrong("files or notifiers remain");
	check_pages();
	if (said + guards < module_has())
		sweep_lost((module_has() - said - guards) / PAGE_SIZE);
	if (said + guards > module_has())
		sweep_wrong("%llu bytes are said to remain, but %llu do", said + guards,
			    module_has());
	if (guards > said)
		sweep_wrong("%llu bytes guard %llu", guards, said);
	if (world.with_rmm != rmm_donated(world.rmm) + rmm_delegated(world.rmm))
		sweep_wrong("the model has lost count");
	/*
	 * With an RMM that told the truth both agree; and it has given everything back if it did
	 * not refuse that
	 */
	if (played.honest && (said < rmm_has || said > rmm_has + lost || (rmm_has && !played.kept)))
		sweep_wrong("%llu bytes are out, %llu with the RMM, which never lied", said,
			    rmm_has);
}

/*
 * A fresh load must find everything in order unless an operation that nobody can end keeps the RMM
 * from it
 */
bool oracle_may_load(void)
{
	return !op_parked(world.rmm) && world.rmm->state != STATE_INTERMEDIATE;
}

void oracle_retried(u64 with_rmm_before)
{
	if (world.with_rmm > with_rmm_before)
		sweep_wrong("the second load left %llu bytes with the RMM, the first %llu",
			    world.with_rmm, with_rmm_before);
}
