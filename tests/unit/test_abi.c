// SPDX-License-Identifier: GPL-2.0-only
/*
 * The literal values of include/rmi_abi.h against a second list, typed by hand from the
 * specification's tables: module and model share that header, so that a slip in it would be seen by
 * neither.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rmi_abi.h"

static void function_ids(void **state)
{
	(void)state;
	assert_int_equal(RMI_VERSION, 0xC4000150);
	assert_int_equal(RMI_FEATURES, 0xC4000165);
	assert_int_equal(RMI_RMM_CONFIG_SET, 0xC400016E);
	assert_int_equal(RMI_RMM_CONFIG_GET, 0xC40001EC);
	assert_int_equal(RMI_RMM_ACTIVATE, 0xC4000202);
	assert_int_equal(RMI_RMM_DEACTIVATE, 0xC400020F);
	assert_int_equal(RMI_RMM_STATE_GET, 0xC40001EE);
	assert_int_equal(RMI_GRANULE_TRACKING_GET, 0xC40001E1);
	assert_int_equal(RMI_GRANULE_TRACKING_SET, 0xC40001E3);
	assert_int_equal(RMI_GRANULE_RANGE_DELEGATE, 0xC40001F1);
	assert_int_equal(RMI_GRANULE_RANGE_UNDELEGATE, 0xC40001F2);
	assert_int_equal(RMI_GPT_INFO, 0xC4000211);
	assert_int_equal(RMI_GPT_L1_CREATE, 0xC40001F3);
	assert_int_equal(RMI_GPT_L1_DESTROY, 0xC40001F4);
	assert_int_equal(RMI_OP_CONTINUE, 0xC4000203);
	assert_int_equal(RMI_OP_MEM_DONATE, 0xC4000208);
	assert_int_equal(RMI_OP_MEM_RECLAIM, 0xC4000209);
	assert_int_equal(RMI_OP_CANCEL, 0xC400020A);
}

static void realm_function_ids(void **state)
{
	(void)state;
	assert_int_equal(RMI_REALM_CREATE, 0xC4000158);
	assert_int_equal(RMI_RTT_CREATE, 0xC400015D);
	assert_int_equal(RMI_RTT_INIT_RIPAS, 0xC4000168);
	assert_int_equal(RMI_RTT_DATA_MAP_INIT, 0xC4000153);
	assert_int_equal(RMI_RTT_DATA_MAP, 0xC40001F5);
	assert_int_equal(RMI_REC_CREATE, 0xC400015A);
	assert_int_equal(RMI_REALM_ACTIVATE, 0xC4000157);
	assert_int_equal(RMI_REC_ENTER, 0xC400015C);
	assert_int_equal(RMI_PSCI_COMPLETE, 0xC4000164);
	assert_int_equal(RMI_RTT_SET_RIPAS, 0xC4000169);
	assert_int_equal(RMI_RTT_READ_ENTRY, 0xC4000161);
	assert_int_equal(RMI_REALM_TERMINATE, 0xC4000201);
	assert_int_equal(RMI_REC_DESTROY, 0xC400015B);
	assert_int_equal(RMI_RTT_DATA_UNMAP, 0xC40001F6);
	assert_int_equal(RMI_RTT_DESTROY, 0xC400015E);
	assert_int_equal(RMI_REALM_DESTROY, 0xC4000159);
}

static void realm_structures(void **state)
{
	(void)state;
	assert_int_equal(RMI_PARAMS_SIZE, 4096);
	assert_int_equal(RMI_REALM_FLAGS, 0);
	assert_int_equal(RMI_REALM_S2SZ, 8);
	assert_int_equal(RMI_REALM_SVE_VL, 16);
	assert_int_equal(RMI_REALM_BREAKPOINTS, 24);
	assert_int_equal(RMI_REALM_WATCHPOINTS, 32);
	assert_int_equal(RMI_REALM_PMU_COUNTERS, 40);
	assert_int_equal(RMI_REALM_HASH, 48);
	assert_int_equal(RMI_REALM_RPV, 1024);
	assert_int_equal(RMI_REALM_RTT_BASE, 2056);
	assert_int_equal(RMI_REALM_RTT_LEVEL, 2064);
	assert_int_equal(RMI_REALM_RTT_COUNT, 2072);
	assert_int_equal(RMI_REALM_FLAGS1, 2080);
	assert_int_equal(RMI_HASH_SHA256, 0);
	assert_int_equal(RMI_HASH_SHA512, 1);
	assert_int_equal(RMI_HASH_SHA384, 2);
	assert_int_equal(RMI_REC_FLAGS, 0);
	assert_int_equal(RMI_REC_RUNNABLE, 1);
	assert_int_equal(RMI_REC_MPIDR, 256);
	assert_int_equal(RMI_REC_PC, 512);
	assert_int_equal(RMI_REC_GPRS, 768);
	assert_int_equal(RMI_RUN_FLAGS, 0);
	assert_int_equal(RMI_RUN_GPRS, 512);
	assert_int_equal(RMI_RUN_EXIT, 2048);
	assert_int_equal(RMI_RUN_REASON, 2048);
	assert_int_equal(RMI_RUN_ESR, 2048 + 0x100);
	assert_int_equal(RMI_RUN_FAR, 2048 + 0x108);
	assert_int_equal(RMI_RUN_HPFAR, 2048 + 0x110);
	assert_int_equal(RMI_RUN_EXIT_GPRS, 2048 + 0x200);
	assert_int_equal(RMI_RUN_RIPAS_BASE, 2048 + 0x500);
	assert_int_equal(RMI_RUN_RIPAS_TOP, 2048 + 0x508);
	assert_int_equal(RMI_RUN_RIPAS_VALUE, 2048 + 0x510);
	assert_int_equal(RMI_RUN_IMM, 2048 + 0x600);
	assert_int_equal(RMI_EXIT_SYNC, 0);
	assert_int_equal(RMI_EXIT_IRQ, 1);
	assert_int_equal(RMI_EXIT_FIQ, 2);
	assert_int_equal(RMI_EXIT_PSCI, 3);
	assert_int_equal(RMI_EXIT_RIPAS, 4);
	assert_int_equal(RMI_EXIT_HOST_CALL, 5);
	assert_int_equal(RMI_EXIT_SERROR, 6);
	assert_int_equal(RMI_DATA_MEASURE, 1);
	assert_int_equal(RMI_DATA_MAP_RANGE, 1);
}

static void statuses(void **state)
{
	(void)state;
	assert_int_equal(RMI_SUCCESS, 0);
	assert_int_equal(RMI_ERROR_INPUT, 1);
	assert_int_equal(RMI_ERROR_REALM, 2);
	assert_int_equal(RMI_ERROR_REC, 3);
	assert_int_equal(RMI_ERROR_RTT, 4);
	assert_int_equal(RMI_ERROR_NOT_SUPPORTED, 5);
	assert_int_equal(RMI_ERROR_DEVICE, 6);
	assert_int_equal(RMI_ERROR_RTT_AUX, 7);
	assert_int_equal(RMI_ERROR_PSMMU_ST, 8);
	assert_int_equal(RMI_ERROR_DPT, 9);
	assert_int_equal(RMI_BUSY, 10);
	assert_int_equal(RMI_ERROR_GLOBAL, 11);
	assert_int_equal(RMI_ERROR_TRACKING, 12);
	assert_int_equal(RMI_INCOMPLETE, 13);
	assert_int_equal(RMI_BLOCKED, 14);
	assert_int_equal(RMI_ERROR_GPT, 15);
	assert_int_equal(RMI_ERROR_GRANULE, 16);
}

static void result_fields(void **state)
{
	(void)state;
	/*
	 * ERROR_RTT at level 3; INCOMPLETE that wants a donation and can be cancelled; one that
	 * gives back and can't
	 */
	assert_int_equal(RMI_RESULT_STATUS(0x304ULL), 4);
	assert_int_equal(RMI_RESULT_STATUS(0xffffffffffffff0dULL), 13);
	assert_int_equal(RMI_RESULT_MEM_REQ(0x50dULL), 1);
	assert_int_equal(RMI_RESULT_CAN_CANCEL(0x50dULL), 1);
	assert_int_equal(RMI_RESULT_MEM_REQ(0x20dULL), 2);
	assert_int_equal(RMI_RESULT_CAN_CANCEL(0x20dULL), 0);
	/* ERROR_TRACKING at level 1, about 0x4559d000 */
	assert_int_equal(RMI_RESULT_LEVEL(0x4559d010cULL), 1);
	assert_int_equal(RMI_RESULT_PA(0xff0004559d010cULL), 0xff0004559d000);
	assert_int_equal(0xcULL | RMI_RESULT_WITH_PA(0x4559d000ULL), 0x4559d000cULL);
	assert_int_equal(RMI_MEM_REQ_NONE, 0);
	assert_int_equal(RMI_MEM_REQ_DONATE, 1);
	assert_int_equal(RMI_MEM_REQ_RECLAIM, 2);
	assert_int_equal(0xdULL | 1 << RMI_RESULT_CAN_CANCEL_SHIFT | 2 << RMI_RESULT_MEM_REQ_SHIFT,
			 0x60d);
}

static void revisions_and_features(void **state)
{
	(void)state;
	assert_int_equal(RMI_REVISION_WANTED, 0x20000);
	assert_int_equal(RMI_REVISION(1, 3), 0x10003);
	assert_int_equal(RMI_REVISION_MAJOR(0x80020007ULL), 2);
	assert_int_equal(RMI_REVISION_MINOR(0x80020007ULL), 7);
	/* What the public RMM answered in July 2026: 4 KB granules, 1 GB, 48 bits, S2SZ 52 */
	assert_int_equal(RMI_FEATURE0_S2SZ(0x317f34ULL), 52);
	assert_int_equal(RMI_FEATURE1_L0GPTSZ(0x142a9ULL), 0);
	assert_int_equal(RMI_FEATURE1_PPS(0x142a9ULL), 5);
	assert_int_equal(RMI_FEATURE1_L0GPTSZ(0x2400ULL), 9);
	assert_int_equal(RMI_FEATURE1_PPS(0x1c000ULL), 7);
	assert_int_equal(RMI_FEATURE1_HASHES(0x142a9ULL), 5);
	assert_int_equal(RMI_FEATURE1_MAX_RECS_ORDER(0x142a9ULL), 10);
	assert_int_equal(9 << RMI_FEATURE1_L0GPTSZ_SHIFT, 0x2400);
	assert_int_equal(7 << RMI_FEATURE1_PPS_SHIFT, 0x1c000);
	assert_int_equal(RMI_FEATURE1_GRANULE(RMI_GRANULE_SIZE_4K), 1);
	assert_int_equal(RMI_FEATURE1_GRANULE(RMI_GRANULE_SIZE_16K), 2);
	assert_int_equal(RMI_FEATURE1_GRANULE(RMI_GRANULE_SIZE_64K), 4);
	assert_int_equal(RMI_FEATURE0_L0_DELEGATE_SHIFT, 32);
	assert_int_equal(RMI_L0GPTSZ_BASE_SHIFT, 30);
}

static void memory(void **state)
{
	(void)state;
	assert_int_equal(RMI_CONFIG_TRACKING_REGION, 0);
	assert_int_equal(RMI_CONFIG_GRANULE_SIZE, 8);
	assert_int_equal(RMI_CONFIG_SIZE, 4096);
	assert_int_equal(RMI_GRANULE_SIZE_4K, 0);
	assert_int_equal(RMI_GRANULE_SIZE_16K, 1);
	assert_int_equal(RMI_GRANULE_SIZE_64K, 2);
	assert_int_equal(RMI_MEM_CATEGORY_CONVENTIONAL, 0);
	assert_int_equal(RMI_MEM_CATEGORY_DEV_NCOH, 1);
	assert_int_equal(RMI_MEM_CATEGORY_DEV_COH, 2);
	assert_int_equal(RMI_MEM_CATEGORY_NONE, 3);
	assert_int_equal(RMI_TRACKING_RESERVED, 0);
	assert_int_equal(RMI_TRACKING_NONE, 1);
	assert_int_equal(RMI_TRACKING_FINE, 2);
	assert_int_equal(RMI_TRACKING_COARSE, 3);
	assert_int_equal(RMI_TRACKING_INTERMEDIATE, 4);
	assert_int_equal(RMI_RMM_INIT, 0);
	assert_int_equal(RMI_RMM_ACTIVE, 1);
	assert_int_equal(RMI_RMM_STATE(0x301ULL), 1);
	assert_int_equal(RMI_PAR_RESERVED, 0);
	assert_int_equal(RMI_PAR_PLATFORM, 1);
	assert_int_equal(RMI_PAR_HOST_NOT_CREATED, 2);
	assert_int_equal(RMI_PAR_HOST_CREATED, 3);
}

static void operations(void **state)
{
	(void)state;
	assert_int_equal(RMI_OP_CONTINUE_GO, 0);
	assert_int_equal(RMI_OP_CONTINUE_STOP, 1);
	assert_int_equal(RMI_BLOCK_PAGE, 0);
	assert_int_equal(RMI_BLOCK_L2, 1);
	assert_int_equal(RMI_BLOCK_L1, 2);
	assert_int_equal(RMI_BLOCK_L0, 3);
	/*
	 * 32 contiguous pages, undelegated, in both encodings; then: 16383 L0 blocks, conditional
	 */
	assert_int_equal(RMI_DONATE_BLOCK(0x30080ULL), 0);
	assert_int_equal(RMI_DONATE_COUNT(0x30080ULL), 32);
	assert_int_equal(RMI_DONATE_CONTIG(0x30080ULL), 1);
	assert_int_equal(RMI_DONATE_STATE_BETA1(0x30080ULL), 1);
	assert_int_equal(RMI_DONATE_STATE_BETA3(0x30080ULL), 1);
	assert_int_equal(RMI_DONATE_BLOCK(0x4ffffULL), 3);
	assert_int_equal(RMI_DONATE_COUNT(0x4ffffULL), 16383);
	assert_int_equal(RMI_DONATE_CONTIG(0x4ffffULL), 0);
	assert_int_equal(RMI_DONATE_STATE_BETA3(0x4ffffULL), 2);
	assert_int_equal(1 << RMI_DONATE_COUNT_SHIFT | 1 << RMI_DONATE_CONTIG_SHIFT |
				 1 << RMI_DONATE_STATE_SHIFT,
			 0x30004);
	assert_int_equal(RMI_MEM_DELEGATED, 0);
	assert_int_equal(RMI_MEM_UNDELEGATED, 1);
	assert_int_equal(RMI_MEM_CONDITIONAL, 2);
	assert_int_equal(RMI_RANGE_BLOCK(0x40000007ULL), 3);
	assert_int_equal(RMI_RANGE_COUNT_SHIFT, 2);
	assert_true(1ULL << RMI_RANGE_STATE_BETA1_SHIFT == 0x8000000000000000ULL);
	assert_true(1ULL << RMI_RANGE_STATE_BETA3_SHIFT == 0x4000000000000000ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(function_ids),
		cmocka_unit_test(realm_function_ids),
		cmocka_unit_test(realm_structures),
		cmocka_unit_test(statuses),
		cmocka_unit_test(result_fields),
		cmocka_unit_test(revisions_and_features),
		cmocka_unit_test(memory),
		cmocka_unit_test(operations),
	};

	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
