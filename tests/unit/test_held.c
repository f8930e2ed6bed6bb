/* SPDX-License-Identifier: BSD-3-Clause */
/* held: bytes of a connection that did not make a request yet, or whose request has to wait. */
#include <stdlib.h>

#include "base/mem.h"
#include "checks.h"
#include "net/held.h"
#include "seed.h"

static const struct parser_limits limits = {.bulk = 512 << 20, .authenticated = true};
static struct parser worker; /* stands for the one of the worker */
static size_t before;

static void set_up(void)
{
    before = mem_used();
    parser_init(&worker);
}

static void tear_down(void)
{
    parser_fini(&worker);
    ck_assert_uint_eq(mem_used(), before);
}

/* SET with a key and a value of these lengths, the value of letters that tell its places. */
static struct buf set_request(size_t key, size_t value)
{
    struct buf b = BUF_EMPTY;

    buf_printf(&b, "*3\r\n$3\r\nSET\r\n$%zu\r\n", key);
    memset(buf_reserve(&b, key), 'k', key);
    b.len += key;
    buf_printf(&b, "\r\n$%zu\r\n", value);
    buf_reserve(&b, value);
    for (size_t i = 0; i < value; i++)
        b.p[b.len++] = (char)('a' + i % 23);
    buf_add_str(&b, "\r\n");
    return b;
}

static void expect_set(const struct parser *p, size_t key, size_t value)
{
    ck_assert_uint_eq(p->n, 3);
    ck_assert(slice_eq(p->args[0], SLICE("SET")));
    ck_assert_uint_eq(p->args[1].n, key);
    for (size_t i = 0; i < key; i++)
        ck_assert_int_eq(p->args[1].p[i], 'k');
    ck_assert_uint_eq(p->args[2].n, value);
    for (size_t i = 0; i < value; i++)
        if (p->args[2].p[i] != (char)('a' + i % 23))
            ck_abort_msg("byte %zu of %zu", i, value);
}

/* The worker's parser has read the first n bytes and stopped inside the request. */
static struct held *keep_half(const struct buf *request, size_t n)
{
    struct held *h = held_new();

    parser_clear(&worker);
    worker.at = request->p;
    ck_assert_int_eq(parser_next(&worker, request->p + n, &limits), PARSE_MORE);
    held_keep(h, request->p, request->p + n, worker.left > 0 ? &worker : NULL);
    return h;
}

/* Feeds the rest in pieces, then says what is behind. */
static void feed(struct held *h, const struct buf *request, size_t from, size_t most)
{
    while (from < request->len) {
        size_t n = 1 + seed_below(most);

        ck_assert_int_eq(held_parse(h, &limits), PARSE_MORE);
        if (n > request->len - from)
            n = request->len - from;
        held_add(h, request->p + from, n);
        from += n;
    }
    ck_assert_int_eq(held_parse(h, &limits), PARSE_REQUEST);
}

START_TEST(a_request_goes_on_where_it_was_cut)
{
    seed_start(__func__);
    for (unsigned round = 0; round < 200; round++) {
        size_t key = seed_below(300), value = seed_below(3000);
        struct buf request = set_request(key, value);
        size_t cut = 4 + seed_below(request.len - 4);
        struct held *h = keep_half(&request, cut);

        ck_assert_uint_ge(held_bytes(h), cut);
        feed(h, &request, cut, 1 + seed_below(500));
        expect_set(&h->parser, key, value);
        ck_assert_int_eq(held_parse(h, &limits), PARSE_REQUEST); /* it may have to wait, and is asked again */
        expect_set(&h->parser, key, value);
        held_done(h);
        ck_assert_uint_eq(h->in.len, 0);
        ck_assert(!h->is_half);
        held_free(h);
        buf_fini(&request);
    }
}
END_TEST

START_TEST(long_arguments_are_received_into_blobs)
{
    seed_start(__func__);
    for (unsigned round = 0; round < 20; round++) {
        size_t key = 65536 + seed_below(100000), value = 65536 + seed_below(3000000);
        struct buf request = set_request(key, value);
        size_t cut = 4 + seed_below(60000);
        struct held *h = keep_half(&request, cut);

        feed(h, &request, cut, 100000);
        expect_set(&h->parser, key, value);
        ck_assert_uint_ge(h->blob_count, 1);
        ck_assert_ptr_eq(h->blobs[h->blob_count - 1]->p, h->parser.args[2].p);
        ck_assert_uint_eq(h->blobs[h->blob_count - 1]->len, value);
        ck_assert_uint_ge(held_bytes(h), value);
        ck_assert_uint_ge(held_bytes(h) + held_room(h), mem_usable(h->blobs[h->blob_count - 1]));
        held_done(h);
        ck_assert_uint_lt(held_bytes(h), 1000);
        held_free(h);
        buf_fini(&request);
    }
}
END_TEST

START_TEST(memory_grows_with_what_comes_not_with_what_is_announced)
{
    static const char head[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\nx";
    struct buf request = BUF_EMPTY;
    struct held *h;

    buf_add(&request, head, sizeof head - 1);
    h = keep_half(&request, request.len);
    ck_assert_int_eq(held_parse(h, &limits), PARSE_MORE);
    ck_assert_ptr_nonnull(h->filling);
    ck_assert_uint_lt(mem_used() - before, 2000000);
    held_free(h);
    buf_fini(&request);
}
END_TEST

START_TEST(what_follows_the_request_stays)
{
    struct buf request = set_request(5, 100000);
    size_t n = request.len;
    struct held *h;

    buf_add_str(&request, "PING\r\n");
    h = keep_half(&request, 1000);
    ck_assert_int_eq(held_parse(h, &limits), PARSE_MORE);
    held_add(h, request.p + 1000, n - 1001); /* up to the middle of the line end */
    ck_assert_int_eq(held_parse(h, &limits), PARSE_MORE);
    held_add(h, request.p + n - 1, request.len - n + 1);
    ck_assert_int_eq(held_parse(h, &limits), PARSE_REQUEST);
    expect_set(&h->parser, 5, 100000);
    held_done(h);
    ck_assert(slice_eq(buf_slice(&h->in), SLICE("PING\r\n")));
    held_trim(h, h->in.p + 2, NULL);
    ck_assert(slice_eq(buf_slice(&h->in), SLICE("NG\r\n")));
    held_free(h);
    buf_fini(&request);
}
END_TEST

START_TEST(a_half_request_among_what_is_held_is_kept_with_its_state)
{
    struct held *h = held_new();
    const char *half = "*2\r\n$3\r\nGET\r\n$3\r\nk";
    struct buf bytes = BUF_EMPTY;

    buf_add_str(&bytes, "PING\r\nPING\r\n");
    buf_add_str(&bytes, half);
    held_keep(h, bytes.p, bytes.p + bytes.len, NULL);
    buf_fini(&bytes);
    parser_clear(&worker);
    worker.at = h->in.p + 12;
    ck_assert_int_eq(parser_next(&worker, h->in.p + h->in.len, &limits), PARSE_MORE);
    held_trim(h, h->in.p + 12, &worker);
    ck_assert(slice_eq(buf_slice(&h->in), slice_str(half)));
    held_add(h, "ey\r\n", 4);
    ck_assert_int_eq(held_parse(h, &limits), PARSE_REQUEST);
    ck_assert_uint_eq(h->parser.n, 2);
    ck_assert(slice_eq(h->parser.args[0], SLICE("GET")) && slice_eq(h->parser.args[1], SLICE("key")));
    held_free(h);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("held");
    TCase *tests = tcase_create("held");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_request_goes_on_where_it_was_cut);
    tcase_add_test(tests, long_arguments_are_received_into_blobs);
    tcase_add_test(tests, memory_grows_with_what_comes_not_with_what_is_announced);
    tcase_add_test(tests, what_follows_the_request_stays);
    tcase_add_test(tests, a_half_request_among_what_is_held_is_kept_with_its_state);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
