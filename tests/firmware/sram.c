// SPDX-License-Identifier: GPL-2.0-only
/* The SRAM that is left by stacks and .bss, from its top on; what is taken is never given back. */
#include "el3.h"

static size_t taken;		/* cold boot, or the RMM's lock */

size_t sram_left(void)
{
	return __sram_end - __free - taken;
}

void *sram_alloc(size_t size, size_t align)
{
	uintptr_t top = (uintptr_t)__sram_end - taken;

	if (size > sram_left())
		return NULL;
	top = (top - size) & ~(align - 1);
	if (top < (uintptr_t)__free)
		return NULL;
	taken = (uintptr_t)__sram_end - top;
	return (void *)top;
}
