/* SPDX-License-Identifier: BSD-3-Clause */
/* types/hash in all its forms (test_hash is the test of base/hash). */
#include <stdlib.h>

#include "account.h"
#include "base/hash.h"
#include "checks.h"
#include "seed.h"
#include "types/hash.h"

static const struct value_limits FLAT = {.entries = 1000, .bytes = 1000};
static const struct value_limits LARGE = {.entries = 0, .bytes = 0};

static void discard(struct value *v)
{
    if (v->form == VALUE_LARGE)
        hash_large_free(v->large);
    flat_fini(&v->flat);
}

static void check_field(const struct value *v, const char *field, const char *value)
{
    struct listpack_digits d;
    struct slice s;

    ck_assert_int_eq(hash_has(v, slice_str(field)), value != NULL);
    ck_assert_int_eq(hash_get(v, slice_str(field), &s, &d), value != NULL);
    if (value != NULL)
        ck_assert(slice_eq(s, slice_str(value)));
}

/* Checks that apply to every form. */
static void check_basics(struct value_limits limits)
{
    struct value v = value_new(limits);

    ck_assert_uint_eq(hash_count(&v), 0);
    check_field(&v, "a", NULL);
    ck_assert(!hash_remove(&v, SLICE("a")));
    ck_assert(hash_set(&v, SLICE("a"), SLICE("one")));
    ck_assert(hash_set(&v, SLICE(""), SLICE("")));
    ck_assert(hash_set(&v, SLICE("17"), SLICE("-5")));
    ck_assert(!hash_set(&v, SLICE("a"), SLICE("a longer value than it was")));
    ck_assert_uint_eq(hash_count(&v), 3);
    check_field(&v, "a", "a longer value than it was");
    check_field(&v, "", "");
    check_field(&v, "17", "-5");
    check_field(&v, "one", NULL);
    ck_assert(hash_remove(&v, SLICE("a")));
    ck_assert(!hash_remove(&v, SLICE("a")));
    ck_assert(hash_remove(&v, SLICE("")));
    ck_assert(hash_remove(&v, SLICE("17")));
    ck_assert(value_is_empty(&v));
    discard(&v);
}

START_TEST(flat_hashes_store_fields)
{
    check_basics(FLAT);
}
END_TEST

START_TEST(large_hashes_store_fields)
{
    check_basics(LARGE);
}
END_TEST

START_TEST(a_hash_becomes_large_beyond_its_limits)
{
    struct value v = value_new((struct value_limits){.entries = 2, .bytes = 5});

    hash_set(&v, SLICE("a"), SLICE("12345"));
    hash_set(&v, SLICE("b"), SLICE("2"));
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    hash_set(&v, SLICE("c"), SLICE("3"));
    ck_assert_int_eq(v.form, VALUE_LARGE);
    check_field(&v, "a", "12345");
    check_field(&v, "c", "3");
    discard(&v);
    v = value_new((struct value_limits){.entries = 2, .bytes = 5});
    hash_set(&v, SLICE("a"), SLICE("1"));
    hash_set(&v, SLICE("a"), SLICE("123456"));
    ck_assert_int_eq(v.form, VALUE_LARGE);
    check_field(&v, "a", "123456");
    discard(&v);
}
END_TEST

/* Checks of expiry that apply to every form. */
static void check_expiry(struct value_limits limits)
{
    struct value v = value_new(limits);
    int64_t expire = -1;

    hash_set(&v, SLICE("a"), SLICE("1"));
    hash_set(&v, SLICE("b"), SLICE("2"));
    hash_set_until(&v, SLICE("c"), SLICE("3"), 300);
    ck_assert_int_eq(hash_next_due(&v), 300);
    hash_set_expiry(&v, SLICE("b"), 200);
    ck_assert_int_eq(hash_next_due(&v), 200);
    ck_assert(hash_expiry(&v, SLICE("a"), &expire));
    ck_assert_int_eq(expire, 0);
    ck_assert(hash_expiry(&v, SLICE("b"), &expire));
    ck_assert_int_eq(expire, 200);
    ck_assert(!hash_expiry(&v, SLICE("x"), &expire));
    hash_set_until(&v, SLICE("c"), SLICE("another"), HASH_KEEP);
    ck_assert(hash_expiry(&v, SLICE("c"), &expire));
    ck_assert_int_eq(expire, 300);

    v.now = 200;
    ck_assert_uint_eq(hash_count(&v), 2);
    check_field(&v, "b", NULL);
    ck_assert(!hash_remove(&v, SLICE("b")));
    ck_assert(hash_set_until(&v, SLICE("b"), SLICE("new"), HASH_KEEP));
    ck_assert(hash_expiry(&v, SLICE("b"), &expire));
    ck_assert_int_eq(expire, 0);

    ck_assert_uint_eq(hash_purge(&v, 299, 10), 0);
    ck_assert_uint_eq(hash_purge(&v, 300, 10), 1);
    ck_assert_int_eq(hash_next_due(&v), 0);
    check_field(&v, "a", "1");
    check_field(&v, "b", "new");
    hash_set_expiry(&v, SLICE("a"), 400);
    hash_set_expiry(&v, SLICE("b"), 400);
    ck_assert_uint_eq(hash_purge(&v, 400, 1), 1);
    ck_assert(!value_is_empty(&v));
    ck_assert_uint_eq(hash_purge(&v, 400, 1), 1);
    ck_assert(value_is_empty(&v));
    discard(&v);
}

START_TEST(fields_of_a_flat_hash_expire)
{
    check_expiry(FLAT);
}
END_TEST

START_TEST(fields_of_a_large_hash_expire)
{
    check_expiry(LARGE);
}
END_TEST

START_TEST(setting_a_field_clears_its_expiry)
{
    for (int large = 0; large < 2; large++) {
        struct value v = value_new(large ? LARGE : FLAT);
        int64_t expire;

        hash_set_until(&v, SLICE("a"), SLICE("1"), 100);
        ck_assert(!hash_set(&v, SLICE("a"), SLICE("2")));
        ck_assert(hash_expiry(&v, SLICE("a"), &expire));
        ck_assert_int_eq(expire, 0);
        discard(&v);
    }
}
END_TEST

START_TEST(expiries_survive_the_conversion_to_large)
{
    struct value v = value_new((struct value_limits){.entries = 2, .bytes = 9});
    int64_t expire;

    hash_set_until(&v, SLICE("a"), SLICE("1"), 100);
    hash_set_until(&v, SLICE("b"), SLICE("2"), 50);
    v.now = 60;
    hash_set(&v, SLICE("c"), SLICE("longer than nine"));
    ck_assert_int_eq(v.form, VALUE_LARGE);
    ck_assert_uint_eq(hash_count(&v), 2);
    ck_assert(hash_expiry(&v, SLICE("a"), &expire));
    ck_assert_int_eq(expire, 100);
    ck_assert_int_eq(hash_next_due(&v), 50);
    discard(&v);
}
END_TEST

/* ---- the model ---- */

#define NAMES 300
#define MANY  200000

/* A hash as an array: a field is its index, with or without an "f", so that some are numbers. */
struct twin {
    char value[NAMES][220];
    int64_t expire[NAMES];
    bool is_in[NAMES];
};

static struct slice name_of(int i, char *text)
{
    return slice_of(text, (size_t)sprintf(text, i % 3 == 0 ? "%d" : "field-%d", i));
}

static struct slice random_value(char *text, bool allow_long)
{
    size_t n = seed_below(allow_long ? 200 : 12);

    if (seed_below(3) == 0)
        return slice_of(text, (size_t)sprintf(text, "%lld", (long long)(seed_u64() >> seed_below(64))));
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('a' + seed_below(26));
    text[n] = 0;
    return slice_of(text, n);
}

static bool twin_has(const struct twin *t, int i, int64_t now)
{
    return t->is_in[i] && (t->expire[i] == 0 || t->expire[i] > now);
}

static int64_t twin_next_due(const struct twin *t)
{
    int64_t least = 0;

    for (int i = 0; i < NAMES; i++)
        if (t->is_in[i] && t->expire[i] != 0 && (least == 0 || t->expire[i] < least))
            least = t->expire[i];
    return least;
}

static size_t twin_count(const struct twin *t, int64_t now)
{
    size_t n = 0;

    for (int i = 0; i < NAMES; i++)
        n += twin_has(t, i, now);
    return n;
}

/* A walk returns each field of the twin once, with its value and its expiry. */
static void check_walk(const struct value *v, const struct twin *t)
{
    bool seen[NAMES] = {false};
    struct slice field, value;
    struct hash_walk w;
    size_t n = 0;

    for (hash_walk_begin(&w, v); hash_walk_next(&w, &field, &value); n++) {
        const char *digits = field.n > 6 && memcmp(field.p, "field-", 6) == 0 ? field.p + 6 : field.p;
        char text[32] = {0};
        int i;

        memcpy(text, digits, (size_t)(field.p + field.n - digits));
        i = atoi(text);
        ck_assert(!seen[i] && twin_has(t, i, v->now));
        seen[i] = true;
        ck_assert(slice_eq(value, slice_str(t->value[i])));
        ck_assert_int_eq(w.expire, t->expire[i]);
    }
    ck_assert_uint_eq(n, twin_count(t, v->now));
    ck_assert_uint_eq(hash_count(v), n);
    ck_assert_int_eq(hash_next_due(v), twin_next_due(t));
}

static void model_set(struct value *v, struct twin *t, int i, bool allow_long)
{
    static const char ways[] = {'0', '0', 'k', 'e'};
    char name[32], text[220];
    char way = ways[seed_below(sizeof ways)];
    bool was_there = twin_has(t, i, v->now);
    struct slice value = random_value(text, allow_long);
    int64_t expire = way == '0' ? 0 : way == 'k' ? HASH_KEEP : v->now + 1 + (int64_t)seed_below(400);

    ck_assert_int_eq(hash_set_until(v, name_of(i, name), value, expire), !was_there);
    if (way != 'k')
        t->expire[i] = expire;
    else if (!was_there)
        t->expire[i] = 0;
    t->is_in[i] = true;
    strcpy(t->value[i], text);
}

static void model_purge(struct value *v, struct twin *t)
{
    size_t most = 1 + seed_below(40), due = 0, gone;

    for (int i = 0; i < NAMES; i++)
        due += t->is_in[i] && !twin_has(t, i, v->now);
    gone = hash_purge(v, v->now, most);
    ck_assert_uint_eq(gone, due < most ? due : most);
    for (; gone > 0; gone--) { /* the earliest first; fields with equal expiries in any order, so only whole ticks can
                                * be compared */
        int64_t least = twin_next_due(t);
        int i = 0;

        while (!t->is_in[i] || t->expire[i] != least)
            i++;
        t->is_in[i] = false;
    }
}

static void model_look(const struct value *v, const struct twin *t, int i)
{
    char name[32];
    struct listpack_digits d;
    struct slice value;
    int64_t expire;
    bool there = twin_has(t, i, v->now);

    ck_assert_int_eq(hash_get(v, name_of(i, name), &value, &d), there);
    ck_assert_int_eq(hash_expiry(v, name_of(i, name), &expire), there);
    if (there) {
        ck_assert(slice_eq(value, slice_str(t->value[i])));
        ck_assert_int_eq(expire, t->expire[i]);
    }
}

static void model_step(struct value *v, struct twin *t, bool allow_long, bool growing)
{
    int i = (int)seed_below(NAMES);
    char name[32];

    switch (seed_below(growing ? 8 : 5)) {
    case 0:
    case 1:
        ck_assert_int_eq(hash_remove(v, name_of(i, name)), twin_has(t, i, v->now));
        if (twin_has(t, i, v->now))
            t->is_in[i] = false;
        break;
    case 2:
        if (!twin_has(t, i, v->now))
            break;
        t->expire[i] = seed_below(3) == 0 ? 0 : v->now + 1 + (int64_t)seed_below(400);
        hash_set_expiry(v, name_of(i, name), t->expire[i]);
        break;
    case 3:
        model_look(v, t, i);
        break;
    default:
        model_set(v, t, i, allow_long);
    }
}

/* Expired fields are all purged before a comparison, since among equal expiries any may be removed first. */
static void run_model(struct value_limits limits, bool allow_long)
{
    struct twin *t = calloc(1, sizeof *t);
    struct value v = value_new(limits);
    bool form_seen[VALUE_LISTPACK_EX + 1] = {false};
    size_t before = mem_used();

    v.now = 1;
    for (int round = 0; round < 40000; round++) {
        model_step(&v, t, allow_long, round / 1000 % 2 == 0);
        v.now += seed_below(40) == 0;
        if (seed_below(300) == 0) {
            v.now += (int64_t)seed_below(100);
            while (hash_next_due(&v) != 0 && hash_next_due(&v) <= v.now)
                model_purge(&v, t);
        }
        if (!value_is_empty(&v))
            form_seen[v.form] = true;
        if (round % 50 == 0)
            check_walk(&v, t);
        if (value_is_empty(&v))
            ck_assert_uint_eq(twin_count(t, 0), 0);
        account_check_value(before, &v, hash_large_bytes);
    }
    ck_assert(form_seen[limits.entries < 10 ? VALUE_LARGE : VALUE_LISTPACK_EX]);
    discard(&v);
    account_check(before, 0);
    free(t);
}

START_TEST(random_changes_of_a_flat_hash_agree_with_an_array)
{
    seed_start(__func__);
    run_model(FLAT, true);
}
END_TEST

START_TEST(random_changes_of_a_hash_that_grows_agree_with_an_array)
{
    seed_start(__func__);
    for (int round = 0; round < 3; round++)
        run_model((struct value_limits){.entries = 1 + seed_below(8), .bytes = 12 + seed_below(60)}, true);
}
END_TEST

START_TEST(a_copy_is_equal_and_separate)
{
    struct value v = value_new(LARGE), copy = value_new(LARGE);
    int64_t expire;

    for (int i = 0; i < 1000; i++) {
        char name[32];

        hash_set_until(&v, name_of(i, name), name_of(i, name), i % 2 ? 1000 + i : 0);
    }
    value_enlarge(&copy, hash_large_copy(v.large));
    ck_assert_uint_eq(hash_large_bytes(copy.large), hash_large_bytes(v.large));
    discard(&v);
    ck_assert_uint_eq(hash_count(&copy), 1000);
    check_field(&copy, "field-997", "field-997");
    ck_assert(hash_expiry(&copy, SLICE("field-997"), &expire));
    ck_assert_int_eq(expire, 1997);
    discard(&copy);
}
END_TEST

/* ---- scans, draws, bytes ---- */

static void count_visit(void *arg, struct slice field, struct slice value)
{
    unsigned *seen = arg;
    char text[32] = {0};

    (void)value;
    memcpy(text, field.p, field.n);
    seen[atoi(text)]++;
}

START_TEST(a_scan_visits_all_fields_that_are_not_removed)
{
    static unsigned seen[20000];
    struct value v = value_new(LARGE);
    uint64_t at = 0;
    char name[32];
    int n = 1000;

    for (int i = 0; i < n; i++)
        hash_set(&v, slice_of(name, (size_t)sprintf(name, "%d", i)), SLICE("v"));
    do {
        at = hash_scan(&v, at, count_visit, seen);
        if (n < 20000)
            hash_set(&v, slice_of(name, (size_t)sprintf(name, "%d", n++)), SLICE("v"));
    } while (at != 0);
    for (int i = 0; i < 1000; i++)
        ck_assert_uint_ge(seen[i], 1);
    discard(&v);
}
END_TEST

static bool draw_visit(void *arg, struct slice field, struct slice value)
{
    count_visit(arg, field, value);
    return true;
}

/* Draws n of `count` fields, some of them expired, `times` times. No field may come too often, none twice in one draw
 * if they are to be distinct, and no expired one. */
static void check_draws(struct value_limits limits, int count, int due, uint64_t n, bool distinct)
{
    struct value v = value_new(limits);
    unsigned seen[400] = {0}, times = 3000;
    double expected = (double)(times * n) / (count - due);

    for (int i = 0; i < count; i++) {
        char name[32];

        hash_set_until(&v, slice_of(name, (size_t)sprintf(name, "%d", i)), SLICE("v"), i < due ? 10 : 0);
    }
    v.now = 10;
    for (unsigned round = 0; round < times; round++) {
        unsigned once[400] = {0}, all = 0, most = 0;

        hash_draw(&v, n, distinct, draw_visit, once);
        for (int i = 0; i < count; i++) {
            most = once[i] > most ? once[i] : most;
            seen[i] += once[i];
            all += once[i];
        }
        ck_assert(most <= 1 || !distinct);
        ck_assert_uint_eq(all, n);
    }
    for (int i = 0; i < count; i++)
        if (i < due)
            ck_assert_uint_eq(seen[i], 0);
        else
            ck_assert(seen[i] > expected * 0.5 - 20 && seen[i] < expected * 1.5 + 20);
    discard(&v);
}

START_TEST(draws_are_fair)
{
    for (int large = 0; large < 2; large++) {
        struct value_limits limits = large ? LARGE : FLAT;

        check_draws(limits, 40, 0, 1, true);
        check_draws(limits, 40, 10, 1, false);
        check_draws(limits, 40, 0, 60, false);
        check_draws(limits, 40, 10, 10, true);
        check_draws(limits, 40, 10, 30, true);
        check_draws(limits, 400, 20, 20, true);
    }
}
END_TEST

START_TEST(many_fields_take_at_most_55_bytes_each)
{
    struct value v = value_new(LARGE);
    char name[32];
    size_t before = mem_used();

    for (int i = 0; i < MANY; i++)
        hash_set(&v, slice_of(name, (size_t)sprintf(name, "field-%06d", i)), SLICE("sixteen bytes ..."));
    ck_assert_uint_le(mem_used() - before, 55 * MANY);
    account_check_value(before, &v, hash_large_bytes);
    for (int i = 0; i < MANY; i++)
        ck_assert(hash_remove(&v, slice_of(name, (size_t)sprintf(name, "field-%06d", i))));
    ck_assert(value_is_empty(&v));
    discard(&v);
    account_check(before, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hash");
    TCase *tests = tcase_create("hash");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_add_test(tests, flat_hashes_store_fields);
    tcase_add_test(tests, large_hashes_store_fields);
    tcase_add_test(tests, a_hash_becomes_large_beyond_its_limits);
    tcase_add_test(tests, fields_of_a_flat_hash_expire);
    tcase_add_test(tests, fields_of_a_large_hash_expire);
    tcase_add_test(tests, setting_a_field_clears_its_expiry);
    tcase_add_test(tests, expiries_survive_the_conversion_to_large);
    tcase_add_test(tests, random_changes_of_a_flat_hash_agree_with_an_array);
    tcase_add_test(tests, random_changes_of_a_hash_that_grows_agree_with_an_array);
    tcase_add_test(tests, a_copy_is_equal_and_separate);
    tcase_add_test(tests, a_scan_visits_all_fields_that_are_not_removed);
    tcase_add_test(tests, draws_are_fair);
    tcase_add_test(tests, many_fields_take_at_most_55_bytes_each);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
