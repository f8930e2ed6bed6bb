/* SPDX-License-Identifier: BSD-3-Clause */
/* address: socket addresses as text, and the options of a new connection's socket. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "checks.h"
#include "net/address.h"

/* A connection over a listening socket bound to this address. */
struct pair {
    int client, server;
};

static struct pair connect_to(struct sockaddr *address, socklen_t size)
{
    int listener = socket(address->sa_family, SOCK_STREAM, 0);
    struct pair p = {socket(address->sa_family, SOCK_STREAM, 0), -1};

    ck_assert_int_eq(bind(listener, address, size), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    getsockname(listener, address, &size);
    ck_assert_int_eq(connect(p.client, address, size), 0);
    p.server = accept(listener, NULL, NULL);
    ck_assert_int_ge(p.server, 0);
    close(listener);
    return p;
}

static void close_both(struct pair p)
{
    close(p.client);
    close(p.server);
}

static struct pair connect_ipv4(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    return connect_to((struct sockaddr *)&a, sizeof a);
}

START_TEST(both_ends_are_shown)
{
    char peer[ADDRESS_MAX], local[ADDRESS_MAX], peer_there[ADDRESS_MAX], local_there[ADDRESS_MAX];
    struct pair p = connect_ipv4();
    bool is_local;

    ck_assert(!address_of_peer(p.server, peer, local, &is_local));
    ck_assert(is_local);
    ck_assert(strncmp(peer, "127.0.0.1:", 10) == 0);
    address_of_peer(p.client, peer_there, local_there, &is_local);
    ck_assert_str_eq(peer, local_there);
    ck_assert_str_eq(local, peer_there);
    close_both(p);
}
END_TEST

START_TEST(a_unix_socket_is_shown_by_the_path_of_the_server)
{
    char peer[ADDRESS_MAX], local[ADDRESS_MAX];
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct pair p;
    bool is_local;

    snprintf(a.sun_path, sizeof a.sun_path, "/tmp/test_address.%d", (int)getpid());
    p = connect_to((struct sockaddr *)&a, sizeof a);
    ck_assert(address_of_peer(p.server, peer, local, &is_local));
    ck_assert(is_local);
    ck_assert(strncmp(peer, "/tmp/test_address.", 18) == 0 && strcmp(peer + strlen(peer) - 2, ":0") == 0);
    ck_assert_str_eq(peer, local);
    unlink(a.sun_path);
    close_both(p);
}
END_TEST

START_TEST(a_disconnected_peer_is_not_local)
{
    char peer[ADDRESS_MAX], local[ADDRESS_MAX];
    struct linger at_once = {1, 0};
    struct pair p = connect_ipv4();
    bool is_local;

    setsockopt(p.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(p.client); /* resets */
    address_of_peer(p.server, peer, local, &is_local);
    ck_assert(!is_local);
    ck_assert_str_eq(peer, "?:0");
    close(p.server);
}
END_TEST

START_TEST(the_hash_of_an_address_does_not_depend_on_the_port)
{
    struct pair a = connect_ipv4(), b = connect_ipv4();

    ck_assert_uint_eq(address_hash(a.server), address_hash(b.server));
    close_both(a);
    close_both(b);
}
END_TEST

static int option(int fd, int level, int name)
{
    int v = -1;
    socklen_t n = sizeof v;

    getsockopt(fd, level, name, &v, &n);
    return v;
}

START_TEST(a_new_connection_has_nodelay_and_keepalive)
{
    struct pair p = connect_ipv4();

    address_prepare(p.server, 300);
    ck_assert_int_ne(option(p.server, IPPROTO_TCP, TCP_NODELAY), 0);
    ck_assert_int_ne(option(p.server, SOL_SOCKET, SO_KEEPALIVE), 0);
    ck_assert_int_eq(option(p.server, IPPROTO_TCP, TCP_KEEPIDLE), 300);
    address_prepare(p.client, 0);
    ck_assert_int_eq(option(p.client, SOL_SOCKET, SO_KEEPALIVE), 0);
    address_prepare(p.client, INT64_MAX);
    ck_assert_int_ne(option(p.client, SOL_SOCKET, SO_KEEPALIVE), 0);
    close_both(p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("address");
    TCase *tests = tcase_create("address");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, both_ends_are_shown);
    tcase_add_test(tests, a_unix_socket_is_shown_by_the_path_of_the_server);
    tcase_add_test(tests, a_disconnected_peer_is_not_local);
    tcase_add_test(tests, the_hash_of_an_address_does_not_depend_on_the_port);
    tcase_add_test(tests, a_new_connection_has_nodelay_and_keepalive);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
