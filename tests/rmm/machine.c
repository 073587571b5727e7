// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine that the model runs over: is its description sound, and where is the state of its
 * parts kept?
 */
#include "model.h"

static const uint8_t pa_bits[] = { 32, 36, 40, 42, 44, 48, 52 };

unsigned int granule_shift_of(unsigned int code)
{
	return 12 + 2 * code;
}

/* Of tracking region size code 0; code 1 there is only with granules of 4 KB, and is 2 MB then */
static unsigned int region_shift_of(unsigned int code, unsigned int region_code)
{
	if (region_code)
		return 21;
	switch (code) {
	case RMI_GRANULE_SIZE_16K:
		return 25;
	case RMI_GRANULE_SIZE_64K:
		return 29;
	default:
		return 30;
	}
}

static unsigned int smallest_granule(const struct rmm_machine *m)
{
	unsigned int code = 0;

	while (!(m->granules & RMI_FEATURE1_GRANULE(code)))
		code++;
	return code;
}

/*
 * The most metadata that one tracking region may have, in whole granules. In the dialect autumn
 * that is twice what conventional memory needs, as device memory beside it wants as much.
 */
static uint32_t region_pages(const struct rmm_machine *m, unsigned int code,
			     unsigned int region_code)
{
	bool autumn = m->dialect == RMM_DIALECT_AUTUMN;
	unsigned int shift = granule_shift_of(code);
	uint64_t bytes = UINT64_C(1) << (region_shift_of(code, region_code) - shift);

	bytes *= autumn ? AUTUMN_METADATA_PER_GRANULE : METADATA_PER_GRANULE;
	return (bytes + (UINT64_C(1) << shift) - 1) >> shift << autumn;
}

static bool list_overlaps(const struct rmm_list *list)
{
	uint64_t i, k;

	for (i = 0; i < list->nr; i++)
		for (k = 0; k < i; k++)
			if (list->at[i].base < range_top(&list->at[k]) &&
			    list->at[k].base < range_top(&list->at[i]))
				return true;
	return false;
}

static bool list_sound(const struct rmm_list *list, uint64_t pa_top, unsigned int shift)
{
	uint64_t i;

	if (list->nr > RMM_MAX_RANGES)
		return false;
	for (i = 0; i < list->nr; i++) {
		const struct rmm_range *r = &list->at[i];

		if (!r->size || r->base >= pa_top || r->size > pa_top - r->base)
			return false;
		if (!is_aligned(r->base, shift) || !is_aligned(r->size, shift))
			return false;
	}
	return !list_overlaps(list);
}

/* The first range of the list that shares an address with [base, top) */
const struct rmm_range *list_find(const struct rmm_list *list, uint64_t base, uint64_t top)
{
	uint64_t i;

	for (i = 0; i < list->nr; i++)
		if (list->at[i].base < top && base < range_top(&list->at[i]))
			return &list->at[i];
	return NULL;
}

static bool tracking_sound(uint64_t category, uint64_t state)
{
	if (category > RMI_MEM_CATEGORY_NONE || state > RMI_TRACKING_INTERMEDIATE)
		return false;
	return category != RMI_MEM_CATEGORY_NONE ||
	       (state != RMI_TRACKING_FINE && state != RMI_TRACKING_COARSE);
}

static bool values_sound(const struct rmm_machine *m)
{
	uint64_t i;

	for (i = 0; i < m->memory.nr; i++)
		if (m->memory.at[i].value > RMI_MEM_CATEGORY_DEV_COH)
			return false;
	for (i = 0; i < m->tracking.nr; i++)
		if (!tracking_sound(m->tracking.at[i].value >> 8, m->tracking.at[i].value & 0xff))
			return false;
	for (i = 0; i < m->pars.nr; i++) {
		const struct rmm_range *r = &m->pars.at[i];

		if (r->value > RMI_PAR_HOST_CREATED)
			return false;
		/* A block has one owner throughout: it can't hold what is the platform's */
		if (r->value == RMI_PAR_HOST_NOT_CREATED &&
		    list_find(&m->reserved, r->base, range_top(r)))
			return false;
	}
	return true;
}

/* Reserved memory is part of the memory */
static bool reserved_sound(const struct rmm_machine *m)
{
	uint64_t i;

	for (i = 0; i < m->reserved.nr; i++) {
		uint64_t pos = m->reserved.at[i].base, top = range_top(&m->reserved.at[i]);

		while (pos < top) {
			const struct rmm_range *bank = list_find(&m->memory, pos, pos + 1);

			if (!bank)
				return false;
			pos = range_top(bank);
		}
	}
	return true;
}

static bool faults_sound(const struct rmm_machine *m)
{
	uint64_t i;

	if (m->nr_faults > RMM_MAX_FAULTS)
		return false;
	for (i = 0; i < m->nr_faults; i++)
		if (m->fault[i].set > 0xf)
			return false;
	return true;
}

static bool scalars_sound(const struct rmm_machine *m)
{
	if (m->magic != RMM_MACHINE_MAGIC || m->dialect > RMM_DIALECT_AUTUMN ||
	    m->flags & ~(uint64_t)RMM_FLAGS)
		return false;
	if (m->update_low > m->update_high || m->update_high >> 31)
		return false;
	if (!m->revision_low || m->revision_low > m->revision_high || m->revision_high >> 31)
		return false;
	if (!m->granules || m->granules > 7 || m->pps >= sizeof(pa_bits))
		return false;
	if (m->flags & RMM_FLAG_BORN_ACTIVE &&
	    (m->active_granule > RMI_GRANULE_SIZE_64K ||
	     !(m->granules & RMI_FEATURE1_GRANULE(m->active_granule))))
		return false;
	if (m->dialect == RMM_DIALECT_AUTUMN &&
	    m->granules != RMI_FEATURE1_GRANULE(RMI_GRANULE_SIZE_4K))
		return false;
	if (m->active_region > (m->dialect == RMM_DIALECT_AUTUMN))
		return false;
	if (m->hashes > 7 || m->recs_order > 16 || m->ipa_bits > 52)
		return false;
	if (m->hostile_rate > RMM_HOSTILE_ALWAYS)
		return false;
	return m->l0gptsz == 0 || m->l0gptsz == 4 || m->l0gptsz == 6 || m->l0gptsz == 9;
}

/* The RMM of autumn 2026 has room for so many banks of conventional memory, and of device memory */
#define AUTUMN_BANKS	64

static bool banks_sound(const struct rmm_machine *m)
{
	uint64_t i, conventional = 0;

	for (i = 0; i < m->memory.nr; i++)
		conventional += m->memory.at[i].value == RMI_MEM_CATEGORY_CONVENTIONAL;
	return m->dialect != RMM_DIALECT_AUTUMN ||
	       (conventional <= AUTUMN_BANKS && m->memory.nr - conventional <= AUTUMN_BANKS);
}

static bool machine_sound(const struct rmm_machine *m)
{
	unsigned int shift, par_shift;
	uint64_t top;

	if (!scalars_sound(m))
		return false;
	shift = granule_shift_of(smallest_granule(m));
	par_shift = RMI_L0GPTSZ_BASE_SHIFT + m->l0gptsz;
	top = UINT64_C(1) << pa_bits[m->pps];
	return list_sound(&m->memory, top, shift) && banks_sound(m) &&
	       list_sound(&m->reserved, top, shift) &&
	       list_sound(&m->blocked, top, shift) &&
	       list_sound(&m->tracking, top, shift) && list_sound(&m->pars, top, par_shift) &&
	       values_sound(m) && reserved_sound(m) && faults_sound(m);
}

/*
 * Units that the ranges touch, those that two ranges share counted twice: what room must be left
 * for
 */
static uint64_t units(const struct rmm_list *list, unsigned int shift)
{
	uint64_t i, nr = 0;

	for (i = 0; i < list->nr; i++)
		nr += ((range_top(&list->at[i]) - 1) >> shift) - (list->at[i].base >> shift) + 1;
	return nr;
}

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

static uint64_t pars_bytes(const struct rmm_machine *m)
{
	unsigned int shift = RMI_L0GPTSZ_BASE_SHIFT + m->l0gptsz;
	uint64_t nr = units(&m->memory, shift), i;

	for (i = 0; i < m->pars.nr; i++)
		if (m->pars.at[i].value >= RMI_PAR_HOST_NOT_CREATED)
			nr += m->pars.at[i].size >> shift;
	return round_up(nr * sizeof(struct par));
}

static uint64_t regions_bytes(const struct rmm_machine *m, unsigned int code, unsigned int region)
{
	return round_up(units(&m->memory, region_shift_of(code, region)) * sizeof(struct region));
}

static uint64_t metadata_bytes(const struct rmm_machine *m, unsigned int code, unsigned int region)
{
	return round_up(units(&m->memory, region_shift_of(code, region)) *
			region_pages(m, code, region) * sizeof(uint64_t));
}

size_t rmm_size(const struct rmm_machine *m)
{
	uint64_t most = 0, bytes;
	unsigned int code, region;

	if (!m || !machine_sound(m))
		return 0;
	for (code = 0; code <= RMI_GRANULE_SIZE_64K; code++) {
		if (!(m->granules & RMI_FEATURE1_GRANULE(code)))
			continue;
		for (region = 0; region < (m->dialect == RMM_DIALECT_AUTUMN ? 2 : 1); region++) {
			bytes = regions_bytes(m, code, region) + metadata_bytes(m, code, region) +
				round_up(units(&m->memory, granule_shift_of(code)));
			if (bytes > most)
				most = bytes;
		}
	}
	return round_up(sizeof(struct rmm)) + pars_bytes(m) + most;
}

/* Add units [first, end), in order, and one with what it touches */
static void span_add(struct spans *spans, uint64_t first, uint64_t end)
{
	uint64_t i = 0, k;

	while (i < spans->nr) {
		struct span *s = &spans->at[i];

		if (end < s->first || first > s->first + s->nr) {
			i++;
			continue;
		}
		if (s->first < first)
			first = s->first;
		if (s->first + s->nr > end)
			end = s->first + s->nr;
		for (spans->nr--, k = i; k < spans->nr; k++)
			spans->at[k] = spans->at[k + 1];
	}
	for (i = spans->nr++; i > 0 && spans->at[i - 1].first > first; i--)
		spans->at[i] = spans->at[i - 1];
	spans->at[i].first = first;
	spans->at[i].nr = end - first;
}

static void span_number(struct spans *spans)
{
	uint64_t i, index = 0;

	for (i = 0; i < spans->nr; i++) {
		spans->at[i].index = index;
		index += spans->at[i].nr;
	}
}

static void span_list(struct spans *spans, const struct rmm_list *list, unsigned int shift,
		      uint64_t least)
{
	uint64_t i;

	for (i = 0; i < list->nr; i++)
		if (list->at[i].value >= least)
			span_add(spans, list->at[i].base >> shift,
				 ((range_top(&list->at[i]) - 1) >> shift) + 1);
	span_number(spans);
}

/* The place of a unit in its array, or NOWHERE */
uint64_t span_find(const struct spans *spans, uint64_t unit)
{
	uint64_t i;

	for (i = 0; i < spans->nr; i++)
		if (unit >= spans->at[i].first && unit - spans->at[i].first < spans->at[i].nr)
			return spans->at[i].index + unit - spans->at[i].first;
	return NOWHERE;
}

/*
 * Lay the arrays out for a size of granules and of regions. All that they hold must be zero:
 * nothing lent, delegated or changed.
 */
void layout(struct rmm *rmm, unsigned int code, unsigned int region)
{
	const struct rmm_machine *m = rmm->machine;
	uint8_t *at = (uint8_t *)rmm->pars + pars_bytes(m);

	rmm->granule_code = code;
	rmm->granule_shift = granule_shift_of(code);
	rmm->region_code = region;
	rmm->region_shift = region_shift_of(code, region);
	rmm->region_pages = region_pages(m, code, region);
	rmm->granule_spans.nr = 0;
	rmm->region_spans.nr = 0;
	span_list(&rmm->granule_spans, &m->memory, rmm->granule_shift, 0);
	span_list(&rmm->region_spans, &m->memory, rmm->region_shift, 0);
	rmm->regions = (struct region *)at;
	at += regions_bytes(m, code, region);
	rmm->metadata = (uint64_t *)at;
	rmm->granules = at + metadata_bytes(m, code, region);
}

struct rmm *rmm_init(void *memory, const struct rmm_machine *m, const struct rmm_ops *ops)
{
	struct rmm *rmm = memory;

	if (!memory || !ops || !ops->read || !ops->write || !rmm_size(m))
		return NULL;
	rmm->machine = m;
	rmm->ops = *ops;
	rmm->pa_top = UINT64_C(1) << pa_bits[m->pps];
	rmm->par_shift = RMI_L0GPTSZ_BASE_SHIFT + m->l0gptsz;
	rmm->pars = (struct par *)((uint8_t *)memory + round_up(sizeof(*rmm)));
	span_list(&rmm->par_spans, &m->memory, rmm->par_shift, 0);
	span_list(&rmm->par_spans, &m->pars, rmm->par_shift, RMI_PAR_HOST_NOT_CREATED);
	if (m->flags & RMM_FLAG_BORN_ACTIVE) {
		layout(rmm, m->active_granule, m->active_region);
		rmm->state = STATE_ACTIVE;
	} else {
		layout(rmm, smallest_granule(m), 0);
	}
	hostile_init(rmm);
	return rmm;
}

/*
 * The first address above pos at which a range of the list begins or ends, in whole units;
 * UINT64_MAX: none
 */
uint64_t list_edge(const struct rmm_list *list, uint64_t pos, unsigned int shift)
{
	uint64_t i, next = UINT64_MAX;

	for (i = 0; i < list->nr; i++) {
		uint64_t base = align_down(list->at[i].base, shift);
		uint64_t top = (((range_top(&list->at[i]) - 1) >> shift) + 1) << shift;

		if (base > pos && base < next)
			next = base;
		if (top > pos && top < next)
			next = top;
	}
	return next;
}

/* The category of memory that fills [base, top), KIND_NONE where there is none, else KIND_MIXED */
unsigned int memory_kind(const struct rmm *rmm, uint64_t base, uint64_t top)
{
	const struct rmm_machine *m = rmm->machine;
	const struct rmm_range *bank = list_find(&m->memory, base, top);
	uint64_t pos = base, category;

	if (!bank)
		return KIND_NONE;
	category = bank->value;
	while (pos < top) {
		bank = list_find(&m->memory, pos, pos + 1);
		if (!bank || bank->value != category)
			return KIND_MIXED;
		pos = range_top(bank);
	}
	return list_find(&m->reserved, base, top) ? KIND_MIXED : category;
}
