/* SPDX-License-Identifier: BSD-3-Clause */
/* parser: parses requests. */
#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "checks.h"
#include "proto/parser.h"
#include "seed.h"

static const struct parser_limits open_to_all = {.bulk = 512 << 20, .authenticated = true};
static struct parser parser;

static void set_up(void)
{
    parser_init(&parser);
}

static void tear_down(void)
{
    parser_fini(&parser);
}

static enum parse_result parse(struct slice s, const struct parser_limits *limits)
{
    parser_clear(&parser);
    parser.at = s.p;
    return parser_next(&parser, s.p + s.n, limits);
}

static void expect_args(const struct slice *args, size_t n)
{
    ck_assert_uint_eq(parser.n - parser.first, n);
    for (size_t i = 0; i < n; i++)
        ck_assert(slice_eq(parser.args[parser.first + i], args[i]));
}

static void expect_request(struct slice s, const struct slice *args, size_t n)
{
    ck_assert_int_eq(parse(s, &open_to_all), PARSE_REQUEST);
    ck_assert_ptr_eq(parser.at, s.p + s.n);
    expect_args(args, n);
}

static void expect_error_within(struct slice s, const struct parser_limits *limits, const char *error)
{
    ck_assert_int_eq(parse(s, limits), PARSE_ERROR);
    ck_assert_str_eq(parser.error, error);
}

static void expect_error(struct slice s, const char *error)
{
    expect_error_within(s, &open_to_all, error);
}

START_TEST(an_array_of_bulks_is_a_request)
{
    const struct slice args[] = {SLICE("SET"), SLICE("k\r\n"), SLICE("")};

    expect_request(SLICE("*3\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$0\r\n\r\n"), args, 3);
}
END_TEST

START_TEST(an_empty_request_has_no_arguments)
{
    expect_request(SLICE("*0\r\n"), NULL, 0);
    expect_request(SLICE("*-1\r\n"), NULL, 0);
    expect_request(SLICE("\r\n"), NULL, 0);
    expect_request(SLICE("   \n"), NULL, 0);
}
END_TEST

START_TEST(an_inline_request_is_split_at_white_space_and_unquoted)
{
    const struct slice args[] = {SLICE("set"), SLICE("a b"), SLICE("\x01\n\"\\"), SLICE("it's"), SLICE("")};

    expect_request(SLICE("  set \"a b\"\t\"\\x01\\n\\\"\\\\\" 'it\\'s' \"\"\r\n"), args, 5);
    expect_request(SLICE("set\n"), args, 1);
}
END_TEST

START_TEST(each_inline_request_keeps_its_arguments_until_the_next_clear)
{
    struct slice s = SLICE("one\r\ntwo\r\n");
    const struct slice one = SLICE("one"), two = SLICE("two");

    ck_assert_int_eq(parse(s, &open_to_all), PARSE_REQUEST);
    ck_assert_int_eq(parser_next(&parser, s.p + s.n, &open_to_all), PARSE_MORE);
    ck_assert(slice_eq(parser.args[0], one));
    parser_clear(&parser);
    ck_assert_int_eq(parser_next(&parser, s.p + s.n, &open_to_all), PARSE_REQUEST);
    expect_args(&two, 1);
}
END_TEST

START_TEST(errors_have_the_texts_of_redis)
{
    struct buf line = BUF_EMPTY;

    expect_error(SLICE("*x\r\n"), "Protocol error: invalid multibulk length");
    expect_error(SLICE("*3000000000\r\n"), "Protocol error: invalid multibulk length");
    expect_error(SLICE("*99999999999999999999\r\n"), "Protocol error: invalid multibulk length");
    expect_error(SLICE("*1\r\nPING\r\n"), "Protocol error: expected '$', got 'P'");
    expect_error(SLICE("*1\r\n\x01\r\n"), "Protocol error: expected '$', got '\x01'");
    expect_error(SLICE("*1\r\n\0\r\n"), "Protocol error: expected '$', got ' '");
    expect_error(SLICE("*1\r\n$-1\r\n"), "Protocol error: invalid bulk length");
    expect_error(SLICE("*1\r\n$01\r\nx\r\n"), "Protocol error: invalid bulk length");
    expect_error(SLICE("*1\r\n$536870913\r\n"), "Protocol error: invalid bulk length");
    expect_error(SLICE("set \"a\r\n"), "Protocol error: unbalanced quotes in request");
    expect_error(SLICE("set \"a\"b\r\n"), "Protocol error: unbalanced quotes in request");
    memset(buf_reserve(&line, 65537), '1', 65537);
    line.len = 65537;
    expect_error(buf_slice(&line), "Protocol error: too big inline request");
    line.p[0] = '*';
    expect_error(buf_slice(&line), "Protocol error: too big mbulk count string");
    memcpy(line.p, "*1\r\n$", 5);
    buf_add(&line, "11111", 5);
    expect_error(buf_slice(&line), "Protocol error: too big bulk count string");
    buf_fini(&line);
}
END_TEST

START_TEST(unauthenticated_clients_have_lower_limits)
{
    const struct parser_limits limits = {.bulk = 512 << 20};

    ck_assert_int_eq(parse(SLICE("*10\r\n$16384\r\n"), &limits), PARSE_MORE);
    expect_error_within(SLICE("*11\r\n"), &limits, "Protocol error: unauthenticated multibulk length");
    expect_error_within(SLICE("*1\r\n$16385\r\n"), &limits, "Protocol error: unauthenticated bulk length");
}
END_TEST

START_TEST(an_argument_may_be_as_long_as_the_largest_limit)
{
    const struct parser_limits limits = {.bulk = INT64_MAX, .authenticated = true};

    ck_assert_int_eq(parse(SLICE("*1\r\n$9223372036854775807\r\nabc"), &limits), PARSE_MORE);
    ck_assert_int_eq(parser.bulk, INT64_MAX);
    ck_assert_int_eq(parser.left, 1);
}
END_TEST

START_TEST(an_incomplete_request_can_be_moved_to_another_parser)
{
    static const char bytes[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n";
    const struct slice args[] = {SLICE("SET"), SLICE("k"), SLICE("value")};
    size_t n = sizeof bytes - 1;

    for (size_t cut = 1; cut < n; cut++) {
        struct parser other;
        char *moved = malloc(n);

        ck_assert_int_eq(parse(slice_of(bytes, cut), &open_to_all), PARSE_MORE);
        memcpy(moved, bytes, n);
        parser_init(&other);
        parser_move(&other, &parser);
        parser_rebase(&other, slice_of(bytes, cut), moved);
        if (other.left == 0) /* the input ends inside the first line, which is parsed again */
            other.at = moved;
        ck_assert_int_eq(parser_next(&other, moved + n, &open_to_all), PARSE_REQUEST);
        ck_assert_uint_eq(other.n, 3);
        for (unsigned i = 0; i < 3; i++)
            ck_assert(slice_eq(other.args[i], args[i]) && other.args[i].p >= moved && other.args[i].p < moved + n);
        parser_fini(&other);
        free(moved);
    }
}
END_TEST

START_TEST(an_argument_may_be_outside_the_input)
{
    static const char head[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\n";
    const struct slice args[] = {SLICE("SET"), SLICE("k"), SLICE("value")};

    ck_assert_int_eq(parse(slice_of(head, sizeof head - 1), &open_to_all), PARSE_MORE);
    ck_assert_int_eq(parser.bulk, 5);
    parser_add(&parser, args[2]);
    ck_assert_int_eq(parser.left, 0); /* it was the last argument */
    expect_args(args, 3);
}
END_TEST

/* Parses a sequence of requests in pieces of random length. */
START_TEST(requests_are_parsed_as_written_in_pieces_of_any_length)
{
    enum { ROUNDS = 300, ARGS = 20, MAX_REQUESTS = 30 };

    seed_start(__func__);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct buf bytes = BUF_EMPTY;
        unsigned argc[MAX_REQUESTS], count = 1 + seed_below(MAX_REQUESTS), done = 0;
        size_t end = 0;

        for (unsigned r = 0; r < count; r++) {
            argc[r] = 1 + seed_below(ARGS);
            buf_printf(&bytes, "*%u\r\n", argc[r]);
            for (unsigned i = 0; i < argc[r]; i++)
                buf_printf(&bytes, "$%d\r\n%0*u\r\n", (int)(5 + i), (int)(5 + i), r);
        }
        parser_clear(&parser);
        parser.at = bytes.p;
        while (done < count) {
            enum parse_result r = parser_next(&parser, bytes.p + end, &open_to_all);

            ck_assert_int_ne(r, PARSE_ERROR);
            if (r == PARSE_MORE) {
                ck_assert_uint_lt(end, bytes.len);
                end += 1 + seed_below(bytes.len - end);
                continue;
            }
            ck_assert_uint_eq(parser.n - parser.first, argc[done]);
            for (unsigned i = 0; i < argc[done]; i++) {
                char text[64];

                snprintf(text, sizeof text, "%0*u", (int)(5 + i), done);
                ck_assert(slice_eq(parser.args[parser.first + i], slice_str(text)));
            }
            done++;
        }
        ck_assert_ptr_eq(parser.at, bytes.p + bytes.len);
        buf_fini(&bytes);
    }
}
END_TEST

START_TEST(a_position_outside_the_input_fails_an_assertion)
{
    struct slice s = SLICE("*1\r\n");

    parser.at = s.p + 1;
    parser_next(&parser, s.p, &open_to_all);
}
END_TEST

START_TEST(rebasing_from_other_bytes_than_the_input_fails_an_assertion)
{
    struct slice s = SLICE("*1\r\n$1\r\n");

    parse(s, &open_to_all);
    parser_rebase(&parser, slice_of(s.p, 2), s.p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parser");
    TCase *tests = tcase_create("parser");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_array_of_bulks_is_a_request);
    tcase_add_test(tests, an_empty_request_has_no_arguments);
    tcase_add_test(tests, an_inline_request_is_split_at_white_space_and_unquoted);
    tcase_add_test(tests, each_inline_request_keeps_its_arguments_until_the_next_clear);
    tcase_add_test(tests, errors_have_the_texts_of_redis);
    tcase_add_test(tests, unauthenticated_clients_have_lower_limits);
    tcase_add_test(tests, an_argument_may_be_as_long_as_the_largest_limit);
    tcase_add_test(tests, an_incomplete_request_can_be_moved_to_another_parser);
    tcase_add_test(tests, an_argument_may_be_outside_the_input);
    tcase_add_test(tests, requests_are_parsed_as_written_in_pieces_of_any_length);
    tcase_add_test_raise_signal(tests, a_position_outside_the_input_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, rebasing_from_other_bytes_than_the_input_fails_an_assertion, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
