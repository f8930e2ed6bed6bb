/* SPDX-License-Identifier: BSD-3-Clause */
/* log: the server's log. */
#include "checks.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "obs/log.h"

#define THREADS 4
#define LINES   500

static char folder[] = "/tmp/larder-log-XXXXXX";
static char file[64], moved[64];

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/log", folder);
    snprintf(moved, sizeof(moved), "%s/log.1", folder);
    log_set_level(LOG_NOTICE);
    ck_assert_int_eq(log_open(file), 0);
}

static void tear_down(void)
{
    unlink(file);
    unlink(moved);
    rmdir(folder);
}

/* The content of a file; the caller frees it. */
static char *content(const char *path)
{
    char *text = calloc(1, 1 << 20);
    FILE *f = fopen(path, "r");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_lt(fread(text, 1, (1 << 20) - 1, f), (1 << 20) - 1);
    fclose(f);
    return text;
}

static bool matches(const char *text, const char *pattern)
{
    regex_t re;
    bool found;

    ck_assert_int_eq(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
    found = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return found;
}

START_TEST(a_line_has_process_time_level_and_text)
{
    char *text, pattern[128];

    log_write(LOG_NOTICE, "%s %d", "hello", 42);
    text = content(file);
    snprintf(pattern, sizeof(pattern),
             "^%d:M [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} \\* hello 42\n$",
             (int)getpid());
    ck_assert_msg(matches(text, pattern), "%s", text);
    free(text);
}
END_TEST

START_TEST(every_level_has_its_sign)
{
    char *text;

    log_set_level(LOG_DEBUG);
    log_write(LOG_DEBUG, "a");
    log_write(LOG_VERBOSE, "b");
    log_write(LOG_NOTICE, "c");
    log_write(LOG_WARNING, "d");
    text = content(file);
    ck_assert(matches(text, " \\. a\n.* - b\n.* \\* c\n.* # d\n$"));
    free(text);
}
END_TEST

START_TEST(lines_below_the_level_are_not_written)
{
    char *text;

    log_write(LOG_VERBOSE, "unwanted");
    ck_assert(!log_wants(LOG_VERBOSE));
    ck_assert(log_wants(LOG_NOTICE));
    log_set_level(LOG_NOTHING);
    log_write(LOG_WARNING, "unwanted");
    ck_assert(!log_wants(LOG_WARNING));
    text = content(file);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

START_TEST(control_characters_in_a_text_become_spaces)
{
    char *text;

    log_write(LOG_NOTICE, "a\nb\r\nc\033[31m\177");
    text = content(file);
    ck_assert_ptr_nonnull(strstr(text, "a b  c [31m \n"));
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}
END_TEST

START_TEST(lines_that_clients_cause_are_limited)
{
    struct log_limit limit = {0};
    uint64_t skipped = 7;

    ck_assert(log_allows(&limit, &skipped));
    ck_assert_uint_eq(skipped, 0);
    for (int i = 0; i < 5; i++)
        ck_assert(!log_allows(&limit, &skipped));
    limit.next = 0;
    ck_assert(log_allows(&limit, &skipped));
    ck_assert_uint_eq(skipped, 5);
}
END_TEST

START_TEST(a_thread_writes_the_lines_and_log_stop_waits_for_it)
{
    char *text;

    log_start();
    for (int i = 0; i < 100; i++)
        log_write(LOG_NOTICE, "line %d end", i);
    log_stop();
    log_write(LOG_NOTICE, "after");
    text = content(file);
    for (int i = 0; i < 100; i++) {
        char line[32];

        snprintf(line, sizeof line, " line %d end\n", i);
        ck_assert_ptr_nonnull(strstr(text, line));
    }
    ck_assert_ptr_nonnull(strstr(text, "after"));
    free(text);
}
END_TEST

START_TEST(a_log_that_blocks_holds_nobody_and_says_what_is_lost)
{
    char *text = calloc(1, 1 << 20);
    size_t have = 0;
    int fifo, reader;

    unlink(file);
    ck_assert_int_eq(mkfifo(file, 0600), 0);
    ck_assert_int_eq(log_open(file), -ENXIO); /* without a reader */
    reader = open(file, O_RDONLY | O_NONBLOCK);
    ck_assert_int_eq(log_open(file), 0);
    fifo = log_descriptor();
    ck_assert_int_eq(fcntl(fifo, F_GETFL) & O_NONBLOCK, 0);
    log_start();
    for (int i = 0; i < 5000; i++) /* the pipe and the queue take a part of them */
        log_write(LOG_NOTICE, "%0100d", i);
    for (unsigned i = 0; i < 5000 && strstr(text, "are lost here") == NULL; i++) {
        ssize_t n = read(reader, text + have, (1 << 20) - 1 - have);

        have += n > 0 ? (size_t)n : 0;
        usleep(1000);
    }
    ck_assert_ptr_nonnull(strstr(text, "are lost here"));
    log_stop();
    close(reader);
    free(text);
}
END_TEST

START_TEST(a_long_text_is_truncated_at_a_kilobyte)
{
    char longer[3000], *text;

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    log_write(LOG_NOTICE, "%s", longer);
    text = content(file);
    ck_assert_uint_eq(strlen(text), 1024);
    ck_assert_str_eq(text + 1022, "x\n");
    free(text);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_changes_nothing)
{
    char *text;

    ck_assert_int_eq(log_open("/nonexistent/log"), -ENOENT);
    log_write(LOG_NOTICE, "still here");
    text = content(file);
    ck_assert_ptr_nonnull(strstr(text, "still here"));
    free(text);
}
END_TEST

START_TEST(reopening_after_a_rename_creates_a_new_file)
{
    char *old, *text;

    log_write(LOG_NOTICE, "before");
    ck_assert_int_eq(rename(file, moved), 0);
    log_write(LOG_NOTICE, "between");
    ck_assert_int_eq(log_reopen(), 0);
    log_write(LOG_NOTICE, "after");
    old = content(moved);
    text = content(file);
    ck_assert(matches(old, "before\n.*between\n$"));
    ck_assert(matches(text, "^[^\n]* after\n$"));
    free(old);
    free(text);
}
END_TEST

START_TEST(an_empty_name_is_the_standard_output)
{
    char *text;
    int saved = dup(STDOUT_FILENO);

    fflush(stdout);
    ck_assert_ptr_nonnull(freopen(moved, "w", stdout));
    ck_assert_int_eq(log_open(""), 0);
    log_write(LOG_NOTICE, "out");
    dup2(saved, STDOUT_FILENO);
    close(saved);
    text = content(moved);
    ck_assert_ptr_nonnull(strstr(text, " * out\n"));
    free(text);
}
END_TEST

START_TEST(log_write_preserves_errno)
{
    errno = EXDEV;
    log_write(LOG_NOTICE, "text");
    ck_assert_int_eq(errno, EXDEV);
}
END_TEST

static void *write_lines(void *arg)
{
    for (int i = 0; i < LINES; i++)
        log_write(LOG_NOTICE, "thread %d line %d end", *(int *)arg, i);
    return NULL;
}

START_TEST(lines_of_threads_do_not_mix_while_the_file_is_reopened)
{
    pthread_t threads[THREADS];
    int numbers[THREADS], lines = 0;
    char *text;

    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_lines, &numbers[i]), 0);
    }
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(log_reopen(), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    text = content(file);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++)
        ck_assert_msg(matches(line, "\\* thread [0-9] line [0-9]+ end$"), "%s", line);
    ck_assert_int_eq(lines, THREADS * LINES);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("log");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_line_has_process_time_level_and_text);
    tcase_add_test(tests, every_level_has_its_sign);
    tcase_add_test(tests, lines_below_the_level_are_not_written);
    tcase_add_test(tests, control_characters_in_a_text_become_spaces);
    tcase_add_test(tests, lines_that_clients_cause_are_limited);
    tcase_add_test(tests, a_thread_writes_the_lines_and_log_stop_waits_for_it);
    tcase_add_test(tests, a_log_that_blocks_holds_nobody_and_says_what_is_lost);
    tcase_add_test(tests, a_long_text_is_truncated_at_a_kilobyte);
    tcase_add_test(tests, a_file_that_cannot_be_opened_changes_nothing);
    tcase_add_test(tests, reopening_after_a_rename_creates_a_new_file);
    tcase_add_test(tests, an_empty_name_is_the_standard_output);
    tcase_add_test(tests, log_write_preserves_errno);
    tcase_add_test(tests, lines_of_threads_do_not_mix_while_the_file_is_reopened);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
