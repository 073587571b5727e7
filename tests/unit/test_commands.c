// SPDX-License-Identifier: GPL-2.0-only
/* One command and one stateful operation, against answers that the test dictates. */
#include "../../src/smc.h"
#include "../../src/sro.h"
#include "world.h"

struct answer {
	u64 x[4];
	unsigned int times;	/* 0: once */
};

static const struct answer *script;
static u64 asked[16][5];
static unsigned int nr_asked;

/*
 * Registers that an answer doesn't set are as the caller left them, which is the least helpful
 * thing
 */
static void dictate(u64 x[5])
{
	static unsigned int repeated;

	if (nr_asked < ARRAY_SIZE(asked))
		memcpy(asked[nr_asked], x, sizeof(asked[0]));
	if (!nr_asked)
		repeated = 0;
	nr_asked++;
	for (int i = 0; i < 4; i++)
		if (i == 0 || script->x[i])
			x[i] = script->x[i];
	world.smc_done = true;
	if (++repeated >= script->times) {
		script++;
		repeated = 0;
	}
}

static int setup(void **state)
{
	(void)state;
	world_make(NULL, 12);
	world.smc = dictate;
	nr_asked = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sro_close();
	world_end();
	return 0;
}

#define FOREVER 10000000

static int call(u64 fid, const struct answer *answers, struct rmi_regs *r)
{
	script = answers;
	*r = (struct rmi_regs){ .x = { fid, 0x1111, 0x2222, 0x3333, 0x4444 } };
	return rmi_call(r);
}

static void answers_come_back_whole(void **state)
{
	const struct answer ok[] = { { { 0, 7, 8, 9 } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(call(0xC4000165, ok, &r), 0);
	assert_int_equal(r.x[0], 0);
	assert_int_equal(r.x[1], 7);
	assert_int_equal(r.x[2], 8);
	assert_int_equal(r.x[3], 9);
	assert_int_equal(asked[0][0], 0xC4000165);
	assert_int_equal(asked[0][1], 0x1111);
	assert_int_equal(asked[0][4], 0x4444);
	assert_int_equal(nr_asked, 1);
	assert_int_equal(world.slept_ns, 0);
}

static void unknown_commands(void **state)
{
	const struct answer x0[] = { { { -1ULL } } }, w0[] = { { { 0xffffffff } } },
			    status[] = { { { 0x205 } } };
	const struct answer bogus[] = { { { 0xff } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(call(0xC4000150, x0, &r), -EOPNOTSUPP);
	assert_int_equal(call(0xC4000150, w0, &r), -EOPNOTSUPP);
	assert_int_equal(call(0xC4000150, status, &r), -EOPNOTSUPP);
	assert_int_equal(call(0xC4000150, bogus, &r), 0);	/* a status of its own, not -1 */
	assert_int_equal(r.x[0], 0xff);
}

static void busy_for_a_while(void **state)
{
	const struct answer busy[] = {
		{ { 10, 0xbad }, 30 }, { { 14, 0xbad }, 30 }, { { 0x10a }, 1 }, { { 1, 5 } }
	};
	const u64 before = rmi_call_count();
	struct rmi_regs r;

	(void)state;
	assert_int_equal(call(0xC40001F3, busy, &r), 0);
	assert_int_equal(r.x[0], 1);
	assert_int_equal(r.x[1], 5);
	assert_int_equal(nr_asked, 62);
	assert_int_equal(asked[15][1], 0x1111);		/* not 0xbad: the arguments are set anew */
	assert_true(world.reschedules >= 62);
	assert_true(world.slept_ns > 0);
	assert_int_equal(rmi_call_count() - before, 62);
}

static void busy_for_ever(void **state)
{
	static const unsigned int limits[] = { 1000, 100, 1, 0 };
	const struct answer busy[] = { { { 10 }, FOREVER } }, blocked[] = { { { 14 }, FOREVER } };
	struct rmi_regs r;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(limits); i++) {
		char text[12];
		u64 begin = world.now_ns;

		snprintf(text, sizeof(text), "%u", limits[i]);
		assert_int_equal(shim_set_timeout_ms(text), 0);
		assert_int_equal(call(0xC40001F3, i & 1 ? blocked : busy, &r), -ETIMEDOUT);
		assert_int_equal(r.x[0], i & 1 ? 14 : 10);
		assert_true(world.now_ns - begin >= limits[i] * 1000000ULL);
		assert_true(world.now_ns - begin <= limits[i] * 1000000ULL + 1000000);
	}
}

static void timeout_parameter_is_checked(void **state)
{
	(void)state;
	assert_int_equal(shim_set_timeout_ms("600000"), 0);
	assert_int_equal(shim_set_timeout_ms("600001"), -EINVAL);
	assert_int_equal(shim_set_timeout_ms("-1"), -EINVAL);
	assert_int_equal(shim_set_timeout_ms("soon"), -EINVAL);
	/* as root of a container is */
	world.powerless = true;
	assert_int_equal(shim_set_timeout_ms("1000"), -EPERM);
	assert_int_equal(rmi_timeout_ms(), 600000);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(rmi_name(0xC40001E1), "RMI_GRANULE_TRACKING_GET");
	assert_string_equal(rmi_name(0xC4000211), "RMI_GPT_INFO");
	assert_string_equal(rmi_name(0), "unknown command");
}

/* Stateful operations -------------------------------------------------------------------------- */

static int run(const struct answer *answers, struct rmi_regs *r)
{
	script = answers;
	nr_asked = 0;
	*r = (struct rmi_regs){ .x = { 0xC4000211, 0x40000000, 0x80000000 } };
	return sro_run(r, NULL, NULL);
}

#define INCOMPLETE		0xd
#define WANTS			0x100
#define GIVES			0x200
#define CANCELLABLE		0x400

static void operation_is_continued(void **state)
{
	const struct answer steps[] = {
		{ { INCOMPLETE | CANCELLABLE, 0x77 } },
		{ { INCOMPLETE, 0x99, 0x99 } },
		{ { 10 }, 5 },
		{ { INCOMPLETE } },
		{ { 0, 0x80000000, 1 } },
	};
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(steps, &r), 0);
	assert_int_equal(r.x[1], 0x80000000);
	assert_int_equal(r.x[2], 1);
	assert_int_equal(nr_asked, 9);
	for (int i = 1; i < 9; i++) {
		assert_int_equal(asked[i][0], 0xC4000203);
		assert_int_equal(asked[i][1], 0x77);	/* from the first answer, not the second */
		assert_int_equal(asked[i][2], 0);
	}
	assert_int_equal(world.lines, 0);
}

static void operation_that_wants_memory_is_cancelled(void **state)
{
	const struct answer at_once[] = {
		{ { INCOMPLETE | CANCELLABLE | WANTS, 0x77, 0x30080 } },
		{ { INCOMPLETE } },
		{ { 1 } },
	};
	const struct answer later[] = {
		{ { INCOMPLETE, 0x78 } },
		{ { INCOMPLETE | CANCELLABLE | WANTS, 0, 0x30080 } },
		{ { 0 } },
	};
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(at_once, &r), -ENOMEM);
	assert_int_equal(nr_asked, 3);
	assert_int_equal(asked[1][0], 0xC400020A);
	assert_int_equal(asked[1][1], 0x77);
	assert_int_equal(asked[2][0], 0xC4000203);
	assert_int_equal(run(later, &r), -ENOMEM);
	assert_int_equal(nr_asked, 3);
	assert_int_equal(asked[1][0], 0xC4000203);
	assert_int_equal(asked[2][0], 0xC400020A);
	assert_int_equal(asked[2][1], 0x78);
	assert_int_equal(world.lines, 0);
}

/* The handle may be somebody else's by then */
static void cancel_is_not_repeated(void **state)
{
	const struct answer blocked[] = { { { INCOMPLETE | CANCELLABLE | WANTS, 0x77, 0x30080 } },
					  { { 14 }, 5 } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(blocked, &r), -ENOMEM);
	assert_int_equal(nr_asked, 2);
	assert_int_equal(asked[1][0], 0xC400020A);
	assert_false(sro_parked(&r));
}

static void operation_that_cannot_be_cancelled_is_reported(void **state)
{
	const struct answer wants[] = { { { INCOMPLETE | WANTS, 0x77, 0x30080 } } };
	const struct answer wants_again[] = {
		{ { INCOMPLETE | WANTS | CANCELLABLE, 0x77, 0x30080 } },
		{ { INCOMPLETE | WANTS | CANCELLABLE } },
	};
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(wants, &r), -EBUSY);
	assert_int_equal(nr_asked, 1);
	assert_non_null(strstr(world.log, "RMI_GPT_INFO 0x40000000 remains unfinished"));
	assert_int_equal(run(wants_again, &r), -EBUSY);
	assert_int_equal(nr_asked, 2);
}

static void nothing_comes_back(void **state)
{
	/* X1 stays what the caller put there: as many empty descriptors */
	const struct answer gives[] = { { { INCOMPLETE | GIVES, 0x77 } }, { { 0 } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(gives, &r), 0);
	assert_int_equal(nr_asked, 2);
	assert_int_equal(asked[1][0], 0xC4000209);
	assert_int_equal(asked[1][1], 0x77);
	assert_int_equal(asked[1][3], 4096 / 8);
}

static void nonsense_is_cancelled(void **state)
{
	const struct answer reserved[] = { { { INCOMPLETE | CANCELLABLE | WANTS | GIVES, 0x77 } },
					   { { 0 } } };
	const struct answer beyond[] = {
		{ { INCOMPLETE | CANCELLABLE | GIVES, 0x77 } },
		{ { INCOMPLETE | CANCELLABLE | GIVES, 4096 / 8 + 1 } },
		{ { 0 } },
	};
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(reserved, &r), -EPROTO);
	assert_int_equal(asked[1][0], 0xC400020A);
	assert_int_equal(run(beyond, &r), -EPROTO);
	assert_int_equal(asked[2][0], 0xC400020A);
}

static void operation_without_end(void **state)
{
	const struct answer stubborn[] = { { { INCOMPLETE, 0x77 }, FOREVER } };
	const struct answer polite[] = {
		{ { INCOMPLETE | CANCELLABLE, 0x77 }, (1 << 18) + 1 },
		{ { INCOMPLETE } },
		{ { 0 } },
	};
	const struct answer busy[] = { { { INCOMPLETE | CANCELLABLE, 0x77 } },
				       { { 10 }, FOREVER } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(stubborn, &r), -EBUSY);
	assert_int_equal(nr_asked, (1 << 18) + 1);
	assert_true(sro_parked(&r));
	assert_int_equal(r.x[0], 0xC4000211);
	assert_int_equal(run(polite, &r), -EPROTO);
	assert_int_equal(nr_asked, (1 << 18) + 3);
	assert_int_equal(run(busy, &r), -EBUSY);
}

static void blocked_ends_an_operation(void **state)
{
	const struct answer once[] = {
		{ { INCOMPLETE, 0x77 } },
		{ { 14 } },
		{ { INCOMPLETE, 0x78 } },
		{ { 0, 0x80000000, 1 } },
	};
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(once, &r), 0);
	assert_int_equal(r.x[1], 0x80000000);
	assert_int_equal(nr_asked, 4);
	assert_int_equal(asked[2][0], 0xC4000211);	/* the command anew, not the dead handle */
	assert_int_equal(asked[2][1], 0x40000000);
	assert_int_equal(asked[3][1], 0x78);
}

/* However long it took: that it is given up is no reason not to try it once more */
static void blocked_ends_a_slow_operation(void **state)
{
	const struct answer slow[] = {
		{ { INCOMPLETE, 0x77 } },
		{ { INCOMPLETE }, 500 },
		{ { 14 } },
		{ { 0, 0x80000000, 1 } },
	};
	struct rmi_regs r;

	(void)state;
	assert_int_equal(shim_set_timeout_ms("0"), 0);
	assert_int_equal(run(slow, &r), 0);
	assert_int_equal(r.x[1], 0x80000000);
	assert_int_equal(nr_asked, 503);
}

static void blocked_for_ever(void **state)
{
	static struct answer many[8192];
	struct rmi_regs r;
	u64 begin = world.now_ns;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(many); i += 2) {
		many[i] = (struct answer){ { INCOMPLETE, 0x77 } };
		many[i + 1] = (struct answer){ { 14 } };
	}
	assert_int_equal(shim_set_timeout_ms("100"), 0);
	assert_int_equal(run(many, &r), -ETIMEDOUT);
	assert_true(nr_asked < ARRAY_SIZE(many));
	assert_true(world.now_ns - begin >= 100 * 1000000ULL);
	assert_true(world.now_ns - begin <= 101 * 1000000ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_come_back_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_commands, setup, teardown),
		cmocka_unit_test_setup_teardown(busy_for_a_while, setup, teardown),
		cmocka_unit_test_setup_teardown(busy_for_ever, setup, teardown),
		cmocka_unit_test_setup_teardown(timeout_parameter_is_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(names, setup, teardown),
		cmocka_unit_test_setup_teardown(operation_is_continued, setup, teardown),
		cmocka_unit_test_setup_teardown(operation_that_wants_memory_is_cancelled, setup,
						teardown),
		cmocka_unit_test_setup_teardown(operation_that_cannot_be_cancelled_is_reported,
						setup, teardown),
		cmocka_unit_test_setup_teardown(cancel_is_not_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense_is_cancelled, setup, teardown),
		cmocka_unit_test_setup_teardown(operation_without_end, setup, teardown),
		cmocka_unit_test_setup_teardown(blocked_ends_an_operation, setup, teardown),
		cmocka_unit_test_setup_teardown(blocked_ends_a_slow_operation, setup, teardown),
		cmocka_unit_test_setup_teardown(blocked_for_ever, setup, teardown),
	};

	return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
