/* SPDX-License-Identifier: BSD-3-Clause */
/* commands_doc: docs/COMMANDS.md agrees with the table of commands. */
#include "checks.h"
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "cmd/server/commands_doc.h"
#include "run/catalog.h"

static struct buf doc;

static void set_up(void)
{
    commands_init();
    commands_doc(&doc);
}

static void tear_down(void)
{
    buf_fini(&doc);
}

START_TEST(the_document_in_the_repository_matches_the_table)
{
    const char *source = getenv("srcdir");
    struct buf file = BUF_EMPTY;
    char path[4096];
    size_t n;
    FILE *f;

    snprintf(path, sizeof(path), "%s/docs/COMMANDS.md", source ? source : ".");
    f = fopen(path, "r");
    ck_assert_msg(f != NULL, "%s cannot be read; run from the source folder or set srcdir", path);
    do {
        n = fread(buf_reserve(&file, 4096), 1, 4096, f);
        file.len += n;
    } while (n);
    fclose(f);
    ck_assert_msg(slice_eq(buf_slice(&doc), buf_slice(&file)),
                  "docs/COMMANDS.md differs from the table: larder-server --commands-doc > docs/COMMANDS.md");
    buf_fini(&file);
}
END_TEST

static void expect_in_document(void *arg, const struct command *cmd)
{
    struct buf line = BUF_EMPTY;

    buf_printf(&line, "\n- `%s%s%s", cmd->parent ? cmd->parent : "", cmd->parent ? " " : "", cmd->name);
    ck_assert_msg(!cmd->run || strstr(buf_cstr(&doc), buf_cstr(&line)), "%s: is its group in commands_doc.c?",
                  command_full_name(cmd));
    buf_fini(&line);
    catalog_each(cmd, expect_in_document, arg);
}

START_TEST(every_command_is_in_the_document)
{
    catalog_each(NULL, expect_in_document, NULL);
}
END_TEST

START_TEST(commands_listed_as_absent_are_absent)
{
    for (const struct absent_commands *a = commands_doc_absent; a->names; a++) {
        for (const char *p = a->names; *p;) {
            size_t n = strcspn(p, " ");

            ck_assert_msg(!catalog_find(slice_of(p, n)), "%.*s is there", (int)n, p);
            p += n + (p[n] == ' ');
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("commands_doc");
    TCase *tests = tcase_create("commands_doc");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_document_in_the_repository_matches_the_table);
    tcase_add_test(tests, every_command_is_in_the_document);
    tcase_add_test(tests, commands_listed_as_absent_are_absent);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
