/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wire: numbers and bit fields of the Realm Management Interface 2.0 (Arm DEN0137, beta 1 to
 * beta 3).
 *
 * Constants only, so that the module, the EL3 firmware of the tests and user space can share them.
 * Where the betas differ, the name says which one is meant.
 */
#ifndef RMI_ABI_H
#define RMI_ABI_H

/* SMCCC: fast call, SMC64, standard service */
#define RMI_FID(number)				(0xC4000000U | (number))

#define RMI_VERSION				RMI_FID(0x0150)
#define RMI_RTT_DATA_MAP_INIT			RMI_FID(0x0153)
#define RMI_REALM_ACTIVATE			RMI_FID(0x0157)
#define RMI_REALM_CREATE			RMI_FID(0x0158)
#define RMI_REALM_DESTROY			RMI_FID(0x0159)
#define RMI_REC_CREATE				RMI_FID(0x015A)
#define RMI_REC_DESTROY				RMI_FID(0x015B)
#define RMI_REC_ENTER				RMI_FID(0x015C)
#define RMI_RTT_CREATE				RMI_FID(0x015D)
#define RMI_RTT_DESTROY				RMI_FID(0x015E)
#define RMI_RTT_READ_ENTRY			RMI_FID(0x0161)
#define RMI_PSCI_COMPLETE			RMI_FID(0x0164)
#define RMI_FEATURES				RMI_FID(0x0165)
#define RMI_RTT_INIT_RIPAS			RMI_FID(0x0168)
#define RMI_RTT_SET_RIPAS			RMI_FID(0x0169)
#define RMI_RMM_CONFIG_SET			RMI_FID(0x016E)
#define RMI_GRANULE_TRACKING_GET		RMI_FID(0x01E1)
#define RMI_GRANULE_TRACKING_SET		RMI_FID(0x01E3)
#define RMI_RMM_CONFIG_GET			RMI_FID(0x01EC)
#define RMI_RMM_STATE_GET			RMI_FID(0x01EE)	/* beta 3 */
#define RMI_GRANULE_RANGE_DELEGATE		RMI_FID(0x01F1)
#define RMI_GRANULE_RANGE_UNDELEGATE		RMI_FID(0x01F2)
#define RMI_GPT_L1_CREATE			RMI_FID(0x01F3)
#define RMI_GPT_L1_DESTROY			RMI_FID(0x01F4)
#define RMI_RTT_DATA_MAP			RMI_FID(0x01F5)
#define RMI_RTT_DATA_UNMAP			RMI_FID(0x01F6)
#define RMI_REALM_TERMINATE			RMI_FID(0x0201)
#define RMI_RMM_ACTIVATE			RMI_FID(0x0202)
#define RMI_OP_CONTINUE				RMI_FID(0x0203)
#define RMI_OP_MEM_DONATE			RMI_FID(0x0208)
#define RMI_OP_MEM_RECLAIM			RMI_FID(0x0209)
#define RMI_OP_CANCEL				RMI_FID(0x020A)
#define RMI_RMM_DEACTIVATE			RMI_FID(0x020F)	/* beta 3 */
#define RMI_GPT_INFO				RMI_FID(0x0211)	/* beta 3 */

/* RmiResult, X0 of every answer */
#define RMI_RESULT_STATUS(x0)			((x0) & 0xff)
#define RMI_RESULT_MEM_REQ(x0)			(((x0) >> 8) & 3)	/* of INCOMPLETE */
#define RMI_RESULT_CAN_CANCEL(x0)		(((x0) >> 10) & 1)	/* of INCOMPLETE */
#define RMI_RESULT_CAN_CANCEL_SHIFT		10
#define RMI_RESULT_MEM_REQ_SHIFT		8

/* The public RMM of autumn 2026: the level and the page's number that an error is about, else 0 */
#define RMI_RESULT_LEVEL_SHIFT			8
#define RMI_RESULT_LEVEL(x0)			(((x0) >> 8) & 0xff)
#define RMI_RESULT_PA(x0)			((((x0) >> 16) & 0xffffffffff) << 12)
#define RMI_RESULT_WITH_PA(pa)			((pa) >> 12 << 16)

#define RMI_SUCCESS				0
#define RMI_ERROR_INPUT				1
#define RMI_ERROR_REALM				2
#define RMI_ERROR_REC				3
#define RMI_ERROR_RTT				4
#define RMI_ERROR_NOT_SUPPORTED			5
#define RMI_ERROR_DEVICE			6
#define RMI_ERROR_RTT_AUX			7
#define RMI_ERROR_PSMMU_ST			8
#define RMI_ERROR_DPT				9
#define RMI_BUSY				10
#define RMI_ERROR_GLOBAL			11
#define RMI_ERROR_TRACKING			12
#define RMI_INCOMPLETE				13
#define RMI_BLOCKED				14
#define RMI_ERROR_GPT				15
#define RMI_ERROR_GRANULE			16

#define RMI_MEM_REQ_NONE			0
#define RMI_MEM_REQ_DONATE			1
#define RMI_MEM_REQ_RECLAIM			2

/* Revision word */
#define RMI_REVISION(major, minor)		((major) << 16 | (minor))
#define RMI_REVISION_MAJOR(word)		(((word) >> 16) & 0x7fff)
#define RMI_REVISION_MINOR(word)		((word) & 0xffff)
#define RMI_REVISION_WANTED			RMI_REVISION(2, 0)

/* Feature register 0 */
#define RMI_FEATURE0_S2SZ(reg)			((reg) & 0xff)
/* beta 3: whole L0 GPT blocks can be delegated */
#define RMI_FEATURE0_L0_DELEGATE_SHIFT		32

/*
 * Feature register 1. A set bit 0, 1, 2 offers a granule size, by the same code as in the
 * configuration page.
 */
#define RMI_FEATURE1_GRANULE(code)		(1U << (code))
#define RMI_FEATURE1_HASHES(reg)		(((reg) >> 3) & 7)	/* SHA-256, 384, 512 */
#define RMI_FEATURE1_MAX_RECS_ORDER(reg)	(((reg) >> 6) & 0xf)
#define RMI_FEATURE1_L0GPTSZ(reg)		(((reg) >> 10) & 0xf)
#define RMI_FEATURE1_L0GPTSZ_SHIFT		10
#define RMI_FEATURE1_PPS(reg)			(((reg) >> 14) & 7)
#define RMI_FEATURE1_PPS_SHIFT			14

/* an L0 GPT entry describes 1 << (30 + field) bytes */
#define RMI_L0GPTSZ_BASE_SHIFT			30

/* Configuration page: byte offsets of its two 64-bit words, and the codes in the second */
#define RMI_CONFIG_TRACKING_REGION		0
#define RMI_CONFIG_GRANULE_SIZE			8
#define RMI_CONFIG_SIZE				4096

#define RMI_GRANULE_SIZE_4K			0
#define RMI_GRANULE_SIZE_16K			1
#define RMI_GRANULE_SIZE_64K			2

/* RMI_RMM_STATE_GET, X1 bits 7:0; INIT also while activation is under way */
#define RMI_RMM_STATE(x1)			((x1) & 0xff)
#define RMI_RMM_INIT				0
#define RMI_RMM_ACTIVE				1

/* Granule tracking */
#define RMI_MEM_CATEGORY_CONVENTIONAL		0
#define RMI_MEM_CATEGORY_DEV_NCOH		1
#define RMI_MEM_CATEGORY_DEV_COH		2
#define RMI_MEM_CATEGORY_NONE			3	/* beta 3 */

#define RMI_TRACKING_RESERVED			0
#define RMI_TRACKING_NONE			1
#define RMI_TRACKING_FINE			2
#define RMI_TRACKING_COARSE			3
#define RMI_TRACKING_INTERMEDIATE		4	/* beta 3 */

/* What RMI_GPT_INFO says of a PAR, the memory that one L0 GPT entry describes */
#define RMI_PAR_RESERVED			0
#define RMI_PAR_PLATFORM			1
#define RMI_PAR_HOST_NOT_CREATED		2
#define RMI_PAR_HOST_CREATED			3

/* RMI_OP_CONTINUE flags */
#define RMI_OP_CONTINUE_GO			0
#define RMI_OP_CONTINUE_STOP			1

/* donate_req. Block size codes count translation-table levels up from a page. */
#define RMI_BLOCK_PAGE				0
#define RMI_BLOCK_L2				1
#define RMI_BLOCK_L1				2
#define RMI_BLOCK_L0				3
#define RMI_DONATE_BLOCK(req)			((req) & 3)
#define RMI_DONATE_COUNT(req)			(((req) >> 2) & 0x3fff)
#define RMI_DONATE_COUNT_SHIFT			2
#define RMI_DONATE_CONTIG(req)			(((req) >> 16) & 1)
#define RMI_DONATE_CONTIG_SHIFT			16
#define RMI_DONATE_STATE_BETA1(req)		(((req) >> 17) & 1)
#define RMI_DONATE_STATE_BETA3(req)		(((req) >> 17) & 3)
#define RMI_DONATE_STATE_SHIFT			17

/* State of a page that changes hands */
#define RMI_MEM_DELEGATED			0
#define RMI_MEM_UNDELEGATED			1
/* beta 3: as the page's own region demands */
#define RMI_MEM_CONDITIONAL			2

/*
 * Address range descriptor. The address stands in place; below it the count, 10, 12 or 14 bits by
 * granule size.
 */
#define RMI_RANGE_BLOCK(desc)			((desc) & 3)
#define RMI_RANGE_COUNT_SHIFT			2
#define RMI_RANGE_STATE_BETA1_SHIFT		63	/* one bit */
#define RMI_RANGE_STATE_BETA3_SHIFT		62	/* two bits */

/*
 * Realms. Parameters of a Realm and of a REC are pages of 4096 bytes of zeros, of whatever size
 * granules are, with 64-bit words at these byte offsets.
 */
#define RMI_PARAMS_SIZE				4096

#define RMI_REALM_FLAGS				0
#define RMI_REALM_S2SZ				0x8	/* bits of IPA; 32 is the least */
#define RMI_REALM_SVE_VL			0x10
#define RMI_REALM_BREAKPOINTS			0x18	/* 1 at least */
#define RMI_REALM_WATCHPOINTS			0x20	/* 1 at least */
#define RMI_REALM_PMU_COUNTERS			0x28
#define RMI_REALM_HASH				0x30
#define RMI_REALM_RPV				0x400	/* 64 bytes */
#define RMI_REALM_RTT_BASE			0x808
#define RMI_REALM_RTT_LEVEL			0x810
#define RMI_REALM_RTT_COUNT			0x818	/* of tables at that level */
#define RMI_REALM_FLAGS1			0x820

#define RMI_HASH_SHA256				0
#define RMI_HASH_SHA512				1
#define RMI_HASH_SHA384				2

#define RMI_REC_FLAGS				0
#define RMI_REC_MPIDR				0x100	/* the index, four bits of Aff0 first */
#define RMI_REC_PC				0x200
#define RMI_REC_GPRS				0x300	/* 8 of them */
#define RMI_REC_RUNNABLE			1	/* bit 0 of its flags */

/* The run page: what the host says to an entry, and from RMI_RUN_EXIT on what it gets */
#define RMI_RUN_FLAGS				0
#define RMI_RUN_GPRS				0x200	/* 31 of them */
#define RMI_RUN_EXIT				0x800
#define RMI_RUN_REASON				0x800
#define RMI_RUN_ESR				0x900
#define RMI_RUN_FAR				0x908
#define RMI_RUN_HPFAR				0x910
#define RMI_RUN_EXIT_GPRS			0xa00	/* 31 of them */
#define RMI_RUN_RIPAS_BASE			0xd00
#define RMI_RUN_RIPAS_TOP			0xd08
#define RMI_RUN_RIPAS_VALUE			0xd10
#define RMI_RUN_IMM				0xe00

#define RMI_EXIT_SYNC				0
#define RMI_EXIT_IRQ				1
#define RMI_EXIT_FIQ				2
#define RMI_EXIT_PSCI				3
#define RMI_EXIT_RIPAS				4
#define RMI_EXIT_HOST_CALL			5
#define RMI_EXIT_SERROR				6

/* RMI_RTT_DATA_MAP_INIT: measure the page */
#define RMI_DATA_MEASURE			1
/* RMI_RTT_DATA_MAP: the fifth argument is an address range descriptor */
#define RMI_DATA_MAP_RANGE			1

#endif
