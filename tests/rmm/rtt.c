// SPDX-License-Identifier: GPL-2.0-only
/* A Realm's translation tables, the pages that they map, and what is RAM to it */
#include "model.h"

#define LAST_LEVEL	3

#define ENTRY_UNASSIGNED	0
#define ENTRY_ASSIGNED		1
#define ENTRY_TABLE		2

static unsigned int entry_shift(const struct rmm *rmm, unsigned int level)
{
	return rmm->granule_shift + (LAST_LEVEL - level) * (rmm->granule_shift - 3);
}

static struct mapping *table_at(const struct rmm *rmm, struct realm *realm, uint64_t ipa,
				unsigned int level)
{
	uint64_t base = align_down(ipa, entry_shift(rmm, level - 1));
	unsigned int i;

	for (i = 0; i < realm->nr_tables; i++)
		if (realm->table[i].level == level && realm->table[i].ipa == base)
			return &realm->table[i];
	return NULL;
}

static struct mapping *data_at(struct realm *realm, uint64_t ipa)
{
	unsigned int i;

	for (i = 0; i < realm->nr_data; i++)
		if (realm->data[i].ipa == ipa)
			return &realm->data[i];
	return NULL;
}

/* How far down do tables reach? */
static unsigned int walk(const struct rmm *rmm, struct realm *realm, uint64_t ipa)
{
	unsigned int level = realm->level_start;

	while (level < LAST_LEVEL && table_at(rmm, realm, ipa, level + 1))
		level++;
	return level;
}

static uint64_t at_level(uint64_t status, unsigned int level)
{
	return status | (uint64_t)level << RMI_RESULT_LEVEL_SHIFT;
}

static bool is_ipa(const struct realm *realm, uint64_t ipa, unsigned int shift)
{
	return ipa >> realm->ipa_bits == 0 && is_aligned(ipa, shift);
}

/* An end may be that of the IPA space */
static bool is_ipa_range(const struct rmm *rmm, const struct realm *realm, uint64_t base,
			 uint64_t top)
{
	return base < top && top <= UINT64_C(1) << realm->ipa_bits &&
	       is_aligned(base | top, rmm->granule_shift);
}

static bool is_ram(const struct realm *realm, uint64_t ipa)
{
	unsigned int i;

	for (i = 0; i < realm->nr_ram; i++)
		if (ipa >= realm->ram[i].base && ipa < range_top(&realm->ram[i]))
			return true;
	return false;
}

/* Tables --------------------------------------------------------------------------------------- */

static uint64_t check_table(struct rmm *rmm, struct realm *realm, uint64_t ipa, uint64_t level)
{
	if (level <= realm->level_start || level > LAST_LEVEL ||
	    !is_ipa(realm, ipa, entry_shift(rmm, level - 1)))
		return RMI_ERROR_INPUT;
	if (walk(rmm, realm, ipa) < level - 1)
		return at_level(RMI_ERROR_RTT, walk(rmm, realm, ipa));
	return RMI_SUCCESS;
}

static uint64_t check_table_create(struct rmm *rmm, struct realm *realm, const uint64_t in[6])
{
	uint64_t status = check_table(rmm, realm, in[3], in[4]);

	if (!is_delegated(rmm, in[2]))
		return RMI_ERROR_INPUT;
	if (status == RMI_SUCCESS && table_at(rmm, realm, in[3], in[4]))
		return at_level(RMI_ERROR_RTT, in[4] - 1);
	return status == RMI_SUCCESS && realm->nr_tables == MAX_TABLES ? RMI_ERROR_INPUT : status;
}

static bool is_empty(const struct rmm *rmm, struct realm *realm, const struct mapping *table)
{
	uint64_t top = table->ipa + (UINT64_C(1) << entry_shift(rmm, table->level - 1));
	unsigned int i;

	for (i = 0; i < realm->nr_tables; i++)
		if (realm->table[i].level > table->level && realm->table[i].ipa >= table->ipa &&
		    realm->table[i].ipa < top)
			return false;
	for (i = 0; table->level == LAST_LEVEL && i < realm->nr_data; i++)
		if (realm->data[i].ipa >= table->ipa && realm->data[i].ipa < top)
			return false;
	return true;
}

static uint64_t check_table_destroy(struct rmm *rmm, struct realm *realm, const uint64_t in[6])
{
	uint64_t status = check_table(rmm, realm, in[2], in[3]);
	const struct mapping *table;

	if (status != RMI_SUCCESS)
		return status;
	table = table_at(rmm, realm, in[2], in[3]);
	if (!table)
		return at_level(RMI_ERROR_RTT, in[3] - 1);
	return is_empty(rmm, realm, table) ? RMI_SUCCESS : at_level(RMI_ERROR_RTT, in[3]);
}

static void table_destroy(struct rmm *rmm, struct realm *realm, const uint64_t in[6], uint64_t x[3])
{
	struct mapping *table = table_at(rmm, realm, in[2], in[3]);

	if (!table)
		return;
	x[1] = table->pa;
	granule_set(rmm, table->pa, GRANULE_DELEGATED);
	*table = realm->table[--realm->nr_tables];
}

/* RIPAS ---------------------------------------------------------------------------------------- */

/* As far as the table goes that the walk for base ends in; 0: base isn't where an entry begins */
static uint64_t ripas_end(const struct rmm *rmm, struct realm *realm, uint64_t base, uint64_t top)
{
	unsigned int level = walk(rmm, realm, base), shift = entry_shift(rmm, level);
	uint64_t end = level > realm->level_start ?
		       align_down(base, entry_shift(rmm, level - 1)) +
		       (UINT64_C(1) << entry_shift(rmm, level - 1)) :
		       UINT64_C(1) << realm->ipa_bits;

	if (!is_aligned(base, shift) || align_down(top, shift) <= base)
		return 0;
	end = end < top ? end : top;
	return align_down(end, shift);
}

static uint64_t check_ripas(struct rmm *rmm, struct realm *realm, uint64_t base, uint64_t top)
{
	if (!is_ipa_range(rmm, realm, base, top) || realm->nr_ram == MAX_RAM)
		return RMI_ERROR_INPUT;
	if (!ripas_end(rmm, realm, base, top))
		return at_level(RMI_ERROR_RTT, walk(rmm, realm, base));
	return RMI_SUCCESS;
}

static void add_ram(struct realm *realm, uint64_t base, uint64_t top)
{
	struct rmm_range *last = realm->nr_ram ? &realm->ram[realm->nr_ram - 1] : NULL;

	if (last && range_top(last) == base)
		last->size += top - base;
	else
		realm->ram[realm->nr_ram++] = (struct rmm_range){ base, top - base, 0 };
}

static void init_ripas(struct rmm *rmm, struct realm *realm, const uint64_t in[6], uint64_t x[3])
{
	x[1] = ripas_end(rmm, realm, in[2], in[3]);
	add_ram(realm, in[2], x[1]);
	if (has_flag(rmm, RMM_FLAG_RIPAS_MEASURED))
		measure_ripas(realm, in[2], x[1]);
}

static uint64_t check_set_ripas(struct rmm *rmm, struct realm *realm, const uint64_t in[6])
{
	struct realm *other = NULL;
	const struct rec *rec = rec_of(rmm, in[2], &other);

	if (!rec || other != realm)
		return RMI_ERROR_INPUT;
	if (rec->running || !rec->ripas_top || in[3] != rec->ripas_base || in[4] > rec->ripas_top)
		return RMI_ERROR_INPUT;
	return check_ripas(rmm, realm, in[3], in[4]);
}

static void set_ripas(struct rmm *rmm, struct realm *realm, const uint64_t in[6], uint64_t x[3])
{
	struct rec *rec = rec_of(rmm, in[2], &realm);

	x[1] = ripas_end(rmm, realm, in[3], in[4]);
	if (rec->ripas)
		add_ram(realm, in[3], x[1]);
	rec->ripas_base = x[1];
}

/* Pages ---------------------------------------------------------------------------------------- */

static uint64_t check_page(struct rmm *rmm, struct realm *realm, uint64_t ipa)
{
	if (!is_ipa(realm, ipa, rmm->granule_shift) || realm->nr_data == MAX_DATA)
		return RMI_ERROR_INPUT;
	if (walk(rmm, realm, ipa) < LAST_LEVEL)
		return at_level(RMI_ERROR_RTT, walk(rmm, realm, ipa));
	return data_at(realm, ipa) ? at_level(RMI_ERROR_RTT, LAST_LEVEL) : RMI_SUCCESS;
}

static void map(struct rmm *rmm, struct realm *realm, uint64_t ipa, uint64_t pa)
{
	granule_set(rmm, pa, GRANULE_DATA);
	realm->data[realm->nr_data++] = (struct mapping){ ipa, pa, LAST_LEVEL };
}

static uint64_t check_map_init(struct rmm *rmm, struct realm *realm, const uint64_t in[6])
{
	if (!is_delegated(rmm, in[2]) || in[5] > RMI_DATA_MEASURE ||
	    !is_aligned(in[4], rmm->granule_shift) || !granule_is_host(rmm, in[4]))
		return RMI_ERROR_INPUT;
	if (realm->state != REALM_NEW)
		return RMI_ERROR_REALM;
	if (is_ipa(realm, in[3], rmm->granule_shift) && !is_ram(realm, in[3]))
		return at_level(RMI_ERROR_RTT, walk(rmm, realm, in[3]));
	return check_page(rmm, realm, in[3]);
}

static void map_init(struct rmm *rmm, struct realm *realm, const uint64_t in[6])
{
	const uint64_t *page = read_page(rmm, in[4], granule_size(rmm));

	if (rmm->ops.data)
		rmm->ops.data(rmm->ops.ctx, realm->rd, in[3], in[4]);
	map(rmm, realm, in[3], in[2]);
	measure_data(realm, in[3], in[5], (const uint8_t *)page, granule_size(rmm));
}

/* What a descriptor holds, in pages; others than single pages there are none */
static uint64_t page_count(const struct rmm *rmm, uint64_t desc)
{
	return (desc & (granule_size(rmm) - 1)) >> RMI_RANGE_COUNT_SHIFT;
}

static uint64_t check_map(struct rmm *rmm, struct realm *realm, const uint64_t in[6])
{
	uint64_t pa = align_down(in[5], rmm->granule_shift), i;

	if (in[4] != RMI_DATA_MAP_RANGE || RMI_RANGE_BLOCK(in[5]) || !page_count(rmm, in[5]) ||
	    !is_ipa_range(rmm, realm, in[2], in[3]) ||
	    page_count(rmm, in[5]) != (in[3] - in[2]) >> rmm->granule_shift)
		return RMI_ERROR_INPUT;
	for (i = 0; i < page_count(rmm, in[5]); i++)
		if (!is_delegated(rmm, pa + (i << rmm->granule_shift)))
			return RMI_ERROR_INPUT;
	return check_page(rmm, realm, in[2]);
}

/* As far as it goes */
static void map_range(struct rmm *rmm, struct realm *realm, const uint64_t in[6], uint64_t x[3])
{
	uint64_t pa = align_down(in[5], rmm->granule_shift);

	for (x[1] = in[2]; x[1] < in[3] && check_page(rmm, realm, x[1]) == RMI_SUCCESS;
	     x[1] += granule_size(rmm), pa += granule_size(rmm))
		map(rmm, realm, x[1], pa);
}

static uint64_t check_unmap(struct rmm *rmm, struct realm *realm, const uint64_t in[6])
{
	if (!is_ipa_range(rmm, realm, in[2], in[3]) || in[4] || in[5])
		return RMI_ERROR_INPUT;
	if (walk(rmm, realm, in[2]) < LAST_LEVEL)
		return at_level(RMI_ERROR_RTT, walk(rmm, realm, in[2]));
	return RMI_SUCCESS;
}

/* Pages that lie next to each other, or the hole before the next one */
static void unmap_range(struct rmm *rmm, struct realm *realm, const uint64_t in[6], uint64_t x[3])
{
	const struct mapping *first = data_at(realm, in[2]);
	uint64_t pa = first ? first->pa : 0, nr = 0;
	struct mapping *page;

	for (x[1] = in[2]; x[1] < in[3]; x[1] += granule_size(rmm)) {
		page = data_at(realm, x[1]);
		if (!page != !first)
			break;
		if (!page)
			continue;
		if (page->pa != pa + (nr << rmm->granule_shift))
			break;
		granule_set(rmm, page->pa, GRANULE_DELEGATED);
		*page = realm->data[--realm->nr_data];
		nr++;
	}
	x[2] = pa | nr << RMI_RANGE_COUNT_SHIFT;
}

/* The whole ------------------------------------------------------------------------------------ */

static uint64_t check_init_ripas(struct rmm *rmm, struct realm *realm, const uint64_t in[6])
{
	if (realm->state != REALM_NEW)
		return RMI_ERROR_REALM;
	return check_ripas(rmm, realm, in[2], in[3]);
}

uint64_t check_rtt(struct rmm *rmm, const uint64_t in[6])
{
	struct realm *realm = realm_of(rmm, in[1]);

	if (!realm)
		return RMI_ERROR_INPUT;
	switch ((uint32_t)in[0]) {
	case RMI_RTT_CREATE:
		return check_table_create(rmm, realm, in);
	case RMI_RTT_DESTROY:
		return check_table_destroy(rmm, realm, in);
	case RMI_RTT_INIT_RIPAS:
		return check_init_ripas(rmm, realm, in);
	case RMI_RTT_SET_RIPAS:
		return check_set_ripas(rmm, realm, in);
	case RMI_RTT_DATA_MAP_INIT:
		return check_map_init(rmm, realm, in);
	case RMI_RTT_DATA_MAP:
		return check_map(rmm, realm, in);
	case RMI_RTT_DATA_UNMAP:
		return check_unmap(rmm, realm, in);
	default:
		return in[3] <= LAST_LEVEL && is_ipa(realm, in[2], rmm->granule_shift) ?
		       RMI_SUCCESS : RMI_ERROR_INPUT;
	}
}

/* The level that the walk ends at, and what is there */
static void read_entry(struct rmm *rmm, struct realm *realm, const uint64_t in[6], uint64_t x[3])
{
	unsigned int level = walk(rmm, realm, in[2]);

	if (level > in[3]) {
		x[1] = in[3];
		x[2] = ENTRY_TABLE;
		return;
	}
	x[1] = level;
	x[2] = data_at(realm, in[2]) ? ENTRY_ASSIGNED : ENTRY_UNASSIGNED;
}

void do_rtt(struct rmm *rmm, const uint64_t in[6], uint64_t x[3])
{
	struct realm *realm = realm_of(rmm, in[1]);

	switch ((uint32_t)in[0]) {
	case RMI_RTT_CREATE:
		granule_set(rmm, in[2], GRANULE_RTT);
		realm->table[realm->nr_tables++] = (struct mapping){ in[3], in[2], in[4] };
		break;
	case RMI_RTT_DESTROY:
		table_destroy(rmm, realm, in, x);
		break;
	case RMI_RTT_INIT_RIPAS:
		init_ripas(rmm, realm, in, x);
		break;
	case RMI_RTT_SET_RIPAS:
		set_ripas(rmm, realm, in, x);
		break;
	case RMI_RTT_DATA_MAP_INIT:
		map_init(rmm, realm, in);
		break;
	case RMI_RTT_DATA_MAP:
		map_range(rmm, realm, in, x);
		break;
	case RMI_RTT_DATA_UNMAP:
		unmap_range(rmm, realm, in, x);
		break;
	default:
		read_entry(rmm, realm, in, x);
	}
}
