/* SPDX-License-Identifier: BSD-3-Clause */
/* rdb_stream_read: reads streams in Redis's format, valid and corrupt. test_dump reads those that we write. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "checks.h"
#include "persist/rdb_stream_read.h"
#include "streams.h"
#include "types/stream_group.h"

static bool read_stream(enum rdb_type type, struct slice bytes, struct stream **s)
{
    char *exactly = mem_alloc(bytes.n); /* so that AddressSanitizer detects reads beyond the end */
    struct rdb_source from = rdb_source_of(slice_of(memcpy(exactly, bytes.p, bytes.n), bytes.n));
    bool done;

    *s = stream_new();
    done = rdb_get_stream(&from, type, *s) && rdb_left(&from) == 0;
    mem_free(exactly);
    return done;
}

/* Whether it is read, and its entries, groups, consumers and nacks are these. */
static bool reads_as(enum rdb_type type, struct slice bytes, const char *expected)
{
    struct buf out = BUF_EMPTY;
    struct stream_walk w;
    struct stream_id id;
    struct slice field, value;
    uint64_t fields;
    struct stream *s;
    bool same;

    if (!read_stream(type, bytes, &s)) {
        free_stream(s);
        return false;
    }
    stream_walk_begin(&w, s, STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (stream_walk_next(&w, &id, &fields)) {
        buf_printf(&out, "%llu-%llu ", (unsigned long long)id.ms, (unsigned long long)id.seq);
        while (stream_walk_pair(&w, &field, &value))
            buf_printf(&out, "%.*s=%.*s ", (int)field.n, field.p, (int)value.n, value.p);
    }
    buf_printf(&out, "added %d", (int)s->added);
    for (size_t i = 0; i < stream_group_count(s); i++) {
        const struct stream_group *g = stream_group_at(s, i);

        buf_printf(&out, " %.*s read %d", (int)g->name.n, g->name.p, (int)g->entries_read);
        for (size_t k = 0; k < stream_consumer_count(g); k++) {
            const struct stream_consumer *c = stream_consumer_at(g, k);

            buf_printf(&out, " %.*s %d/%d/%d", (int)c->name.n, c->name.p, (int)c->seen_time, (int)c->active_time,
                       (int)c->pending.count);
        }
    }
    same = strcmp(buf_cstr(&out), expected) == 0;
    if (!same)
        printf("%s\n", buf_cstr(&out));
    buf_fini(&out);
    free_stream(s);
    return same;
}

static bool is_refused(enum rdb_type type, struct slice bytes)
{
    struct stream *s;
    bool done = read_stream(type, bytes, &s);

    free_stream(s);
    return !done;
}

/* A node with the id 5-1. */
#define ID(ms, seq)     "\0\0\0\0\0\0\0" ms "\0\0\0\0\0\0\0" seq
#define NODE(n, bytes)  "\x10" ID("\5", "\1") n n "\0\0\0" bytes "\xff"
#define HEAD            "\1\1\0\1\1\1\x81" "f\2\0\1" /* one entry, none deleted, one field: f */
#define ENTRY           "\2\1\0\1\0\1\x81" "v\2\4\1" /* the fields of the node, 0, 0, v, 4 elements */
#define NODE_OF_ONE     NODE("\x1d", "\x0a\0" HEAD ENTRY)
#define TOTALS          "\1\5\1" /* one entry, the last id */
#define TOTALS_2        TOTALS "\5\1\0\0\1" /* the first id, none deleted, one was added */
#define TIME            "\7\0\0\0\0\0\0\0"
#define LATER           "\x09\0\0\0\0\0\0\0"

START_TEST(streams_of_all_versions_are_read)
{
    ck_assert(reads_as(RDB_STREAM, SLICE("\1" NODE_OF_ONE TOTALS "\0"), "5-1 f=v added 1"));
    ck_assert(reads_as(RDB_STREAM_2, SLICE("\1" NODE_OF_ONE TOTALS_2 "\0"), "5-1 f=v added 1"));
    ck_assert(reads_as(RDB_STREAM_3, SLICE("\1" NODE_OF_ONE TOTALS_2 "\0"), "5-1 f=v added 1"));
    ck_assert(reads_as(RDB_STREAM, SLICE("\0\0\0\0\0"), "added 0"));
    ck_assert(reads_as(RDB_STREAM_2, SLICE("\0\0\5\1\0\0\4\0\7\0"), "added 7"));
}
END_TEST

#define NACK    ID("\5", "\1") TIME "\3"
#define GROUP   "\1g\5\1"

START_TEST(groups_of_all_versions_are_read)
{
    ck_assert(reads_as(RDB_STREAM, SLICE("\1" NODE_OF_ONE TOTALS "\1" GROUP "\1" NACK "\1\1c" TIME "\1" ID("\5", "\1")),
                       "5-1 f=v added 1 g read 1 c 7/7/1"));
    ck_assert(reads_as(RDB_STREAM_2,
                       SLICE("\1" NODE_OF_ONE TOTALS_2 "\1" GROUP "\1\1" NACK "\1\1c" TIME "\1" ID("\5", "\1")),
                       "5-1 f=v added 1 g read 1 c 7/7/1"));
    ck_assert(reads_as(RDB_STREAM_3,
                       SLICE("\1" NODE_OF_ONE TOTALS_2 "\1" GROUP "\x81\xff\xff\xff\xff\xff\xff\xff\xff" "\0\2\1c" TIME
                             LATER "\0\1d" LATER TIME "\0"),
                       "5-1 f=v added 1 g read -1 c 7/9/0 d 9/7/0"));
}
END_TEST

#define NEGATIVE "\1\0\0\0\0\0\0\x80"

START_TEST(negative_times_are_read_as_never)
{
    ck_assert(
        reads_as(RDB_STREAM_3,
                 SLICE("\1" NODE_OF_ONE TOTALS_2 "\1" GROUP "\1\1" NACK "\1\1c" NEGATIVE NEGATIVE "\1" ID("\5", "\1")),
                 "5-1 f=v added 1 g read 1 c -1/-1/1"));
}
END_TEST

START_TEST(nacks_without_exactly_one_consumer_are_refused)
{
#define BEFORE "\1" NODE_OF_ONE TOTALS_2 "\1" GROUP "\1"
    ck_assert(is_refused(RDB_STREAM_2, SLICE(BEFORE "\1" NACK "\0")));
    ck_assert(is_refused(RDB_STREAM_2, SLICE(BEFORE "\1" NACK "\1\1c" TIME "\0")));
    ck_assert(is_refused(RDB_STREAM_2, SLICE(BEFORE "\2" NACK NACK "\1\1c" TIME "\1" ID("\5", "\1"))));
    ck_assert(is_refused(RDB_STREAM_2, SLICE(BEFORE "\1" NACK "\1\1c" TIME "\1" ID("\5", "\2"))));
    ck_assert(is_refused(RDB_STREAM_2, SLICE(BEFORE "\1" NACK "\1\1c" TIME "\2" ID("\5", "\1") ID("\5", "\1"))));
    ck_assert(is_refused(RDB_STREAM_2, SLICE(BEFORE "\1" NACK "\2\1c" TIME "\1" ID("\5", "\1") "\1d" TIME "\1"
                                             ID("\5", "\1"))));
}
END_TEST

START_TEST(names_that_do_not_ascend_are_refused)
{
    ck_assert(is_refused(RDB_STREAM_2, SLICE(BEFORE "\0\2\1c" TIME "\0\1c" TIME "\0")));
    ck_assert(is_refused(RDB_STREAM_2, SLICE(BEFORE "\0\2\1d" TIME "\0\1c" TIME "\0")));
    ck_assert(is_refused(RDB_STREAM_2, SLICE("\1" NODE_OF_ONE TOTALS_2 "\2" GROUP "\1\0\0" GROUP "\1\0\0")));
}
END_TEST

START_TEST(deleted_entries_are_skipped)
{
    /* two entries; the second is deleted and has its own fields: g=w */
    ck_assert(reads_as(RDB_STREAM, SLICE("\1" NODE("\x2d", "\x11\0\1\1\1\1\1\1\x81" "f\2\0\1" ENTRY
                                                           "\1\1\0\1\1\1\1\1\x81" "g\2\x81" "w\2\6\1") "\1\5\2\0"),
                       "5-1 f=v added 1"));
    /* all entries are deleted */
    ck_assert(reads_as(RDB_STREAM, SLICE("\1" NODE("\x1d", "\x0a\0\0\1\1\1\1\1\x81" "f\2\0\1\3\1\0\1\0\1\x81" "v\2\4\1")
                                         "\0\5\1\0"),
                       "added 0"));
}
END_TEST

START_TEST(wrong_counts_are_refused)
{
    /* entries, deleted ones, elements of an entry, entries of the stream */
    ck_assert(is_refused(RDB_STREAM, SLICE("\1" NODE("\x1d", "\x0a\0\2\1\0\1\1\1\x81" "f\2\0\1" ENTRY) TOTALS "\0")));
    ck_assert(is_refused(RDB_STREAM, SLICE("\1" NODE("\x1d", "\x0a\0\1\1\1\1\1\1\x81" "f\2\0\1" ENTRY) TOTALS "\0")));
    ck_assert(is_refused(RDB_STREAM,
                         SLICE("\1" NODE("\x1d", "\x0a\0" HEAD "\2\1\0\1\0\1\x81" "v\2\5\1") TOTALS "\0")));
    ck_assert(is_refused(RDB_STREAM, SLICE("\1" NODE_OF_ONE "\2\5\1\0")));
    ck_assert(is_refused(RDB_STREAM, SLICE("\0\1\5\1\0")));
    ck_assert(is_refused(RDB_STREAM_2, SLICE("\1" NODE_OF_ONE TOTALS "\5\1\0\0\0\0"))); /* fewer added than there are */
    /* number of fields of the node: more than there are elements, or 0 */
    ck_assert(is_refused(RDB_STREAM, SLICE("\1" NODE("\x1d", "\x0a\0\1\1\0\1\x7f\1\x81" "f\2\0\1" ENTRY) TOTALS "\0")));
    ck_assert(is_refused(RDB_STREAM,
                         SLICE("\1" NODE("\x17", "\x08\0\1\1\0\1\0\1\0\1" "\2\1\0\1\0\1\3\1") TOTALS "\0")));
}
END_TEST

START_TEST(ids_that_do_not_ascend_are_refused)
{
    ck_assert(is_refused(RDB_STREAM, SLICE("\2" NODE_OF_ONE NODE_OF_ONE "\2\5\1\0")));
    ck_assert(is_refused(RDB_STREAM, SLICE("\1" NODE_OF_ONE "\1\5\0\0")));                      /* the last id */
    ck_assert(is_refused(RDB_STREAM_2, SLICE("\1" NODE_OF_ONE TOTALS "\5\1\5\2\1\0")));        /* deleted behind it */
    /* the difference of its id is -1 */
    ck_assert(is_refused(RDB_STREAM, SLICE("\1" NODE("\x1e", "\x0a\0" HEAD "\2\1\0\1\xdf\xff\2\x81" "v\2\4\1")
                                           TOTALS "\0")));
}
END_TEST

START_TEST(a_node_begins_with_an_id_of_16_bytes)
{
    ck_assert(is_refused(RDB_STREAM, SLICE("\1\x0f" "0123456789abcde\x07\x07\0\0\0\0\0\xff\0\0\0\0")));
    ck_assert(is_refused(RDB_STREAM, SLICE("\1\x10" "0123456789abcdef\x07\x07\0\0\0\0\0\xff\0\0\0\0"))); /* empty */
}
END_TEST

START_TEST(truncated_streams_are_refused)
{
    struct slice whole = SLICE("\1" NODE_OF_ONE TOTALS_2 "\1" GROUP "\1\1" NACK "\1\1c" TIME LATER "\1" ID("\5", "\1"));

    ck_assert(!is_refused(RDB_STREAM_3, whole));
    for (size_t n = 0; n < whole.n; n++)
        ck_assert(is_refused(RDB_STREAM_3, slice_of(whole.p, n)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rdb_stream_read");
    TCase *tests = tcase_create("rdb_stream_read");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, streams_of_all_versions_are_read);
    tcase_add_test(tests, groups_of_all_versions_are_read);
    tcase_add_test(tests, negative_times_are_read_as_never);
    tcase_add_test(tests, nacks_without_exactly_one_consumer_are_refused);
    tcase_add_test(tests, names_that_do_not_ascend_are_refused);
    tcase_add_test(tests, deleted_entries_are_skipped);
    tcase_add_test(tests, wrong_counts_are_refused);
    tcase_add_test(tests, ids_that_do_not_ascend_are_refused);
    tcase_add_test(tests, a_node_begins_with_an_id_of_16_bytes);
    tcase_add_test(tests, truncated_streams_are_refused);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
