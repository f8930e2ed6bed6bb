/* SPDX-License-Identifier: BSD-3-Clause */
/* listener: the sockets that clients connect to. */
#include "checks.h"
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/listener.h"

static struct conf *conf;
static struct listeners listeners;
static char why[300];

static void set(const char *name, const char *value)
{
    struct conf_pair pair = {slice_str(name), slice_str(value)};
    struct conf_error error;

    ck_assert_msg(conf_set(conf, &pair, 1, true, &error), "%s %s", name, value);
}

static void set_up(void)
{
    conf = conf_new();
    set("bind", "127.0.0.1");
}

static void tear_down(void)
{
    listeners_fini(&listeners, true);
    conf_free(conf);
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
}

/* A port that was free a moment ago. */
static int free_port(void)
{
    struct sockaddr_in a = loopback(0);
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static void set_port(int port)
{
    char text[16];

    snprintf(text, sizeof text, "%d", port);
    set("port", text);
}

static bool can_connect(int port)
{
    struct sockaddr_in a = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool connected = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;

    close(fd);
    return connected;
}

static int open_on_free_port(void)
{
    int port = free_port();

    set_port(port);
    ck_assert_msg(listeners_open_tcp(conf, &listeners, why, sizeof why) == 0, "%s", why);
    return port;
}

START_TEST(each_address_of_bind_gets_a_socket)
{
    set("bind", "127.0.0.1 127.0.0.2");
    ck_assert(can_connect(open_on_free_port()));
    ck_assert_uint_eq(listeners.n, 2);
}
END_TEST

START_TEST(port_0_opens_nothing)
{
    set_port(0);
    ck_assert_int_eq(listeners_open_tcp(conf, &listeners, why, sizeof why), 0);
    ck_assert_uint_eq(listeners.n, 0);
}
END_TEST

START_TEST(only_an_address_with_a_dash_may_be_missing)
{
    set("bind", "127.0.0.1 -192.0.2.1");
    open_on_free_port();
    ck_assert_uint_eq(listeners.n, 1);
    listeners_fini(&listeners, true);
    set("bind", "127.0.0.1 192.0.2.1");
    ck_assert_int_eq(listeners_open_tcp(conf, &listeners, why, sizeof why), -1);
    ck_assert_ptr_nonnull(strstr(why, "192.0.2.1"));
    ck_assert_uint_eq(listeners.n, 0);
}
END_TEST

START_TEST(another_port_replaces_the_first)
{
    int first = open_on_free_port(), second = free_port();
    struct listeners old = listeners;

    set_port(second);
    ck_assert(listeners_reopen_tcp(conf, &listeners, why, sizeof why));
    ck_assert(can_connect(second) && !can_connect(first));
    ck_assert_int_ne(old.fds[0], listeners.fds[0]);
    listeners_fini(&old, true);
    ck_assert(can_connect(second));
}
END_TEST

START_TEST(the_same_port_can_be_opened_again)
{
    int port = open_on_free_port();
    struct listeners old = listeners;

    set("bind", "127.0.0.1 127.0.0.2");
    ck_assert_msg(listeners_reopen_tcp(conf, &listeners, why, sizeof why), "%s", why);
    ck_assert_uint_eq(listeners.n, 2);
    listeners_fini(&old, true);
    ck_assert(can_connect(port));
}
END_TEST

START_TEST(if_the_new_port_is_taken_the_old_one_listens_on)
{
    int port = open_on_free_port(), taken = free_port();
    struct sockaddr_in a = loopback(taken);
    struct listeners old = listeners;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    set_port(taken);
    ck_assert(!listeners_reopen_tcp(conf, &listeners, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "Address already in use"));
    listeners_fini(&old, true);
    ck_assert_uint_eq(listeners.n, 1);
    ck_assert(can_connect(port));
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("listener");
    TCase *tests = tcase_create("listener");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_address_of_bind_gets_a_socket);
    tcase_add_test(tests, port_0_opens_nothing);
    tcase_add_test(tests, only_an_address_with_a_dash_may_be_missing);
    tcase_add_test(tests, another_port_replaces_the_first);
    tcase_add_test(tests, the_same_port_can_be_opened_again);
    tcase_add_test(tests, if_the_new_port_is_taken_the_old_one_listens_on);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
