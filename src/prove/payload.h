/* SPDX-License-Identifier: GPL-2.0-only */
/* What the Realm and its host agree on; for C and assembly alike. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

/* In the Realm's page for calls, behind the host call structure of 256 bytes */
#define PAYLOAD_CHALLENGE	0x100
#define PAYLOAD_PAGE_BYTES	0x108
#define PAYLOAD_NR_PROBES	0x110
#define PAYLOAD_LOOP_TICKS	0x118	/* of the counter */

/* The immediate of a host call: which of these it is */
#define PAYLOAD_SELF		1
#define PAYLOAD_PROBED		2
#define PAYLOAD_LOOPED		3
#define PAYLOAD_INDEX		4

/* Which register of a host call tells what. Of PAYLOAD_SELF: */
#define PAYLOAD_VERSION_RC	0
#define PAYLOAD_VERSION_LOW	1
#define PAYLOAD_VERSION_HIGH	2
#define PAYLOAD_CONFIG_RC	3
#define PAYLOAD_IPA_WIDTH	4
#define PAYLOAD_MEASURE_RC	5
#define PAYLOAD_COMPUTED	6
#define PAYLOAD_MEASUREMENT	8	/* eight of them */
/* of PAYLOAD_PROBED: how many pages kept what was written; of PAYLOAD_INDEX: the REC's index */
#define PAYLOAD_NUMBER		0

/* What it computes of the challenge: so often, times this and plus the round's number */
#define PAYLOAD_ROUNDS		1000
#define PAYLOAD_FACTOR		0x2d7f4c95

#endif
