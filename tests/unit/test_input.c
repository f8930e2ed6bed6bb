/* SPDX-License-Identifier: BSD-3-Clause */
/* input: received bytes of a connection that cannot run yet. */
#include <stdlib.h>

#include "base/mem.h"
#include "checks.h"
#include "net/input.h"
#include "proto/client_memory.h"
#include "seed.h"

static const struct parser_limits limits = {.bulk = 512 << 20, .authenticated = true};
static struct parser worker; /* the parser of a worker */
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

/* A SET request with a key and a value of these lengths. The letters of the value depend on their position. */
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
static struct input *keep_partial(const struct buf *request, size_t n)
{
    struct input *in = input_new();

    parser_clear(&worker);
    worker.at = request->p;
    ck_assert_int_eq(parser_next(&worker, request->p + n, &limits), PARSE_MORE);
    input_keep(in, request->p, request->p + n, worker.left > 0 ? &worker : NULL);
    return in;
}

/* Feeds the rest in pieces of up to `most` bytes. */
static void feed(struct input *in, const struct buf *request, size_t from, size_t most)
{
    while (from < request->len) {
        size_t n = 1 + seed_below(most);

        ck_assert_int_eq(input_parse(in, &limits), PARSE_MORE);
        if (n > request->len - from)
            n = request->len - from;
        input_add(in, request->p + from, n);
        from += n;
    }
    ck_assert_int_eq(input_parse(in, &limits), PARSE_REQUEST);
}

START_TEST(a_request_continues_where_the_bytes_ended)
{
    seed_start(__func__);
    for (unsigned round = 0; round < 200; round++) {
        size_t key = seed_below(300), value = seed_below(3000);
        struct buf request = set_request(key, value);
        size_t cut = 4 + seed_below(request.len - 4);
        struct input *in = keep_partial(&request, cut);

        ck_assert_uint_ge(input_waiting(in) + input_args(in), cut);
        ck_assert_uint_lt(input_waiting(in), 65536);
        feed(in, &request, cut, 1 + seed_below(500));
        expect_set(&in->parser, key, value);
        ck_assert_int_eq(input_parse(in, &limits), PARSE_REQUEST); /* it may have to wait, and is parsed again */
        expect_set(&in->parser, key, value);
        input_done(in);
        ck_assert_uint_eq(in->bytes.len, 0);
        ck_assert(!in->is_partial);
        input_free(in);
        buf_fini(&request);
    }
}
END_TEST

START_TEST(long_arguments_are_received_into_blobs)
{
    seed_start(__func__);
    for (unsigned round = 0; round < 20; round++) {
        size_t key = 65536 + seed_below(100000), value = 200000 + seed_below(3000000); /* > 100000 fed */
        struct buf request = set_request(key, value);
        size_t cut = 4 + seed_below(60000);
        struct input *in = keep_partial(&request, cut);

        feed(in, &request, cut, 100000);
        expect_set(&in->parser, key, value);
        ck_assert_uint_ge(in->blob_count, 1);
        ck_assert_ptr_eq(in->blobs[in->blob_count - 1]->p, in->parser.args[2].p);
        ck_assert_uint_eq(in->blobs[in->blob_count - 1]->len, value);
        ck_assert_uint_eq(input_waiting(in), 0); /* all has been taken as arguments */
        ck_assert_uint_eq(input_take_peak(in), (key > value ? key : value) + 2);
        ck_assert_uint_eq(input_take_peak(in), 0);
        ck_assert_uint_ge(input_args(in), mem_usable(in->blobs[in->blob_count - 1]));
        ck_assert_uint_ge(client_memory_bytes(), key + value);
        input_done(in);
        ck_assert_uint_lt(input_args(in), 1000);
        input_free(in);
        buf_fini(&request);
    }
}
END_TEST

START_TEST(memory_grows_with_the_bytes_received_not_with_the_length_announced)
{
    static const char head[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\nx";
    struct buf request = BUF_EMPTY;
    struct input *in;

    buf_add(&request, head, sizeof head - 1);
    in = keep_partial(&request, request.len);
    ck_assert_int_eq(input_parse(in, &limits), PARSE_MORE);
    ck_assert_ptr_nonnull(in->filling);
    ck_assert_uint_lt(mem_used() - before, 100000);
    ck_assert_uint_gt(client_memory_bytes(), 65536);
    ck_assert_uint_eq(input_waiting(in), 1);
    input_free(in);
    ck_assert_uint_lt(client_memory_bytes(), 10000);
    buf_fini(&request);
}
END_TEST

START_TEST(bytes_behind_the_request_are_kept)
{
    struct buf request = set_request(5, 100000);
    size_t n = request.len;
    struct input *in;

    buf_add_str(&request, "PING\r\n");
    in = keep_partial(&request, 1000);
    ck_assert_int_eq(input_parse(in, &limits), PARSE_MORE);
    input_add(in, request.p + 1000, n - 1001); /* up to the middle of the line end */
    ck_assert_int_eq(input_parse(in, &limits), PARSE_MORE);
    input_add(in, request.p + n - 1, request.len - n + 1);
    ck_assert_int_eq(input_parse(in, &limits), PARSE_REQUEST);
    expect_set(&in->parser, 5, 100000);
    input_done(in);
    ck_assert(slice_eq(buf_slice(&in->bytes), SLICE("PING\r\n")));
    input_trim(in, in->bytes.p + 2, NULL);
    ck_assert(slice_eq(buf_slice(&in->bytes), SLICE("NG\r\n")));
    input_free(in);
    buf_fini(&request);
}
END_TEST

START_TEST(a_partial_request_behind_others_is_kept_with_its_parser)
{
    struct input *in = input_new();
    const char *partial = "*2\r\n$3\r\nGET\r\n$3\r\nk";
    struct buf bytes = BUF_EMPTY;

    buf_add_str(&bytes, "PING\r\nPING\r\n");
    buf_add_str(&bytes, partial);
    input_keep(in, bytes.p, bytes.p + bytes.len, NULL);
    buf_fini(&bytes);
    parser_clear(&worker);
    worker.at = in->bytes.p + 12;
    ck_assert_int_eq(parser_next(&worker, in->bytes.p + in->bytes.len, &limits), PARSE_MORE);
    input_trim(in, in->bytes.p + 12, &worker);
    ck_assert(slice_eq(buf_slice(&in->bytes), slice_str(partial)));
    input_add(in, "ey\r\n", 4);
    ck_assert_int_eq(input_parse(in, &limits), PARSE_REQUEST);
    ck_assert_uint_eq(in->parser.n, 2);
    ck_assert(slice_eq(in->parser.args[0], SLICE("GET")) && slice_eq(in->parser.args[1], SLICE("key")));
    input_free(in);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("input");
    TCase *tests = tcase_create("input");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_request_continues_where_the_bytes_ended);
    tcase_add_test(tests, long_arguments_are_received_into_blobs);
    tcase_add_test(tests, memory_grows_with_the_bytes_received_not_with_the_length_announced);
    tcase_add_test(tests, bytes_behind_the_request_are_kept);
    tcase_add_test(tests, a_partial_request_behind_others_is_kept_with_its_parser);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
