/* SPDX-License-Identifier: BSD-3-Clause */
/* syntax: the arguments of a command, from the notation that documentation uses. */
#include "checks.h"
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "cmd/server/syntax.h"
#include "run/command.h"

/* The arguments as text: name:type, preceded by the token, followed by the flags; groups in brackets. */
static void write_arguments(struct buf *b, const struct syntax *s)
{
    for (; s; s = s->next) {
        buf_printf(b, "%s%s%s:%s", s->token ? s->token : "", s->token ? " " : "", s->name, syntax_type_name(s->type));
        if (s->first) {
            buf_add_char(b, '(');
            write_arguments(b, s->first);
            buf_add_char(b, ')');
        }
        buf_printf(b, "%s%s%s%s", s->flags & SYNTAX_OPTIONAL ? "?" : "", s->flags & SYNTAX_MULTIPLE ? "*" : "",
                   s->flags & SYNTAX_MULTIPLE_TOKEN ? "!" : "", s->next ? " " : "");
    }
}

static void expect(const char *text, const char *expected)
{
    struct syntax *s = syntax_parse(text);
    struct buf b = BUF_EMPTY;

    ck_assert_msg(s != NULL, "%s", text);
    write_arguments(&b, s->first);
    ck_assert_str_eq(buf_cstr(&b), expected);
    buf_fini(&b);
    syntax_free(s);
}

START_TEST(values_have_the_type_that_their_name_implies)
{
    expect("", "");
    expect("key value", "key:key value:string");
    expect("key offset count pattern", "key:key offset:integer count:integer pattern:pattern");
    expect("unix-time-seconds", "unix-time-seconds:unix-time");
    expect("keys", "keys:string");
}
END_TEST

START_TEST(a_type_may_follow_a_colon)
{
    expect("increment:double key:string", "increment:double key:string");
    expect("ip:port", "ip:port:string");
}
END_TEST

START_TEST(arguments_in_square_brackets_are_optional)
{
    expect("[message]", "message:string?");
    expect("key [ALPHA]", "key:key ALPHA alpha:pure-token?");
    expect("[ALPHA] offset", "ALPHA alpha:pure-token? offset:integer");
    expect("[a [b]]", "a_b:block(a:string b:string?)?");
}
END_TEST

START_TEST(a_bar_separates_alternatives)
{
    expect("<ON | OFF>", "on_off:oneof(ON on:pure-token OFF off:pure-token)");
    expect("ON|OFF", "on_off:oneof(ON on:pure-token OFF off:pure-token)");
    expect("[EX seconds | KEEPTTL]", "seconds_keepttl:oneof(EX seconds:integer KEEPTTL keepttl:pure-token)?");
}
END_TEST

START_TEST(a_word_in_capitals_belongs_to_the_values_after_it)
{
    expect("[COUNT count]", "COUNT count:integer?");
    expect("[LIMIT offset count]", "LIMIT limit:block(offset:integer count:integer)?");
    expect("[TYPE <A | B>]", "TYPE type:oneof(A a:pure-token B b:pure-token)?");
    expect("[COUNT count [ANY]]", "count_any:block(COUNT count:integer ANY any:pure-token?)?");
    expect("STREAMS key [key ...] id [id ...]", "STREAMS streams:block(key:key* id:string*)");
    expect("<EX <A a | B b>>", "EX ex:oneof(A a:string B b:string)");
    expect("LEFT [RIGHT]", "LEFT left:pure-token RIGHT right:pure-token?");
}
END_TEST

START_TEST(repeated_arguments_are_multiple)
{
    expect("key [key ...]", "key:key*");
    expect("[section [section ...]]", "section:string?*");
    expect("a key value [key value ...]", "a:string key_value:block(key:key value:string)*");
    expect("[GET pattern [GET pattern ...]]", "GET pattern:pattern?*!");
    expect("[ID client-id [client-id ...]]", "ID client-id:integer?*");
    expect("[A a | <B | C> [A a | <B | C> ...]]", "a_b_c:oneof(A a:string b_c:oneof(B b:pure-token C c:pure-token))?*");
}
END_TEST

START_TEST(punctuation_is_sent_literally)
{
    expect("<* | id>", "*_id:oneof(* *:pure-token id:string)");
    expect("[= | ~] threshold", "=_~:oneof(= =:pure-token ~ ~:pure-token)? threshold:string");
}
END_TEST

START_TEST(invalid_notation_is_refused)
{
    static const char *const wrong[] = {"a [b", "a b]", "[x [y ...]]", "[]", "a | ", "| a", "<a | [b>", "[...]"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_msg(syntax_parse(wrong[i]) == NULL, "%s", wrong[i]);
}
END_TEST

START_TEST(the_displayed_syntax_has_no_types)
{
    struct buf b = BUF_EMPTY;

    syntax_show(&b, "key [BY increment:double | ip:port] <a:key>");
    ck_assert_str_eq(buf_cstr(&b), "key [BY increment | ip:port] <a>");
    buf_fini(&b);
}
END_TEST

START_TEST(the_syntax_of_every_command_is_valid_notation)
{
    commands_init();
    for (unsigned i = 0; i < commands_count(); i++) {
        const struct command *cmd = command_by_number(i);
        struct syntax *s = cmd->syntax ? syntax_parse(cmd->syntax) : NULL;

        ck_assert_msg(s || !cmd->syntax, "%s: %s", command_full_name(cmd), cmd->syntax);
        syntax_free(s);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("syntax");
    TCase *tests = tcase_create("syntax");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, values_have_the_type_that_their_name_implies);
    tcase_add_test(tests, a_type_may_follow_a_colon);
    tcase_add_test(tests, arguments_in_square_brackets_are_optional);
    tcase_add_test(tests, a_bar_separates_alternatives);
    tcase_add_test(tests, a_word_in_capitals_belongs_to_the_values_after_it);
    tcase_add_test(tests, repeated_arguments_are_multiple);
    tcase_add_test(tests, punctuation_is_sent_literally);
    tcase_add_test(tests, invalid_notation_is_refused);
    tcase_add_test(tests, the_displayed_syntax_has_no_types);
    tcase_add_test(tests, the_syntax_of_every_command_is_valid_notation);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
