/* SPDX-License-Identifier: BSD-3-Clause */
/* stream: random operations against an array of entries, with small nodes and extreme ids. */
#include <stdio.h>

#include "account.h"
#include "checks.h"
#include "seed.h"
#include "streams.h"
#include "types/stream_group.h"

#define ENTRIES_MAX 600
#define FIELDS_MAX  4
#define WORD_MAX    200

/* ---- the twin ---- */

struct twin_entry {
    struct stream_id id;
    size_t fields;
    char words[2 * FIELDS_MAX][WORD_MAX];
    size_t lengths[2 * FIELDS_MAX];
};

struct twin {
    struct twin_entry entries[ENTRIES_MAX];
    size_t count;
    struct stream_id max_deleted;
};

static void twin_remove(struct twin *t, size_t i, size_t n)
{
    memmove(&t->entries[i], &t->entries[i + n], (t->count - i - n) * sizeof *t->entries);
    t->count -= n;
}

/* ---- random things ---- */

static size_t some_word(char *p)
{
    static const char *const words[] = {"", "0", "-1", "7", "9223372036854775807", "-9223372036854775808",
                                        "9223372036854775808", "007", "-0", "12345", "temperature", "humidity", "1e3"};
    const char *word = words[seed_below(sizeof words / sizeof *words)];
    size_t n = seed_below(seed_below(10) == 0 ? WORD_MAX : 20);

    if (seed_below(3) == 0) {
        seed_bytes(p, n);
        return n;
    }
    memcpy(p, word, strlen(word));
    return strlen(word);
}

static void some_pairs(struct twin_entry *e, const struct twin_entry *before)
{
    bool same = before != NULL && seed_below(4) != 0;

    e->fields = same ? before->fields : 1 + seed_below(FIELDS_MAX);
    for (size_t i = 0; i < 2 * e->fields; i++) {
        if (same && i % 2 == 0) {
            memcpy(e->words[i], before->words[i], before->lengths[i]);
            e->lengths[i] = before->lengths[i];
        } else {
            e->lengths[i] = some_word(e->words[i]);
        }
    }
}

/* A higher id: near, far, or the maximum. */
static struct stream_id some_id_above(struct stream_id id)
{
    struct stream_id to = id;

    switch (seed_below(8)) {
    case 0:
        to.ms += seed_below(3);
        to.seq = to.ms == id.ms ? id.seq + 1 : seed_below(2) ? seed_u64() : 0;
        break;
    case 1:
        to.ms += seed_u64() >> (1 + seed_below(63));
        to.seq = seed_u64() >> seed_below(64);
        break;
    case 2:
        to.seq += seed_u64() >> (1 + seed_below(63));
        break;
    default:
        to.seq += 1 + seed_below(3);
        break;
    }
    return stream_id_compare(to, id) > 0 ? to : id;
}

static struct stream_id some_id(const struct twin *t)
{
    struct stream_id id = STREAM_ID_MIN;

    if (seed_below(10) == 0)
        return (struct stream_id){seed_u64() >> seed_below(64), seed_u64() >> seed_below(64)};
    if (t->count > 0)
        id = t->entries[seed_below(t->count)].id;
    if (seed_below(3) == 0)
        stream_id_next(&id);
    else if (seed_below(3) == 0)
        stream_id_prev(&id);
    return id;
}

/* ---- compared ---- */

static void is_entry(struct stream_walk *w, uint64_t fields, const struct twin_entry *e)
{
    size_t asked = seed_below(4) == 0 ? seed_below(e->fields + 1) : e->fields;
    struct slice field, value;

    ck_assert_uint_eq(fields, e->fields);
    for (size_t i = 0; i < asked; i++) {
        ck_assert(stream_walk_pair(w, &field, &value));
        ck_assert(slice_eq(field, slice_of(e->words[2 * i], e->lengths[2 * i])));
        ck_assert(slice_eq(value, slice_of(e->words[2 * i + 1], e->lengths[2 * i + 1])));
    }
    if (asked == e->fields)
        ck_assert(!stream_walk_pair(w, &field, &value));
}

static void is_range(const struct stream *s, const struct twin *t, struct stream_id from, struct stream_id to,
                     bool reverse)
{
    struct stream_walk w;
    struct stream_id id;
    uint64_t fields;

    stream_walk_begin(&w, s, from, to, reverse);
    for (size_t k = 0; k < t->count; k++) {
        const struct twin_entry *e = &t->entries[reverse ? t->count - 1 - k : k];

        if (stream_id_compare(e->id, from) < 0 || stream_id_compare(e->id, to) > 0)
            continue;
        ck_assert(stream_walk_next(&w, &id, &fields));
        ck_assert_int_eq(stream_id_compare(id, e->id), 0);
        is_entry(&w, fields, e);
    }
    ck_assert(!stream_walk_next(&w, &id, &fields));
    ck_assert(!stream_walk_next(&w, &id, &fields));
}

static void is_same(const struct stream *s, const struct twin *t)
{
    struct stream_id none = STREAM_ID_MIN;

    ck_assert_uint_eq(s->count, t->count);
    ck_assert_int_eq(stream_id_compare(stream_first_id(s), t->count ? t->entries[0].id : none), 0);
    ck_assert_int_eq(stream_id_compare(stream_last_id(s), t->count ? t->entries[t->count - 1].id : none), 0);
    ck_assert_int_eq(stream_id_compare(s->max_deleted, t->max_deleted), 0);
    is_range(s, t, STREAM_ID_MIN, STREAM_ID_MAX, seed_below(2));
    is_range(s, t, some_id(t), some_id(t), seed_below(2));
}

/* ---- steps ---- */

static void add(struct stream *s, struct twin *t, const struct value_limits *most)
{
    struct twin_entry *e = &t->entries[t->count];
    struct slice pairs[2 * FIELDS_MAX];

    e->id = some_id_above(s->last);
    if (t->count == ENTRIES_MAX - 1 || stream_id_compare(e->id, s->last) <= 0)
        return;
    some_pairs(e, t->count ? e - 1 : NULL);
    for (size_t i = 0; i < 2 * e->fields; i++)
        pairs[i] = slice_of(e->words[i], e->lengths[i]);
    ck_assert(stream_append(s, e->id, pairs, e->fields, most));
    t->count++;
}

static void take_one(struct stream *s, struct twin *t, struct stream_emptied *emptied)
{
    struct stream_id id = some_id(t);
    size_t i = 0;

    while (i < t->count && stream_id_compare(t->entries[i].id, id) != 0)
        i++;
    ck_assert(stream_remove(s, id, emptied) == (i < t->count));
    if (i == t->count)
        return;
    twin_remove(t, i, 1);
    if (stream_id_compare(id, t->max_deleted) > 0)
        t->max_deleted = id;
}

/* Removes up to four entries at once. */
static void take(struct stream *s, struct twin *t)
{
    struct stream_emptied emptied = {0};
    struct stream_id id = some_id(t);
    size_t i = 0;

    while (i < t->count && stream_id_compare(t->entries[i].id, id) != 0)
        i++;
    ck_assert(stream_has(s, id) == (i < t->count));
    for (size_t n = seed_below(5); n > 0; n--)
        take_one(s, t, &emptied);
    stream_remove_emptied(s, &emptied);
}

static void trim(struct stream *s, struct twin *t)
{
    struct stream_trim how = {.by_id = seed_below(2), .length = seed_below(t->count + 10), .min_id = some_id(t)};
    size_t all = 0, gone;

    while (all < t->count &&
           (how.by_id ? stream_id_compare(t->entries[all].id, how.min_id) < 0 : t->count - all > how.length))
        all++;
    how.is_approximate = seed_below(2);
    how.limit = how.is_approximate ? seed_below(20) : 0;
    gone = stream_trim(s, &how);
    if (how.is_approximate) {
        ck_assert_uint_le(gone, all);
        ck_assert(how.limit == 0 || gone <= how.limit);
    } else {
        ck_assert_uint_eq(gone, all);
    }
    twin_remove(t, 0, gone);
}

static void copied(const struct stream *s, const struct twin *t)
{
    struct stream *copy = stream_copy(s);

    is_same(copy, t);
    ck_assert_uint_le(stream_large_bytes(copy), stream_large_bytes(s) + sizeof(struct stream_node));
    free_stream(copy);
}

static void one_round(void)
{
    static struct twin t;
    struct value_limits most = {.entries = seed_below(8), .bytes = seed_below(2) ? 0 : 40 + seed_below(400)};
    size_t before = mem_used();
    struct stream *s = stream_new();

    t = (struct twin){0};
    for (int step = 0; step < 600; step++) {
        uint64_t what = seed_below(40);

        if (what < 30)
            add(s, &t, &most);
        else if (what < 37)
            take(s, &t);
        else if (what < 38)
            trim(s, &t);
        if (seed_below(16) == 0)
            is_same(s, &t);
        account_check(before, stream_large_bytes(s));
    }
    copied(s, &t);
    ck_assert_uint_eq(stream_large_count(s), t.count);
    free_stream(s);
    account_check(before, 0);
}

START_TEST(random_changes_agree_with_an_array_of_entries)
{
    seed_start("random_changes_agree_with_an_array_of_entries");
    for (int round = 0; round < 150; round++)
        one_round();
}
END_TEST

/* ---- nodes ---- */

static const struct slice pair[] = {{"field", 5}, {"a value of 16 b.", 16}};

static struct stream *made(uint64_t n, struct value_limits most)
{
    struct stream *s = stream_new();

    for (uint64_t i = 1; i <= n; i++)
        ck_assert(stream_append(s, (struct stream_id){1700000000000 + i / 10, i}, pair, 1, &most));
    return s;
}

START_TEST(a_node_holds_as_many_entries_as_in_redis)
{
    struct stream *s = made(1000, (struct value_limits){.entries = 100, .bytes = 4096});

    ck_assert_uint_eq(stream_node_count(s), 10);
    free_stream(s);
    s = made(1000, (struct value_limits){.entries = 0, .bytes = 0});
    ck_assert_uint_eq(stream_node_count(s), 1);
    free_stream(s);
}
END_TEST

/* XDEL of one id. */
static bool remove_one(struct stream *s, struct stream_id id)
{
    struct stream_emptied emptied = {0};
    bool removed = stream_remove(s, id, &emptied);

    stream_remove_emptied(s, &emptied);
    return removed;
}

START_TEST(removed_entries_still_count_against_the_limit_of_their_node)
{
    struct stream *s = made(99, (struct value_limits){.entries = 100, .bytes = 4096});

    for (uint64_t i = 1; i <= 98; i++)
        ck_assert(remove_one(s, (struct stream_id){1700000000000 + i / 10, i}));
    for (uint64_t i = 0; i < 2; i++)
        stream_append(s, (struct stream_id){1800000000000, i}, pair, 1, &(struct value_limits){.entries = 100});
    ck_assert_uint_eq(stream_node_count(s), 2);
    free_stream(s);
}
END_TEST

START_TEST(a_short_entry_takes_at_most_24_bytes)
{
    struct stream *s = made(100000, (struct value_limits){.entries = 100, .bytes = 4096});

    ck_assert_uint_le(stream_large_bytes(s) / 100000, 24);
    free_stream(s);
    s = made(1, (struct value_limits){.entries = 100, .bytes = 4096});
    ck_assert_uint_le(stream_large_bytes(s), 320);
    free_stream(s);
}
END_TEST

START_TEST(trimming_at_the_front_moves_no_entry)
{
    struct value_limits most = {.entries = 100};
    struct stream_trim how = {.length = 10};
    struct stream *s = made(20, most);
    const struct stream_node *n = records_at(&s->nodes, 0, sizeof *n);
    const char *end = stream_node_end(n), *block = n->block;

    ck_assert_uint_eq(stream_trim(s, &how), 10);
    ck_assert_ptr_eq(n->block, block);
    ck_assert_ptr_eq(stream_node_end(n), end);
    free_stream(s);
}
END_TEST

START_TEST(approximate_trimming_removes_whole_nodes)
{
    struct stream_trim how = {.length = 150, .is_approximate = true};
    struct stream *s = made(1000, (struct value_limits){.entries = 100});

    ck_assert_uint_eq(stream_trim(s, &how), 800);
    ck_assert_uint_eq(s->count, 200);
    how = (struct stream_trim){.by_id = true, .min_id = STREAM_ID_MAX, .is_approximate = true, .limit = 150};
    ck_assert_uint_eq(stream_trim(s, &how), 100);
    free_stream(s);
}
END_TEST

/* ---- numbers ---- */

START_TEST(the_number_of_an_entry_is_known_if_no_later_one_was_deleted)
{
    struct stream *s = made(100, (struct value_limits){.entries = 10});
    struct stream_trim how = {.length = 90};
    struct stream_id id = {1700000000000 + 5, 50};

    ck_assert_int_eq(stream_number_of(s, STREAM_ID_MIN), 0);
    ck_assert_int_eq(stream_number_of(s, stream_first_id(s)), 1);
    ck_assert_int_eq(stream_number_of(s, id), -1);
    stream_trim(s, &how);
    ck_assert_int_eq(stream_number_of(s, stream_first_id(s)), 11);
    ck_assert_int_eq(stream_number_of(s, s->last), 100);
    ck_assert_int_eq(stream_number_of(s, STREAM_ID_MAX), -1);
    ck_assert(!stream_has_gap(s, STREAM_ID_MIN));
    remove_one(s, id);
    ck_assert(stream_has_gap(s, STREAM_ID_MIN));
    ck_assert(stream_has_gap(s, id));
    stream_id_next(&id);
    ck_assert(!stream_has_gap(s, id));
    ck_assert_int_eq(stream_number_of(s, stream_first_id(s)), -1);
    how.length = 0;
    stream_trim(s, &how);
    ck_assert_int_eq(stream_number_of(s, STREAM_ID_MIN), 100);
    free_stream(s);
}
END_TEST

START_TEST(an_entry_that_is_too_large_is_refused)
{
    char *huge = mem_zalloc(STREAM_ENTRY_MAX);
    struct slice pairs[2] = {slice_of(huge, STREAM_ENTRY_MAX), SLICE("1")};
    struct stream *s = stream_new();

    ck_assert(!stream_append(s, (struct stream_id){1, 1}, pairs, 1, &(struct value_limits){0}));
    ck_assert_uint_eq(s->added, 0);
    mem_free(huge);
    free_stream(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream");
    TCase *tests = tcase_create("stream");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, random_changes_agree_with_an_array_of_entries);
    tcase_add_test(tests, a_node_holds_as_many_entries_as_in_redis);
    tcase_add_test(tests, removed_entries_still_count_against_the_limit_of_their_node);
    tcase_add_test(tests, a_short_entry_takes_at_most_24_bytes);
    tcase_add_test(tests, trimming_at_the_front_moves_no_entry);
    tcase_add_test(tests, approximate_trimming_removes_whole_nodes);
    tcase_add_test(tests, the_number_of_an_entry_is_known_if_no_later_one_was_deleted);
    tcase_add_test(tests, an_entry_that_is_too_large_is_refused);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
