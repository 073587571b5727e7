/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels that the module builds for. */
#ifndef COMPAT_H
#define COMPAT_H

#include <linux/gfp.h>

/* Newer kernels say in their own flags what older ones said by a migrate type */
#ifdef ACR_FLAGS_NONE
#define compat_alloc_contig_range(start, end, gfp) \
	alloc_contig_range(start, end, ACR_FLAGS_NONE, gfp)
#else
#define compat_alloc_contig_range(start, end, gfp) \
	alloc_contig_range(start, end, MIGRATE_MOVABLE, gfp)
#endif

#endif
