/* SPDX-License-Identifier: BSD-3-Clause */
/* sample: larder.conf and --help agree with the table of options. */
#include "checks.h"
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "conf/load.h"
#include "conf/option.h"
#include "conf/sample.h"

static void note(void *arg, struct slice name, struct slice value)
{
    buf_printf(arg, "%.*s=%.*s\n", (int)name.n, name.p, (int)value.n, value.p);
}

/* The values of all options after the text is loaded. */
static void all_values(struct slice text, struct buf *out)
{
    struct conf *c = conf_new();
    struct buf err = BUF_EMPTY;
    struct slice all = SLICE("*");

    ck_assert_msg(load_text(c, "sample", text, &err), "%s", buf_cstr(&err));
    conf_get(c, &all, 1, note, out);
    conf_free(c);
}

START_TEST(larder_conf_in_the_source_tree_is_the_sample)
{
    const char *source = getenv("srcdir");
    char path[4096];
    struct buf sample = BUF_EMPTY;
    struct buf file = BUF_EMPTY;
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "%s/larder.conf", source ? source : ".");
    f = fopen(path, "r");
    ck_assert_msg(f != NULL, "%s cannot be read; run from the source folder or set srcdir", path);
    do {
        n = fread(buf_reserve(&file, 4096), 1, 4096, f);
        file.len += n;
    } while (n);
    fclose(f);
    sample_file(&sample);
    ck_assert_msg(slice_eq(buf_slice(&sample), buf_slice(&file)),
                  "larder.conf differs from the table: larder-server --sample-config > larder.conf");
    buf_fini(&sample);
    buf_fini(&file);
}
END_TEST

START_TEST(the_sample_sets_the_defaults_commented_out_or_not)
{
    struct buf sample = BUF_EMPTY;
    struct buf plain = BUF_EMPTY;
    struct buf as_is = BUF_EMPTY;
    struct buf uncommented = BUF_EMPTY;
    int options = 0;

    sample_file(&sample);
    all_values(SLICE(""), &plain);
    all_values(buf_slice(&sample), &as_is);
    ck_assert(slice_eq(buf_slice(&plain), buf_slice(&as_is)));
    for (size_t i = 1; i + 1 < sample.len; i++) {
        if (sample.p[i - 1] == '\n' && sample.p[i] == '#' && islower((unsigned char)sample.p[i + 1])) {
            sample.p[i] = ' ';
            options++;
        }
    }
    ck_assert_int_gt(options, 100);
    all_values(buf_slice(&sample), &uncommented);
    ck_assert(slice_eq(buf_slice(&plain), buf_slice(&uncommented)));
    buf_fini(&sample);
    buf_fini(&plain);
    buf_fini(&as_is);
    buf_fini(&uncommented);
}
END_TEST

START_TEST(help_has_a_line_for_every_option)
{
    struct buf help = BUF_EMPTY;

    sample_help(&help);
    for (int i = 0; i < OPTION_COUNT; i++) {
        char line[128];

        if (option_table[i].flags & (OPTION_HIDDEN | OPTION_FILE_ONLY))
            continue;
        snprintf(line, sizeof(line), "\n  --%s ", option_table[i].name);
        ck_assert_msg(strstr(buf_cstr(&help), line) != NULL, "%s", option_table[i].name);
    }
    buf_fini(&help);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sample");
    TCase *tests = tcase_create("sample");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, larder_conf_in_the_source_tree_is_the_sample);
    tcase_add_test(tests, the_sample_sets_the_defaults_commented_out_or_not);
    tcase_add_test(tests, help_has_a_line_for_every_option);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
