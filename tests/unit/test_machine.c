/* SPDX-License-Identifier: BSD-3-Clause */
/* machine: the memory and processors that this process may use. */
#include "checks.h"
#include "config.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/machine.h"

START_TEST(memory_is_at_most_that_of_the_machine)
{
    uint64_t all = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    ck_assert_uint_ge(machine_memory(), 1 << 20);
    ck_assert_uint_le(machine_memory(), all);
}
END_TEST

START_TEST(processors_are_at_least_one_and_at_most_what_affinity_allows)
{
    cpu_set_t set;
    int first = 0;

    ck_assert_int_eq(sched_getaffinity(0, sizeof(set), &set), 0);
    ck_assert_int_ge(machine_cpus(), 1);
    ck_assert_int_le(machine_cpus(), CPU_COUNT(&set));
    while (!CPU_ISSET(first, &set))
        first++;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(set), &set), 0);
    ck_assert_int_eq(machine_cpus(), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("machine");
    TCase *tests = tcase_create("machine");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, memory_is_at_most_that_of_the_machine);
    tcase_add_test(tests, processors_are_at_least_one_and_at_most_what_affinity_allows);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
