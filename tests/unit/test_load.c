/* SPDX-License-Identifier: BSD-3-Clause */
/* load: loads the options at start from file, environment and arguments. */
#include "checks.h"
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "conf/load.h"
#include "conf/option.h"

static char folder[] = "/tmp/larder-test-load-XXXXXX";
static char *const no_environment[] = {NULL};

/* Creates a file in the test's directory; returns its path, borrowed until the next call. */
static const char *make_file(const char *name, const char *text)
{
    static char path[256];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    return path;
}

/* Starts with these arguments, separated by "|", and this environment. */
static enum load_action start(const char *arguments, char *const *envp, struct conf **c, struct buf *err)
{
    char text[1024];
    char *argv[32] = {"larder-server"};
    int n = 1;

    snprintf(text, sizeof(text), "%s", arguments);
    for (char *p = strtok(text, "|"); p; p = strtok(NULL, "|"))
        argv[n++] = strcmp(p, "EMPTY") ? p : "";
    argv[n] = NULL;
    return load_start(argv, envp, c, err);
}

/* The conf that the arguments must give. */
static struct conf *must_start(const char *arguments, char *const *envp)
{
    struct buf err = BUF_EMPTY;
    struct conf *c;

    ck_assert_msg(start(arguments, envp, &c, &err) == LOAD_RUN, "%s", buf_cstr(&err));
    buf_fini(&err);
    return c;
}

/* Expects that the arguments are refused with a text that contains these parts. */
static void must_refuse(const char *arguments, char *const *envp, const char *part)
{
    struct buf err = BUF_EMPTY;
    struct conf *c;

    ck_assert_int_eq(start(arguments, envp, &c, &err), LOAD_REFUSED);
    ck_assert_ptr_null(c);
    ck_assert_msg(strstr(buf_cstr(&err), "*** FATAL CONFIG FILE ERROR (Larder ") != NULL, "%s", buf_cstr(&err));
    ck_assert_msg(strstr(buf_cstr(&err), part) != NULL, "no '%s' in '%s'", part, buf_cstr(&err));
    buf_fini(&err);
}

/* Expects the value of an option. */
static void expect_value(struct conf *c, enum option_id id, const char *value)
{
    char *is = conf_dup(c, id);

    ck_assert_str_eq(is, value);
    mem_free(is);
}

static void refuse_text(const char *text, const char *part)
{
    must_refuse(make_file("bad.conf", text), no_environment, part);
}

START_TEST(without_file_or_arguments_the_defaults_apply)
{
    struct conf *c = must_start("", no_environment);
    const struct options *o = conf_options(c);

    ck_assert_int_eq(OPT(o, port), 6379);
    ck_assert_int_eq(OPT(o, protected_mode), 1);
    ck_assert_int_eq(OPT(o, maxclients), 10000);
    ck_assert_int_eq(OPT(o, threads), 0);
    ck_assert_int_eq(OPT(o, maxmemory_policy), POLICY_NOEVICTION);
    ck_assert_int_eq(OPT(o, proto_max_bulk_len), 512 << 20);
    expect_value(c, OPT_bind, "127.0.0.1 -::1");
    expect_value(c, OPT_save, "");
    expect_value(c, OPT_threads, "auto");
    ck_assert_int_ge(conf_threads(c), 1);
    ck_assert_ptr_null(conf_file(c));
    conf_free(c);
}
END_TEST

START_TEST(a_file_sets_options_and_comments_do_not)
{
    struct conf *c =
        must_start(make_file("a.conf", "# port 1\n\n  PORT 7000\r\n\tmaxmemory 1gb\nbind a b"), no_environment);

    ck_assert_int_eq(OPT(conf_options(c), port), 7000);
    ck_assert_int_eq(OPT(conf_options(c), maxmemory), 1 << 30);
    expect_value(c, OPT_bind, "a b");
    ck_assert_str_eq(strrchr(conf_file(c), '/'), "/a.conf");
    conf_free(c);
}
END_TEST

START_TEST(arguments_override_the_environment_which_overrides_the_file)
{
    char *const environment[] = {"LARDER_PORT=2", "LARDER_TIMEOUT=2", "PORT=9", NULL};
    char arguments[512];
    struct conf *c;

    snprintf(arguments, sizeof(arguments), "%s|--port|3", make_file("a.conf", "port 1\ntimeout 1\nmaxclients 1\n"));
    c = must_start(arguments, environment);
    ck_assert_int_eq(OPT(conf_options(c), maxclients), 1);
    ck_assert_int_eq(OPT(conf_options(c), timeout), 2);
    ck_assert_int_eq(OPT(conf_options(c), port), 3);
    conf_free(c);
}
END_TEST

START_TEST(the_last_of_two_lines_or_arguments_wins)
{
    char arguments[512];
    struct conf *c;

    snprintf(arguments, sizeof(arguments), "%s|--timeout|5|--timeout|6", make_file("a.conf", "port 1\nport 2\n"));
    c = must_start(arguments, no_environment);
    ck_assert_int_eq(OPT(conf_options(c), port), 2);
    ck_assert_int_eq(OPT(conf_options(c), timeout), 6);
    conf_free(c);
}
END_TEST

START_TEST(argument_values_may_be_several_or_empty_or_look_like_options)
{
    struct conf *c = must_start("--bind|a|b|--save|EMPTY|--requirepass|--secret|--unixsocket|EMPTY", no_environment);

    expect_value(c, OPT_bind, "a b");
    expect_value(c, OPT_save, "");
    expect_value(c, OPT_requirepass, "--secret");
    conf_free(c);
    c = must_start("--port 7|--bind|a b|--save|--maxclients|3", no_environment);
    ck_assert_int_eq(OPT(conf_options(c), port), 7);
    ck_assert_int_eq(OPT(conf_options(c), maxclients), 3);
    expect_value(c, OPT_bind, "a b");
    conf_free(c);
}
END_TEST

START_TEST(environment_values_are_split_for_list_options_only)
{
    char *const environment[] = {"LARDER_REQUIREPASS=a b\"", "LARDER_BIND=a b", "LARDER_MAXMEMORY_POLICY=allkeys-lfu",
                                 "LARDER_SAVE=", NULL};
    struct conf *c = must_start("", environment);

    expect_value(c, OPT_requirepass, "a b\"");
    expect_value(c, OPT_bind, "a b");
    expect_value(c, OPT_maxmemory_policy, "allkeys-lfu");
    conf_free(c);
}
END_TEST

START_TEST(unknown_environment_variables_are_reported_and_do_not_stop_the_start)
{
    char *const environment[] = {"LARDER_TRACES=/x", "LARDER_PORT=tcp://10.0.0.1:6379", "LARDER_SERVICE_HOST=x", NULL};
    struct conf *c = must_start("", environment);
    struct buf line = BUF_EMPTY;

    ck_assert_int_eq(OPT(conf_options(c), port), 6379);
    ck_assert(conf_unknown_variables(c, &line));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&line), "LARDER_TRACES, LARDER_PORT, LARDER_SERVICE_HOST"));
    buf_fini(&line);
    conf_free(c);
}
END_TEST

START_TEST(an_included_file_is_read_in_place)
{
    char text[512];
    struct conf *c;

    make_file("inner.conf", "port 5\ntimeout 5\n");
    snprintf(text, sizeof(text), "port 1\ninclude %s/inner.conf\ntimeout 1\n", folder);
    c = must_start(make_file("a.conf", text), no_environment);
    ck_assert_int_eq(OPT(conf_options(c), port), 5);
    ck_assert_int_eq(OPT(conf_options(c), timeout), 1);
    conf_free(c);
}
END_TEST

START_TEST(an_include_pattern_includes_matching_files_in_order)
{
    char text[512];
    struct conf *c;

    make_file("p2.inc", "port 2\n");
    make_file("p1.inc", "port 1\n");
    snprintf(text, sizeof(text), "include %s/p*.inc\ninclude %s/nothing*\n", folder, folder);
    c = must_start(make_file("a.conf", text), no_environment);
    ck_assert_int_eq(OPT(conf_options(c), port), 2);
    conf_free(c);
}
END_TEST

START_TEST(an_unreadable_or_circular_include_is_refused)
{
    char text[512];

    refuse_text("\ninclude /nonexistent/x\n", "bad.conf:2: can't read '/nonexistent/x': No such file or directory");
    snprintf(text, sizeof(text), "include %s/bad.conf\n", folder);
    refuse_text(text, "bad.conf:1: include: nested too deeply");
    refuse_text("include\n", "bad.conf:1: include: wrong number of arguments");
}
END_TEST

START_TEST(an_error_in_an_included_file_names_that_file)
{
    char text[512];

    make_file("inner.conf", "\n\nport x\n");
    snprintf(text, sizeof(text), "include %s/inner.conf\n", folder);
    refuse_text(text, "inner.conf:3: port: argument couldn't be parsed into an integer");
}
END_TEST

START_TEST(unknown_or_malformed_lines_are_refused_with_file_line_and_reason)
{
    refuse_text("port 1\nfoo bar\n", "bad.conf:2: unknown directive 'foo'");
    refuse_text("port", "bad.conf:1: port: wrong number of arguments");
    refuse_text("port 1 2", "bad.conf:1: port: wrong number of arguments");
    refuse_text("port 65536", "bad.conf:1: port: argument must be between 0 and 65535 inclusive");
    refuse_text("daemonize maybe", "bad.conf:1: daemonize: argument must be 'yes' or 'no'");
    refuse_text("loglevel loud", "bad.conf:1: loglevel: argument(s) must be one of the following: debug, verbose");
    refuse_text("maxmemory 1tb", "bad.conf:1: maxmemory: argument must be a memory value");
    refuse_text("maxmemory-clients 101%", "percentage argument must be less or equal to 100");
    refuse_text("unixsocketperm 888", "argument couldn't be parsed as an octal number");
    refuse_text("client-output-buffer-limit normal 1 2", "Wrong number of arguments in buffer limit configuration.");
    refuse_text("client-output-buffer-limit x 1 2 3", "Invalid client class specified in buffer limit configuration.");
    refuse_text("dir /nonexistent", "bad.conf:1: dir: No such file or directory");
    refuse_text("logfile \"a", "bad.conf:1: Unbalanced quotes in configuration line");
    refuse_text("bind a \"\" b", "a word of a list may not be empty or hold white space or quotes");
    refuse_text("worker-weights 1 0", "each weight must be a number between 1 and 1000");
}
END_TEST

START_TEST(unsupported_features_are_refused_with_the_reason)
{
    refuse_text("appendonly yes", "bad.conf:1: appendonly: there is no append-only file in Larder");
    refuse_text("save 900 1", "save: there are no snapshots in Larder");
    refuse_text("replicaof 127.0.0.1 6379", "replicaof: a server cannot be a replica in Larder");
    refuse_text("slaveof 127.0.0.1 6379", "replicaof: a server cannot be a replica in Larder");
    refuse_text("cluster-enabled yes", "cluster-enabled: there is no cluster mode in Larder");
    refuse_text("loadmodule /x.so", "loadmodule: there are no modules in Larder");
    refuse_text("tls-port 6380", "tls-port: there is no TLS in Larder");
    refuse_text("user alice on", "user: there is no user but the default one in Larder");
    refuse_text("aclfile /x", "aclfile: there is no user but the default one in Larder");
    refuse_text("rename-command GET \"\"", "rename-command: commands cannot be renamed in Larder");
    refuse_text("notify-keyspace-events KEA", "notify-keyspace-events: there are no keyspace events in Larder");
    refuse_text("min-replicas-to-write 1", "min-replicas-to-write: there are no replicas in Larder");
}
END_TEST

START_TEST(hints_and_features_that_are_off_are_accepted_and_reported_in_one_line)
{
    struct conf *c = must_start(make_file("a.conf", "io-threads 4\nappendonly no\nsave \"\"\nreplicaof no one\nport 1\n"
                                                    "hash-max-ziplist-entries 7\n"),
                                no_environment);
    struct buf line = BUF_EMPTY;

    ck_assert(conf_hints(c, &line));
    ck_assert_str_eq(buf_cstr(&line),
                     "These options of Redis are accepted but have no effect: io-threads, save, appendonly, replicaof");
    expect_value(c, OPT_hash_max_listpack_entries, "7");
    buf_fini(&line);
    conf_free(c);
}
END_TEST

START_TEST(the_line_of_hints_fits_the_log_and_begins_with_changed_options)
{
    struct buf text = BUF_EMPTY;
    struct buf line = BUF_EMPTY;
    struct conf *c;

    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_table[i].effect == EFFECT_HINT)
            buf_printf(&text, "%s %s\n", option_table[i].name, option_table[i].initial);
    }
    buf_add_str(&text, "slowlog-max-len 7\n");
    c = must_start(make_file("a.conf", buf_cstr(&text)), no_environment);
    buf_fini(&text);

    ck_assert(conf_hints(c, &line));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&line), "no effect: slowlog-max-len, hz, "));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&line), " more"));
    ck_assert_uint_lt(line.len, 1000);
    buf_fini(&line);
    conf_free(c);
}
END_TEST

START_TEST(invalid_arguments_and_variables_are_refused_by_name)
{
    char *const environment[] = {"LARDER_PORT=x", NULL};

    must_refuse("--port|x", no_environment, "--port: argument couldn't be parsed into an integer");
    must_refuse("--port", no_environment, "--port: wrong number of arguments");
    must_refuse("--nosuch|1", no_environment, "unknown option '--nosuch'");
    must_refuse("-x", no_environment, "not an option: '-x'");
    must_refuse("/nonexistent/larder.conf", no_environment,
                "can't open config file '/nonexistent/larder.conf': No such file or directory");
    must_refuse("", environment, "environment variable LARDER_PORT: argument couldn't be parsed into an integer");
    must_refuse("--check-config", no_environment, "--check-config needs the name of a file");
}
END_TEST

START_TEST(no_error_text_contains_a_password)
{
    struct buf err = BUF_EMPTY;
    struct conf *c;

    ck_assert_int_eq(start(make_file("bad.conf", "requirepass hunter2 x\n"), no_environment, &c, &err), LOAD_REFUSED);
    ck_assert_ptr_null(strstr(buf_cstr(&err), "hunter2"));
    buf_fini(&err);
}
END_TEST

START_TEST(output_limits_are_per_class_and_the_old_class_name_is_accepted)
{
    struct conf *c = must_start(make_file("a.conf", "client-output-buffer-limit slave 1kb 2 3\n"
                                                    "client-output-buffer-limit pubsub 4 5mb 6\n"),
                                no_environment);
    const struct output_limit *limit = conf_options(c)->output_limit;

    expect_value(c, OPT_client_output_buffer_limit, "normal 0 0 0 slave 1024 2 3 pubsub 4 5242880 6");
    ck_assert_int_eq(limit[OUTPUT_REPLICA].hard, 1024);
    ck_assert_int_eq(limit[OUTPUT_PUBSUB].soft, 5242880);
    ck_assert_int_eq(limit[OUTPUT_PUBSUB].seconds, 6);
    conf_free(c);
}
END_TEST

START_TEST(percentages_are_of_the_machine_memory_or_of_maxmemory)
{
    struct conf *c = must_start("--maxmemory|50%|--maxmemory-clients|10%", no_environment);
    const struct options *o = conf_options(c);

    ck_assert_int_ge(OPT(o, maxmemory), 512 << 10);
    expect_value(c, OPT_maxmemory_clients, "10%");
    ck_assert_int_eq(options_maxmemory_clients(o), (int64_t)((double)OPT(o, maxmemory) / 10));
    conf_free(c);
}
END_TEST

START_TEST(the_first_argument_may_select_another_action)
{
    struct buf err = BUF_EMPTY;
    struct conf *c;
    char arguments[512];

    ck_assert_int_eq(start("--help", no_environment, &c, &err), LOAD_HELP);
    ck_assert_int_eq(start("-h", no_environment, &c, &err), LOAD_HELP);
    ck_assert_int_eq(start("--version", no_environment, &c, &err), LOAD_VERSION);
    ck_assert_int_eq(start("-v", no_environment, &c, &err), LOAD_VERSION);
    ck_assert_int_eq(start("--sample-config", no_environment, &c, &err), LOAD_SAMPLE);
    snprintf(arguments, sizeof(arguments), "--check-config|%s", make_file("a.conf", "port 4\n"));
    ck_assert_int_eq(start(arguments, no_environment, &c, &err), LOAD_CHECK);
    ck_assert_int_eq(OPT(conf_options(c), port), 4);
    conf_free(c);
    buf_fini(&err);
}
END_TEST

START_TEST(a_dash_reads_the_standard_input)
{
    struct conf *c;

    ck_assert_ptr_nonnull(freopen(make_file("in.conf", "port 8\ntimeout 8\n"), "r", stdin));
    c = must_start("-|--timeout|9", no_environment);
    ck_assert_int_eq(OPT(conf_options(c), port), 8);
    ck_assert_int_eq(OPT(conf_options(c), timeout), 9);
    conf_free(c);
    ck_assert_ptr_nonnull(freopen(make_file("in.conf", "port 8\ntimeout 8\n"), "r", stdin));
    c = must_start("--maxclients|5|-", no_environment);
    ck_assert_int_eq(OPT(conf_options(c), port), 8);
    ck_assert_int_eq(OPT(conf_options(c), maxclients), 5);
    conf_free(c);
}
END_TEST

START_TEST(passwords_are_blanked_in_arguments_and_environment)
{
    char text[][32] = {"larder-server", "--requirepass",         "hunter2",       "--port",
                       "6380",          "--requirepass hunter3", "--REQUIREPASS", "--hunter4"};
    char variables[][32] = {"LARDER_REQUIREPASS=hunter5", "LARDER_PORT=6381", "OTHER=hunter"};
    char *argv[9] = {0}, *envp[4] = {0};
    static const char *const hidden[] = {"larder-server",   "--requirepass", "*", "--port", "6380",
                                         "--requirepass *", "--REQUIREPASS", "*"};

    for (unsigned i = 0; i < 8; i++)
        argv[i] = text[i];
    for (unsigned i = 0; i < 3; i++)
        envp[i] = variables[i];
    load_hide_secrets(argv, envp);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_str_eq(text[i], hidden[i]);
    ck_assert_ptr_null(memmem(text, sizeof text, "unter", 5));
    ck_assert_str_eq(variables[0], "LARDER_REQUIREPASS=*");
    ck_assert_ptr_null(memmem(variables[0], sizeof variables[0], "unter", 5));
    ck_assert_str_eq(variables[1], "LARDER_PORT=6381");
    ck_assert_str_eq(variables[2], "OTHER=hunter");
}
END_TEST

START_TEST(an_include_of_what_is_no_file_is_refused)
{
    char path[256], line[512];

    snprintf(path, sizeof path, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    snprintf(line, sizeof line, "include %s\n", path);
    must_refuse(make_file("a.conf", line), no_environment, "Operation not supported");
    must_refuse(make_file("a.conf", "include /dev/zero\n"), no_environment, "Operation not supported");
    must_refuse(make_file("a.conf", "include /tmp\n"), no_environment, "Is a directory");
    unlink(path);
}
END_TEST

START_TEST(includes_without_end_are_refused)
{
    char line[512];

    snprintf(line, sizeof line, "include %s/b.conf\n", folder);
    make_file("a.conf", line);
    for (unsigned level = 0; level < 3; level++) { /* 100^3 of them, eight deep at most */
        char name[] = "b.conf", text[100 * 64] = "";

        name[0] += (char)level;
        snprintf(line, sizeof line, "include %s/%c.conf\n", folder, name[0] + 1);
        for (unsigned i = 0; i < 100; i++)
            strcat(text, line);
        make_file(name, text);
    }
    make_file("e.conf", "timeout 1\n");
    snprintf(line, sizeof line, "%s/a.conf", folder);
    must_refuse(line, no_environment, "too many");
}
END_TEST

START_TEST(a_password_may_hold_a_zero_byte)
{
    struct conf *c = must_start(make_file("a.conf", "requirepass \"a\\x00b\"\n"), no_environment);
    struct buf value = BUF_EMPTY;

    conf_copy(c, OPT_requirepass, &value);
    ck_assert(slice_eq(buf_slice(&value), SLICE("a\0b")));
    buf_fini(&value);
    conf_free(c);
    must_refuse(make_file("a.conf", "logfile \"a\\x00b\"\n"), no_environment, "a value may not contain a zero byte");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load");
    TCase *tests = tcase_create("load");
    SRunner *runner = srunner_create(suite);
    char command[64];
    int failed;

    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    tcase_add_test(tests, without_file_or_arguments_the_defaults_apply);
    tcase_add_test(tests, a_file_sets_options_and_comments_do_not);
    tcase_add_test(tests, arguments_override_the_environment_which_overrides_the_file);
    tcase_add_test(tests, the_last_of_two_lines_or_arguments_wins);
    tcase_add_test(tests, argument_values_may_be_several_or_empty_or_look_like_options);
    tcase_add_test(tests, environment_values_are_split_for_list_options_only);
    tcase_add_test(tests, unknown_environment_variables_are_reported_and_do_not_stop_the_start);
    tcase_add_test(tests, an_included_file_is_read_in_place);
    tcase_add_test(tests, an_include_pattern_includes_matching_files_in_order);
    tcase_add_test(tests, an_unreadable_or_circular_include_is_refused);
    tcase_add_test(tests, an_error_in_an_included_file_names_that_file);
    tcase_add_test(tests, unknown_or_malformed_lines_are_refused_with_file_line_and_reason);
    tcase_add_test(tests, unsupported_features_are_refused_with_the_reason);
    tcase_add_test(tests, hints_and_features_that_are_off_are_accepted_and_reported_in_one_line);
    tcase_add_test(tests, the_line_of_hints_fits_the_log_and_begins_with_changed_options);
    tcase_add_test(tests, invalid_arguments_and_variables_are_refused_by_name);
    tcase_add_test(tests, no_error_text_contains_a_password);
    tcase_add_test(tests, output_limits_are_per_class_and_the_old_class_name_is_accepted);
    tcase_add_test(tests, percentages_are_of_the_machine_memory_or_of_maxmemory);
    tcase_add_test(tests, the_first_argument_may_select_another_action);
    tcase_add_test(tests, passwords_are_blanked_in_arguments_and_environment);
    tcase_add_test(tests, an_include_of_what_is_no_file_is_refused);
    tcase_add_test(tests, includes_without_end_are_refused);
    tcase_add_test(tests, a_password_may_hold_a_zero_byte);
    tcase_add_test(tests, a_dash_reads_the_standard_input);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command) != 0 || failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
