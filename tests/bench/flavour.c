// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "flavour.h"
#include "rmi_abi.h"

const struct flavour flavours[NR_FLAVOURS] = {
	[STATIC_OLD] = { "static-old", .old = true },
	[STATIC_PAR] = { "static-par" },
	[STATIC_LONG] = { "static-long", .runs = true },
	[DYNAMIC] = { "dynamic", .pays = true },
	[DYNAMIC_LONG] = { "dynamic-long", .pays = true, .runs = true },
};

static void describe(struct rmm_list *to, const struct map_list *from, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < from->nr && to->nr < RMM_MAX_RANGES; i++)
		to->at[to->nr++] = (struct rmm_range){ from->at[i].start,
						       from->at[i].end - from->at[i].start, value };
}

/* As feature register 1 has it */
static uint64_t pps_code(unsigned int bits)
{
	static const unsigned int codes[] = { 32, 36, 40, 42, 44, 48, 52 };
	uint64_t i = 0;

	while (codes[i] < bits)
		i++;
	return i;
}

static uint64_t l0gptsz_code(uint64_t par_size)
{
	uint64_t code = 0;

	while (GB << code < par_size)
		code++;
	return code;
}

void flavour_machine(const struct flavour *f, const struct map *map, struct rmm_machine *machine)
{
	*machine = (struct rmm_machine){
		.magic = RMM_MACHINE_MAGIC,
		.dialect = f->old ? RMM_DIALECT_PUBLIC : RMM_DIALECT_BETA3,
		.flags = (f->runs ? RMM_FLAG_LONG_ANSWERS : 0) |
			 (f->pays ? RMM_FLAG_HOST_PAYS | RMM_FLAG_HOST_TABLES : 0),
		.revision_low = RMI_REVISION(2, 0),
		.revision_high = RMI_REVISION(2, 0),
		.granules = RMI_FEATURE1_GRANULE(RMI_GRANULE_SIZE_4K),
		.pps = pps_code(map->pa_bits),
		.l0gptsz = l0gptsz_code(map->par_size),
	};
	describe(&machine->memory, &map->banks, RMI_MEM_CATEGORY_CONVENTIONAL);
	describe(&machine->memory, &map->devices, RMI_MEM_CATEGORY_DEV_NCOH);
	describe(&machine->reserved, &map->reserved, 0);
}
