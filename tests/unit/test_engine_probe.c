/* SPDX-License-Identifier: BSD-3-Clause */
/* engine_uring_probe: whether io_uring works here, and the reason if not. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "checks.h"
#include "net/engine.h"

#ifdef HAVE_IO_URING

/* Makes the system call fail with `error` in this process, as in a container that forbids it. */
static void forbid(unsigned call, int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};

    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static unsigned count_descriptors(void)
{
    unsigned n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

START_TEST(probing_leaves_no_descriptor_behind)
{
    char first[200] = "", again[200] = "";
    unsigned before = count_descriptors();
    bool works = engine_io_uring_works(first, sizeof first);

    ck_assert_uint_eq(count_descriptors(), before);
    ck_assert_int_eq(engine_io_uring_works(again, sizeof again), works);
    ck_assert_str_eq(first, again);
    ck_assert(works == (first[0] == 0));
}
END_TEST

START_TEST(a_forbidden_ring_is_reported_with_the_reason)
{
    static const int errors[] = {EPERM, ENOSYS};
    unsigned before = count_descriptors();
    char why[200] = "";

    forbid(__NR_io_uring_setup, errors[_i]);
    ck_assert(!engine_io_uring_works(why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, strerror(errors[_i])));
    ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

START_TEST(a_ring_without_buffers_is_refused)
{
    char why[200] = "";

    forbid(__NR_io_uring_register, EPERM);
    ck_assert(!engine_io_uring_works(why, sizeof why));
    ck_assert_str_ne(why, "");
}
END_TEST

START_TEST(a_ring_that_cannot_be_entered_is_refused)
{
    char why[200] = "";

    forbid(__NR_io_uring_enter, EPERM);
    ck_assert(!engine_io_uring_works(why, sizeof why));
    ck_assert_str_ne(why, "");
}
END_TEST

START_TEST(an_engine_that_cannot_start_gives_the_reason_and_leaks_nothing)
{
    static const struct engine_handler none;
    unsigned before = count_descriptors();
    char why[200] = "";
    struct engine e;

    forbid(__NR_io_uring_setup, EPERM);
    ck_assert_int_eq(engine_start(&e, &engine_io_uring, &none, NULL, why, sizeof why), -EPERM);
    ck_assert_ptr_nonnull(strstr(why, strerror(EPERM)));
    ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_test(t, probing_leaves_no_descriptor_behind);
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) { /* qemu-user has none */
        puts("skipped: tests with forbidden system calls, since there are no seccomp filters here");
        return;
    }
    tcase_add_loop_test(t, a_forbidden_ring_is_reported_with_the_reason, 0, 2);
    tcase_add_test(t, a_ring_without_buffers_is_refused);
    tcase_add_test(t, a_ring_that_cannot_be_entered_is_refused);
    tcase_add_test(t, an_engine_that_cannot_start_gives_the_reason_and_leaks_nothing);
}

#else

START_TEST(libev_works_without_io_uring)
{
    ck_assert_str_eq(engine_libev.name, "libev");
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_test(t, libev_works_without_io_uring);
}

#endif

int main(void)
{
    Suite *suite = suite_create("engine_probe");
    TCase *tests = tcase_create("engine_probe");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    add_tests(tests);
    srunner_set_fork_status(runner, CK_FORK); /* a filter lasts for the life of the process */
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
