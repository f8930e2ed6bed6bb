/* SPDX-License-Identifier: BSD-3-Clause */
/* reply: writes replies directly into the buffers that will be sent. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "checks.h"
#include "proto/client_memory.h"
#include "proto/client_memory.h"
#include "proto/reply.h"
#include "seed.h"

static struct out out;
static char bytes[1000];

static void set_up(void)
{
    out_init(&out);
}

static void tear_down(void)
{
    out_fini(&out);
    out_thread_done();
    out_set_guard(NULL);
}

/* Takes the output, and checks that the sizes in `out` match it. */
static struct buf taken(void)
{
    struct buf all = BUF_EMPTY;
    size_t size = out_size(&out);

    for (struct chunk *c = out_take(&out), *next; c != NULL; c = next) {
        next = c->next;
        buf_add(&all, c->p, c->len);
        chunk_free(c);
    }
    ck_assert_uint_eq(size, all.len);
    ck_assert_uint_eq(out_size(&out), 0);
    ck_assert_uint_eq(out.memory, 0);
    ck_assert_uint_eq(out.referred, 0);
    return all;
}

static void expect(const char *text)
{
    struct buf all = taken();

    ck_assert_str_eq(buf_cstr(&all), text);
    buf_fini(&all);
}

static struct blob *blob_of(char c, size_t n)
{
    struct blob *b = blob_new(n);

    memset(b->p, c, n);
    b->len = n;
    return b;
}

START_TEST(every_type_has_its_resp2_form)
{
    reply_ok(&out);
    reply_simple(&out, "PONG");
    reply_int(&out, -7);
    reply_int(&out, INT64_MIN);
    expect("+OK\r\n+PONG\r\n:-7\r\n:-9223372036854775808\r\n");
    reply_bulk(&out, SLICE(""));
    reply_bulk_int(&out, 1234567890);
    reply_null(&out);
    reply_null_array(&out);
    reply_bool(&out, true);
    reply_double(&out, 1.5);
    reply_double(&out, -INFINITY);
    reply_fixed(&out, 1e-7);
    reply_big_number(&out, SLICE("123"));
    reply_verbatim(&out, "txt", SLICE("hello"));
    reply_array(&out, 10);
    reply_map(&out, 2);
    reply_set(&out, 3);
    reply_push(&out, 1);
    expect("$0\r\n\r\n$10\r\n1234567890\r\n$-1\r\n*-1\r\n:1\r\n$3\r\n1.5\r\n$4\r\n-inf\r\n$9\r\n0.0000001\r\n$"
           "3\r\n123\r\n$5\r\nhello\r\n"
           "*10\r\n*4\r\n*3\r\n*1\r\n");
}
END_TEST

START_TEST(every_type_has_its_resp3_form)
{
    out.resp = 3;
    reply_null(&out);
    reply_null_array(&out);
    reply_bool(&out, true);
    reply_bool(&out, false);
    reply_double(&out, 1.5);
    reply_fixed(&out, 1e-7);
    reply_big_number(&out, SLICE("123"));
    reply_verbatim(&out, "txt", SLICE("hello"));
    reply_array(&out, 10);
    reply_map(&out, 2);
    reply_set(&out, 3);
    reply_push(&out, 1);
    reply_attribute(&out, 1);
    expect("_\r\n_\r\n#t\r\n#f\r\n,1.5\r\n,0.0000001\r\n(123\r\n=9\r\ntxt:hello\r\n*10\r\n%2\r\n~3\r\n>1\r\n|1\r\n");
}
END_TEST

START_TEST(an_error_is_one_line_and_is_counted_by_its_first_word)
{
    reply_errorf(&out, "ERR what is '%s'", "a\r\nb");
    ck_assert_str_eq(out.error_code, "ERR");
    reply_error(&out, ERR_WRONGTYPE);
    ck_assert_str_eq(out.error_code, "WRONGTYPE");
    ck_assert_uint_eq(out.errors, 2);
    expect("-ERR what is 'a  b'\r\n-" ERR_WRONGTYPE "\r\n");
}
END_TEST

START_TEST(a_count_given_at_the_end_is_written_in_front)
{
    struct reply_later outer = reply_later_begin(&out), inner;

    reply_int(&out, 1);
    inner = reply_later_begin(&out);
    reply_int(&out, 2);
    reply_map_end(&out, inner, 1);
    inner = reply_later_begin(&out);
    reply_set_end(&out, inner, 0);
    reply_array_end(&out, outer, 3);
    expect("*3\r\n:1\r\n*2\r\n:2\r\n*0\r\n");
}
END_TEST

START_TEST(a_count_given_at_the_end_may_be_many_chunks_before)
{
    enum { N = 30000 };
    struct reply_later all = reply_later_begin(&out), pair;
    char head[48], each[] = "*2\r\n:1\r\n:2\r\n";
    int n = snprintf(head, sizeof head, "*%d\r\n", N);
    struct buf bytes;
    size_t size;

    for (unsigned i = 0; i < N; i++) {
        pair = reply_later_begin(&out);
        reply_int(&out, 1);
        reply_int(&out, 2);
        reply_array_end(&out, pair, 2);
    }
    reply_array_end(&out, all, N);
    size = out_size(&out);
    bytes = taken();
    ck_assert_uint_eq(size, bytes.len);
    ck_assert_uint_eq(bytes.len, n + N * strlen(each));
    ck_assert_int_eq(memcmp(bytes.p, head, n), 0);
    for (unsigned i = 0; i < N; i++)
        ck_assert_int_eq(memcmp(bytes.p + n + i * strlen(each), each, strlen(each)), 0);
    buf_fini(&bytes);
}
END_TEST

START_TEST(large_values_are_sent_without_a_copy)
{
    struct blob *b = blob_of('x', 30000);
    struct buf all;

    reply_blob(&out, b, 10, 20000);
    ck_assert_uint_eq(atomic_load(&b->refs), 2);
    ck_assert_uint_eq(out.referred, blob_bytes(b));
    ck_assert_uint_eq(client_memory_referred(), blob_bytes(b));
    ck_assert_uint_lt(out.memory, 21000);
    reply_blob(&out, b, 0, 3); /* short: copied */
    ck_assert_uint_eq(atomic_load(&b->refs), 2);
    all = taken();
    ck_assert_uint_eq(atomic_load(&b->refs), 1);
    ck_assert_uint_eq(all.len, strlen("$20000\r\n") + 20000 + strlen("\r\n$3\r\nxxx\r\n"));
    ck_assert_int_eq(memcmp(all.p + all.len - 11, "\r\n$3\r\nxxx\r\n", 11), 0);
    buf_fini(&all);
    blob_unref(b);
}
END_TEST

/* A reference keeps all of the value in memory. */
START_TEST(a_small_part_of_a_large_value_is_copied)
{
    struct blob *b = blob_of('x', 1000000);
    size_t before = client_memory_bytes();

    reply_blob(&out, b, 10, 400000);
    ck_assert(blob_is_sole(b));
    ck_assert_uint_eq(out.referred, 0);
    ck_assert_uint_ge(out.memory, 400000);
    ck_assert_uint_eq(client_memory_bytes() - before, out.memory);
    out_fini(&out);
    out_thread_done();
    ck_assert_uint_eq(client_memory_bytes(), 0);
    blob_unref(b);
}
END_TEST

START_TEST(chunks_at_hand_that_are_not_used_are_freed)
{
    size_t pooled;

    for (unsigned i = 0; i < 100000; i++)
        reply_int(&out, i);
    out_fini(&out);
    pooled = client_memory_bytes();
    ck_assert_uint_gt(pooled, 30 * 16384);
    out_thread_tidy();
    ck_assert_uint_eq(client_memory_bytes(), pooled); /* all of them were used since the last call */
    reply_int(&out, 1);
    out_fini(&out);
    out_thread_tidy();
    ck_assert_uint_lt(client_memory_bytes(), 2 * 20480);
    out_thread_tidy();
    ck_assert_uint_eq(client_memory_bytes(), 0);
}
END_TEST

START_TEST(a_chunk_fills_the_block_that_it_is_in)
{
    reply_int(&out, 1);
    if (mem_usable_size(21) != 21) /* jemalloc, which rounds it up */
        ck_assert_uint_eq(out.memory, OUT_CHUNK_BYTES + sizeof(struct chunk));
    out_fini(&out);
    out_thread_done();
}
END_TEST

START_TEST(values_by_reference_take_little_memory_each)
{
    struct blob *b = blob_of('x', 20000);

    for (unsigned i = 0; i < 1000; i++)
        reply_blob(&out, b, 0, b->len);
    ck_assert_uint_eq(out.referred, 1000 * blob_bytes(b));
    ck_assert_uint_lt(out.memory, 1000 * 1024);
    out_fini(&out);
    ck_assert_uint_eq(atomic_load(&b->refs), 1);
    blob_unref(b);
}
END_TEST

/* ---- rewinding ---- */

START_TEST(output_after_a_mark_can_be_discarded)
{
    struct blob *b = blob_of('x', 20000);
    struct out_mark mark = out_mark(&out);

    reply_ok(&out);
    out_rewind(&out, mark); /* to an empty chain */
    ck_assert_ptr_null(out.first);
    reply_int(&out, 1);
    mark = out_mark(&out);
    reply_blob(&out, b, 0, b->len);
    reply_array_end(&out, reply_later_begin(&out), 0);
    out_rewind(&out, mark);
    ck_assert_uint_eq(out.referred, 0);
    ck_assert_uint_eq(atomic_load(&b->refs), 1);
    reply_int(&out, 2);
    expect(":1\r\n:2\r\n");
    blob_unref(b);
}
END_TEST

START_TEST(rewinding_to_a_mark_behind_a_blob_keeps_the_blob)
{
    struct blob *b = blob_of('x', 20000);
    struct out_mark mark;
    struct buf all;

    reply_blob(&out, b, 0, b->len);
    mark = out_mark(&out);
    for (unsigned i = 0; i < 10000; i++)
        reply_int(&out, i);
    out_rewind(&out, mark);
    ck_assert_uint_eq(out.referred, blob_bytes(b));
    reply_int(&out, 5);
    all = taken();
    ck_assert_uint_eq(all.len, strlen("$20000\r\n") + 20000 + strlen("\r\n:5\r\n"));
    buf_fini(&all);
    blob_unref(b);
}
END_TEST

/* ---- the limit ---- */

/* What a block of Redis weighs that has room for n bytes. */
static size_t block(size_t n)
{
    return 24 + mem_room(16 + n);
}

static void write_bytes(size_t n)
{
    static const char zeros[1000];

    for (; n > sizeof zeros; n -= sizeof zeros)
        out_add(&out, zeros, sizeof zeros);
    out_add(&out, zeros, n);
}

START_TEST(the_first_16_kib_weigh_nothing_and_the_rest_is_in_blocks)
{
    write_bytes(16384);
    ck_assert_uint_eq(out_weight(&out), 0);
    write_bytes(1);
    ck_assert_uint_eq(out_weight(&out), block(16384));
    write_bytes(mem_room(16400) - 16 - 1);
    ck_assert_uint_eq(out_weight(&out), block(16384));
    write_bytes(1);
    ck_assert_uint_eq(out_weight(&out), 2 * block(16384));
}
END_TEST

START_TEST(a_long_string_weighs_a_block_of_its_own_behind_what_the_last_has_room_for)
{
    struct blob *b = blob_of('x', 100000);
    size_t rest = strlen("$100000\r\n") + 100000 - 16384;
    bool ends_in_it = mem_room(16 + rest) - 16 - rest >= strlen("\r\n"); /* not where sanitizers allocate */
    size_t weight = block(rest) + (ends_in_it ? 0 : block(16384));

    reply_blob(&out, b, 0, b->len);
    ck_assert_uint_eq(out_weight(&out), weight);
    out_fini(&out);
    out_init(&out);
    reply_bulk(&out, blob_slice(b));
    ck_assert_uint_eq(out_weight(&out), weight);
    blob_unref(b);
}
END_TEST

START_TEST(what_is_being_sent_weighs_until_it_is_sent)
{
    struct chunk *c;

    write_bytes(20000);
    c = out_take(&out);
    ck_assert_uint_eq(out_weight(&out), block(16384));
    write_bytes(1);
    ck_assert_uint_eq(out_weight(&out), block(16384)); /* there is room in the block */
    chunk_free(out_take(&out));
    for (struct chunk *next; c != NULL; c = next) {
        next = c->next;
        chunk_free(c);
    }
    out_sent(&out);
    ck_assert_uint_eq(out_weight(&out), 0);
    write_bytes(16384);
    ck_assert_uint_eq(out_weight(&out), 0);
}
END_TEST

START_TEST(output_is_over_the_limit_at_the_byte)
{
    out.limit = block(16384) + 1;
    write_bytes(16384 + mem_room(16400) - 16);
    ck_assert(!out_is_over(&out));
    write_bytes(1);
    ck_assert(out_is_over(&out));
    out.limit = 2 * block(16384);
    ck_assert(out_is_over(&out));
    out.limit++;
    ck_assert(!out_is_over(&out));
    out.limit = 0;
    write_bytes(1000000);
    ck_assert(!out_is_over(&out));
}
END_TEST

static size_t used(void)
{
    return mem_used();
}

START_TEST(output_beyond_the_limit_is_discarded)
{
    struct blob *b = blob_of('x', 20000);
    char text[1000] = {0};
    size_t before = used();
    struct reply_later all, each;

    out.limit = 100000;
    all = reply_later_begin(&out);
    for (unsigned i = 0; i < 20000; i++) {
        each = reply_later_begin(&out);
        reply_bulk(&out, slice_of(text, sizeof text));
        reply_blob(&out, b, 0, b->len);
        reply_array_end(&out, each, 2);
        ck_assert_uint_lt(used() - before, 400000);
    }
    reply_array_end(&out, all, 20000);
    ck_assert_ptr_nonnull(out.cut);
    ck_assert_uint_gt(out_size(&out), out.limit);
    out_fini(&out);
    ck_assert_ptr_null(out.cut);
    ck_assert_uint_eq(atomic_load(&b->refs), 1);
    blob_unref(b);
}
END_TEST

START_TEST(a_piece_longer_than_the_limit_is_the_last_one_kept)
{
    struct blob *b = blob_of('x', 200000);

    out.limit = 100000;
    reply_blob(&out, b, 0, b->len);
    reply_blob(&out, b, 0, b->len);
    reply_blob(&out, b, 0, b->len);
    ck_assert_ptr_nonnull(out.cut);
    out_fini(&out);
    ck_assert_uint_eq(atomic_load(&b->refs), 1);
    blob_unref(b);
}
END_TEST

static size_t asked; /* the most bytes that the guard was asked for */
static size_t granted;

static bool guard(size_t bytes)
{
    if (bytes > asked)
        asked = bytes;
    return bytes <= granted;
}

static bool guard_of_all(size_t bytes)
{
    return client_memory_bytes() + bytes <= granted;
}

START_TEST(output_that_the_guard_refuses_is_cut)
{
    size_t n = 0;

    granted = 4 << 20;
    out_set_guard(guard_of_all);
    while (out.cut == NULL && n++ < 100000)
        reply_bulk(&out, slice_of(bytes, 1000));
    ck_assert_ptr_nonnull(out.cut);
    ck_assert(out.starved);
    ck_assert_uint_gt(out_size(&out), 3 << 20);
    ck_assert_uint_le(out_size(&out), granted + sizeof bytes);
    n = mem_used();
    for (int i = 0; i < 10000; i++)
        reply_bulk(&out, slice_of(bytes, 1000));
    ck_assert_uint_lt(mem_used(), n + 50000); /* what is discarded takes a chunk */
}
END_TEST

START_TEST(a_long_piece_that_the_guard_refuses_is_not_allocated)
{
    static char piece[2 << 20];
    size_t before;

    granted = 1 << 20;
    out_set_guard(guard);
    out_thread_done();
    before = mem_used();
    reply_bulk(&out, slice_of(piece, sizeof piece));
    ck_assert_ptr_nonnull(out.cut);
    ck_assert_uint_lt(mem_used() - before, 100000);
    reply_bulk(&out, slice_of(piece, sizeof piece));
    out_add(&out, piece, sizeof piece);
    ck_assert_uint_lt(mem_used() - before, 100000);
}
END_TEST

START_TEST(a_piece_for_which_there_is_no_memory_cuts_the_output)
{
    reply_ok(&out);
    reply_bulk(&out, slice_of(bytes, SIZE_MAX / 4)); /* it is not read: no such block can be allocated */
    ck_assert_ptr_nonnull(out.cut);
    ck_assert(out.starved);
    reply_ok(&out);
}
END_TEST

START_TEST(the_guard_is_not_asked_for_short_outputs)
{
    out_set_guard(guard);
    asked = 0;
    for (int i = 0; i < 500; i++)
        reply_bulk(&out, slice_of(bytes, 1000));
    ck_assert_uint_eq(asked, 0);
    ck_assert_ptr_null(out.cut);
}
END_TEST

START_TEST(rewinding_to_before_the_cut_removes_the_cut)
{
    struct out_mark mark;

    out.limit = 1000;
    reply_int(&out, 1);
    mark = out_mark(&out);
    for (unsigned i = 0; i < 100000; i++)
        reply_int(&out, i);
    ck_assert_ptr_nonnull(out.cut);
    out_rewind(&out, mark);
    ck_assert_ptr_null(out.cut);
    reply_int(&out, 2);
    expect(":1\r\n:2\r\n");
}
END_TEST

/* ---- against a model ---- */

static void write_some(struct buf *model, struct blob *b)
{
    char text[40000];
    size_t n = seed_below(2) ? seed_below(40) : seed_below(sizeof text);

    switch (seed_below(3)) {
    case 0:
        memset(text, 'a' + (int)seed_below(26), n);
        reply_bulk(&out, slice_of(text, n));
        buf_printf(model, "$%zu\r\n%.*s\r\n", n, (int)n, text);
        break;
    case 1:
        n = seed_below(b->len);
        reply_blob(&out, b, 0, n);
        buf_printf(model, "$%zu\r\n%.*s\r\n", n, (int)n, b->p);
        break;
    default:
        reply_int(&out, (int64_t)n);
        buf_printf(model, ":%zu\r\n", n);
    }
}

START_TEST(random_replies_and_rewinds_match_a_model)
{
    struct blob *b = blob_of('x', 50000);

    seed_start(__func__);
    for (unsigned round = 0; round < 200; round++) {
        struct buf model = BUF_EMPTY, all;

        for (uint64_t n = seed_below(40); n > 0; n--) {
            struct out_mark mark = out_mark(&out);
            size_t length = model.len;

            for (uint64_t k = seed_below(5); k > 0; k--)
                write_some(&model, b);
            if (seed_below(3) == 0) {
                out_rewind(&out, mark);
                model.len = length;
            }
        }
        all = taken();
        ck_assert(slice_eq(buf_slice(&all), buf_slice(&model)));
        buf_fini(&all);
        buf_fini(&model);
    }
    ck_assert_uint_eq(atomic_load(&b->refs), 1);
    blob_unref(b);
}
END_TEST

START_TEST(a_mark_in_cut_output_fails_an_assertion)
{
    out.limit = 1000;
    for (unsigned i = 0; i < 100000; i++)
        reply_int(&out, i);
    out_mark(&out);
}
END_TEST

START_TEST(bytes_beyond_the_end_of_a_blob_fail_an_assertion)
{
    reply_blob(&out, blob_of('x', 20000), 1, 20000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reply");
    TCase *tests = tcase_create("reply");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_type_has_its_resp2_form);
    tcase_add_test(tests, every_type_has_its_resp3_form);
    tcase_add_test(tests, an_error_is_one_line_and_is_counted_by_its_first_word);
    tcase_add_test(tests, a_count_given_at_the_end_is_written_in_front);
    tcase_add_test(tests, a_count_given_at_the_end_may_be_many_chunks_before);
    tcase_add_test(tests, large_values_are_sent_without_a_copy);
    tcase_add_test(tests, a_small_part_of_a_large_value_is_copied);
    tcase_add_test(tests, chunks_at_hand_that_are_not_used_are_freed);
    tcase_add_test(tests, a_chunk_fills_the_block_that_it_is_in);
    tcase_add_test(tests, values_by_reference_take_little_memory_each);
    tcase_add_test(tests, output_after_a_mark_can_be_discarded);
    tcase_add_test(tests, rewinding_to_a_mark_behind_a_blob_keeps_the_blob);
    tcase_add_test(tests, the_first_16_kib_weigh_nothing_and_the_rest_is_in_blocks);
    tcase_add_test(tests, a_long_string_weighs_a_block_of_its_own_behind_what_the_last_has_room_for);
    tcase_add_test(tests, what_is_being_sent_weighs_until_it_is_sent);
    tcase_add_test(tests, output_is_over_the_limit_at_the_byte);
    tcase_add_test(tests, output_beyond_the_limit_is_discarded);
    tcase_add_test(tests, a_piece_longer_than_the_limit_is_the_last_one_kept);
    tcase_add_test(tests, output_that_the_guard_refuses_is_cut);
    tcase_add_test(tests, a_long_piece_that_the_guard_refuses_is_not_allocated);
    tcase_add_test(tests, a_piece_for_which_there_is_no_memory_cuts_the_output);
    tcase_add_test(tests, the_guard_is_not_asked_for_short_outputs);
    tcase_add_test(tests, rewinding_to_before_the_cut_removes_the_cut);
    tcase_add_test(tests, random_replies_and_rewinds_match_a_model);
    tcase_add_test_raise_signal(tests, a_mark_in_cut_output_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, bytes_beyond_the_end_of_a_blob_fail_an_assertion, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
