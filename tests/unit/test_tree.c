/* SPDX-License-Identifier: BSD-3-Clause */
/* tree: elements in order, by score and member, with their ranks. */
#include <math.h>
#include <stdlib.h>

#include "checks.h"
#include "seed.h"
#include "types/tree.h"

#define MAX 5000

static struct element *new_element(double score, const char *member)
{
    struct element *e = element_new(slice_str(member), TREE_REST);

    tree_set_score(e, score);
    return e;
}

static void free_element(struct element *e)
{
    element_free(e, TREE_REST);
}

/* ---- the twin: a sorted array ---- */

static struct element *twin[MAX];
static size_t twins;

static int in_order(const struct element *a, const struct element *b)
{
    double x = tree_score(a), y = tree_score(b);

    return x < y ? -1 : x > y ? 1 : slice_cmp(element_key(a), element_key(b));
}

static void twin_insert(struct element *e)
{
    size_t i = twins++;

    for (; i > 0 && in_order(twin[i - 1], e) > 0; i--)
        twin[i] = twin[i - 1];
    twin[i] = e;
}

static void twin_cut(size_t i, size_t n)
{
    memmove(twin + i, twin + i + n, (twins - i - n) * sizeof *twin);
    twins -= n;
}

static void assert_same(const struct tree *t)
{
    struct tree_walk w;

    ck_assert_uint_eq(tree_count(t), twins);
    tree_walk_begin(&w, t, 0);
    ck_assert_ptr_null(tree_prev(&w));
    for (size_t i = 0; i < twins; i++)
        ck_assert_ptr_eq(tree_next(&w), twin[i]);
    ck_assert_ptr_null(tree_next(&w));
    for (size_t i = twins; i-- > 0;)
        ck_assert_ptr_eq(tree_prev(&w), twin[i]);
    ck_assert_ptr_null(tree_prev(&w));
}

/* Few distinct scores, so that many are equal; some differ in the last digits only. */
static double random_score(void)
{
    static const double special[] = {INFINITY, -INFINITY, 0.0, -0.0, 1e300, -1e-300, 1.5, 1.5000000000000002};
    uint64_t kind = seed_below(10);

    if (kind == 0)
        return special[seed_below(sizeof special / sizeof special[0])];
    if (kind < 5)
        return (double)seed_below(20) - 10;
    return 1e9 + (double)seed_below(1000000) / 1024;
}

static struct element *random_element(void)
{
    static unsigned number;
    char member[32];

    snprintf(member, sizeof member, "%.*s%x", (int)seed_below(12), "aaaaaaaaaaaa", number++ * 2654435761u);
    return new_element(random_score(), member);
}

static size_t twin_before(const struct tree_bound *b)
{
    size_t n = 0;

    for (size_t i = 0; i < twins; i++)
        n += tree_is_before(tree_score(twin[i]), element_key(twin[i]), b);
    return n;
}

static void gone(void *arg, struct element *e)
{
    size_t *next = arg;

    ck_assert_ptr_eq(e, twin[(*next)++]);
    free_element(e);
}

static void step(struct tree *t, unsigned growth)
{
    size_t i = twins > 0 ? seed_below(twins) : 0, n, next = i;
    struct element *e;
    double score;

    if (seed_below(100) < growth && twins < MAX) {
        e = random_element();
        tree_insert(t, e);
        twin_insert(e);
    } else if (twins == 0) {
        return;
    } else if (seed_below(3) == 0) {
        e = twin[i];
        score = seed_below(2) == 0 ? random_score() : tree_score(e) + 0.001;
        tree_move(t, e, score);
        ck_assert(tree_score(e) == score);
        twin_cut(i, 1);
        twin_insert(e);
    } else if (seed_below(50) == 0) {
        n = seed_below(300);
        tree_remove_range(t, i, n, gone, &next);
        twin_cut(i, n < twins - i ? n : twins - i);
    } else {
        e = twin[i];
        tree_remove(t, e);
        twin_cut(i, 1);
        free_element(e);
    }
}

static void look(const struct tree *t)
{
    struct tree_bound b = tree_bound_score(random_score(), seed_below(2));
    size_t i = seed_below(twins + 1);
    struct tree_walk w;

    ck_assert_uint_eq(tree_before(t, &b), twin_before(&b));
    tree_walk_begin(&w, t, i);
    ck_assert_ptr_eq(tree_next(&w), i < twins ? twin[i] : NULL);
    if (i == twins)
        return;
    ck_assert_uint_eq(tree_rank(t, twin[i]), i);
    b = tree_bound_both(random_score(), element_key(twin[i]), seed_below(2));
    ck_assert_uint_eq(tree_before(t, &b), twin_before(&b));
}

START_TEST(random_changes_agree_with_a_sorted_array)
{
    struct tree *t = tree_new();

    seed_start(__func__);
    twins = 0;
    for (unsigned round = 0; round < 60000; round++) {
        step(t, round / 10000 % 2 == 0 ? 80 : 20);
        if (round % 10 == 0)
            look(t);
        if (round % 1000 == 0)
            assert_same(t);
    }
    assert_same(t);
    for (size_t i = 0; i < twins; i++)
        free_element(twin[i]);
    while (!tree_free_part(t, 1))
        ;
}
END_TEST

START_TEST(an_empty_tree_has_no_elements)
{
    struct tree *t = tree_new();
    struct tree_bound b = tree_bound_score(0, true);

    twins = 0;
    assert_same(t);
    ck_assert_uint_eq(tree_before(t, &b), 0);
    tree_remove_range(t, 0, 10, gone, NULL);
    while (!tree_free_part(t, 1))
        ;
}
END_TEST

START_TEST(a_tree_can_be_emptied_and_filled_again)
{
    struct tree *t = tree_new();

    twins = 0;
    for (int round = 0; round < 3; round++) {
        size_t next = 0;

        for (int i = 0; i < 3000; i++) {
            twin_insert(new_element(i, "m"));
            tree_insert(t, twin[twins - 1]);
        }
        assert_same(t);
        tree_remove_range(t, 0, 3000, gone, &next);
        twins = 0;
        assert_same(t);
    }
    while (!tree_free_part(t, 1))
        ;
}
END_TEST

START_TEST(equal_scores_are_ordered_by_the_bytes_of_the_member)
{
    static const char *const members[] = {"", "A", "a", "aa", "ab", "b", "\xc3\xa4"};
    struct tree *t = tree_new();
    struct tree_bound b;

    twins = 0;
    for (size_t i = 0; i < 7; i++)
        twin[twins++] = new_element(i % 2 == 0 ? 0.0 : -0.0, members[i]);
    for (size_t i = 7; i-- > 0;)
        tree_insert(t, twin[i * 3 % 7]);
    assert_same(t);
    b = tree_bound_member(SLICE("aa"), false);
    ck_assert_uint_eq(tree_before(t, &b), 3);
    b = tree_bound_member(SLICE("aa"), true);
    ck_assert_uint_eq(tree_before(t, &b), 4);
    b = tree_bound_member(SLICE("az"), true);
    ck_assert_uint_eq(tree_before(t, &b), 5);
    for (size_t i = 0; i < 7; i++)
        free_element(twin[i]);
    while (!tree_free_part(t, 1))
        ;
}
END_TEST

/* ---- many ---- */

#define MANY 300000

static struct element *many[MANY];

static size_t many_index(int order, size_t i)
{
    return order == 0 ? i : order == 1 ? MANY - 1 - i : i * 7919 % MANY;
}

START_TEST(nodes_take_at_most_20_bytes_per_element)
{
    struct tree *t = tree_new();
    char member[16];

    for (size_t i = 0; i < MANY; i++) {
        snprintf(member, sizeof member, "%08zu", i);
        many[i] = new_element((double)(i / 2), member);
    }
    for (size_t i = 0; i < MANY; i++)
        tree_insert(t, many[many_index(_i, i)]);
    printf("%s %d: %.1f bytes for each of %zu\n", __func__, _i, (double)tree_bytes(t) / MANY, tree_count(t));
    ck_assert_uint_le(tree_bytes(t), (size_t)MANY * 20);
    for (size_t i = 0; i < MANY; i += 97)
        ck_assert_uint_eq(tree_rank(t, many[i]), i);
    for (size_t i = 0; i < MANY; i++)
        if (i % 100 != 0)
            tree_remove(t, many[many_index((_i + 1) % 3, i)]);
    ck_assert_uint_eq(tree_count(t), MANY / 100);
    ck_assert_uint_le(tree_bytes(t), (size_t)MANY / 100 * 45);
    while (!tree_free_part(t, 1))
        ;
    for (size_t i = 0; i < MANY; i++)
        free_element(many[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tree");
    TCase *model = tcase_create("model"), *size = tcase_create("size");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(model, an_empty_tree_has_no_elements);
    tcase_add_test(model, a_tree_can_be_emptied_and_filled_again);
    tcase_add_test(model, equal_scores_are_ordered_by_the_bytes_of_the_member);
    tcase_add_test(model, random_changes_agree_with_a_sorted_array);
    tcase_set_timeout(model, 120);
    suite_add_tcase(suite, model);
    tcase_add_loop_test(size, nodes_take_at_most_20_bytes_per_element, 0, 3);
    tcase_set_timeout(size, 120);
    suite_add_tcase(suite, size);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
