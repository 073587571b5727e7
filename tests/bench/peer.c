// SPDX-License-Identifier: GPL-2.0-only
/*
 * Written from this description: for each memory range, RMI_GRANULE_TRACKING_GET from its base to
 * its end until the answers have reached that; then (v14) one RMI_GPT_L1_CREATE for each step of
 * L0GPTSZ from the range's base, rounded down, to its end, rounded up, where an error that says
 * that there is a table already is none; or (later versions) RMI_GPT_INFO from where the last
 * answer ended, in place of that.
 */
#include "peer.h"

static bool walk_tracking(struct host *host, struct map_range range, bool *misled)
{
	uint64_t at, next;

	for (at = range.start; at < range.end; at = next) {
		if (host_call(host, RMI_GRANULE_TRACKING_GET, at, range.end, 0) != RMI_SUCCESS ||
		    host->x[1] != RMI_MEM_CATEGORY_CONVENTIONAL || host->x[2] != RMI_TRACKING_FINE)
			return false;
		next = host->x[3];
		if (next <= at || next > range.end)
			return false;
		*misled |= host->machine.dialect != RMM_DIALECT_BETA3 &&
			   next > map_down(at, MAP_REGION) + MAP_REGION;
	}
	return true;
}

/* Beta 3 says ERROR_GLOBAL where the table is the platform's: as ERROR_GPT before, it is good */
bool peer_v14(struct host *host, struct map_range range, uint64_t par_size, bool *misled)
{
	uint64_t at = map_down(range.start, par_size);
	unsigned int status;

	if (!walk_tracking(host, range, misled))
		return false;
	for (; at < map_up(range.end, par_size); at += par_size) {
		status = host_call(host, RMI_GPT_L1_CREATE, at, 0, 0);
		if (status != RMI_SUCCESS && status != RMI_ERROR_GPT &&
		    !(status == RMI_ERROR_GLOBAL && rmm_par(host->rmm, at) == RMI_PAR_PLATFORM))
			return false;
	}
	return true;
}

bool peer_newest(struct host *host, struct map_range range, uint64_t par_size, bool *misled)
{
	uint64_t at = map_down(range.start, par_size), end = map_up(range.end, par_size), next;

	if (!walk_tracking(host, range, misled))
		return false;
	for (; at < end; at = next) {
		if (host_call(host, RMI_GPT_INFO, at, end, 0) != RMI_SUCCESS ||
		    (host->x[2] != RMI_PAR_PLATFORM && host->x[2] != RMI_PAR_HOST_CREATED))
			return false;
		next = host->x[1];
		if (next <= at || next > end)
			return false;
	}
	return true;
}
