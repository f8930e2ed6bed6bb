/* SPDX-License-Identifier: BSD-3-Clause */
/* conn: one client connection, with its workers: pushes, kills and pauses by mail. */
#include "checks.h"
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "keys.h"
#include "net/post.h"
#include "net/worker.h"
#include "store/quota.h"

#define WORKERS    2
#define TIMEOUT_MS 20000
#define LARGE      (1024 * 1024 + 1) /* a payload that alone exceeds MAILBOX_BOUND */

static struct instance instance;
static struct workers workers;
static sem_t stopped, released;

/* ---- commands of the test ---- */

static struct mail_address address_of(uint64_t id);

/* Pushes `count` payloads of `size` bytes to a client, as a publisher does. */
CMD(test_push, .name = "TESTPUSH", .arity = 4, .group = "server", .since = "7.0.0", .cost = "O(N)", .flags = CMD_FAST,
    .summary = "Pushes bytes to a client.", .syntax = "client-id count size")
{
    struct mail_address to;
    int64_t id, count, size;

    ck_assert(call_int(c, 1, &id) && call_int(c, 2, &count) && call_int(c, 3, &size));
    to = address_of((uint64_t)id);
    for (int64_t i = 0; i < count; i++) {
        struct blob *payload = blob_new((size_t)size);

        memset(payload->p, 'p', (size_t)size);
        payload->len = (size_t)size;
        mail_push(&c->instance->clients.mail, c->session, to, payload);
        blob_unref(payload);
    }
    reply_int(c->out, count);
}

/* Keeps the worker busy until the test releases it. */
CMD(test_stop, .name = "TESTSTOP", .arity = 1, .group = "server", .since = "7.0.0", .cost = "O(1)", .flags = CMD_FAST,
    .summary = "Stops the worker.", .syntax = "")
{
    sem_post(&stopped);
    sem_wait(&released);
    reply_ok(c->out);
}

/* ---- the server ---- */

static const struct engine_ops *engines[2];

static int find_engines(void)
{
    int n = 0;

    engines[n++] = &engine_libev;
#ifdef HAVE_IO_URING
    char why[200];

    if (engine_io_uring_works(why, sizeof why))
        engines[n++] = &engine_io_uring;
#endif
    return n;
}

static void resume_all(void *arg)
{
    workers_signal(arg, SIGNAL_RESUME);
}

static void begin(int engine)
{
    char why[200] = "";

    keyspace_setup();
    instance_init(&instance, ks, conf_new());
    instance.threads = WORKERS;
    instance.resume = resume_all;
    instance.resume_arg = &workers;
    sem_init(&stopped, 0, 0);
    sem_init(&released, 0, 0);
    ck_assert_msg(workers_start(&workers, &instance, engines[engine], WORKERS, why, sizeof why) == 0, "%s", why);
}

static void end(void)
{
    workers_stop(&workers);
    ck_assert_ptr_null(instance.clients.first);
    instance_fini(&instance);
    conf_free(instance.conf);
    metrics_fini();
    keyspace_teardown();
}

/* ---- clients ---- */

struct client {
    int fd;
    uint64_t id;
};

static bool copy_address(void *arg, struct card *card)
{
    *(struct mail_address *)arg = card->address;
    return true;
}

static struct mail_address address_of(uint64_t id)
{
    struct mail_address a = {0};

    ck_assert(clients_visit(&instance.clients, id, copy_address, &a));
    return a;
}

static void send_text(const struct client *c, const char *text)
{
    ck_assert_int_eq(send(c->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Waits for bytes, or for the end of the connection: 0. */
static size_t receive(const struct client *c, char *p, size_t size)
{
    struct pollfd ready = {.fd = c->fd, .events = POLLIN};
    ssize_t n;

    ck_assert_msg(poll(&ready, 1, TIMEOUT_MS) == 1, "nothing comes");
    n = recv(c->fd, p, size, 0);
    return n < 0 ? 0 : (size_t)n;
}

/* The next bytes must be these. */
static void expect(const struct client *c, const char *text)
{
    char got[200] = "";

    for (size_t n = 0; n < strlen(text);) {
        size_t more = receive(c, got + n, strlen(text) - n);

        ck_assert_msg(more > 0, "the connection has closed behind '%s'", got);
        n += more;
    }
    ck_assert_str_eq(got, text);
}

static void expect_pushed(const struct client *c, size_t n)
{
    static char got[1 << 16];

    while (n > 0) {
        size_t more = receive(c, got, n < sizeof got ? n : sizeof got);

        ck_assert_uint_gt(more, 0);
        for (size_t i = 0; i < more; i++)
            ck_assert_int_eq(got[i], 'p');
        n -= more;
    }
}

static void expect_closed(const struct client *c)
{
    char got[1000];

    while (receive(c, got, sizeof got) > 0)
        ;
}

static void expect_nothing(const struct client *c)
{
    char got;

    ck_assert_int_eq(recv(c->fd, &got, 1, MSG_DONTWAIT | MSG_PEEK), -1);
}

static void ask(const struct client *c, const char *request, const char *reply)
{
    send_text(c, request);
    expect(c, reply);
}

static struct client client_of(unsigned worker)
{
    struct client c;
    int fd[2];
    char line[100];
    size_t n;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    ck_assert_int_eq(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
    atomic_fetch_add(&workers.all[worker].conn_count, 1);
    post_letter(&workers.all[worker], &(struct letter){.kind = LETTER_CONNECTION, .fd = fd[0]});
    c.fd = fd[1];
    send_text(&c, "CLIENT ID\r\n");
    n = receive(&c, line, sizeof line - 1);
    line[n] = 0;
    ck_assert_int_eq(sscanf(line, ":%" PRIu64, &c.id), 1);
    return c;
}

static void push_to(const struct client *by, const struct client *to, int count, int size)
{
    char request[100];

    snprintf(request, sizeof request, "TESTPUSH %" PRIu64 " %d %d\r\n", to->id, count, size);
    send_text(by, request);
}

static void stop_worker_of(const struct client *c)
{
    send_text(c, "TESTSTOP\r\n");
    sem_wait(&stopped);
}

/* ---- pushes ---- */

START_TEST(a_push_reaches_a_client_of_another_worker)
{
    struct client a, b;

    begin(_i);
    a = client_of(0);
    b = client_of(1);
    push_to(&a, &b, 3, 100);
    expect(&a, ":3\r\n");
    expect_pushed(&b, 300);
    push_to(&b, &a, 1, 100000); /* by reference */
    expect(&b, ":1\r\n");
    expect_pushed(&a, 100000);
    ask(&a, "PING\r\n", "+PONG\r\n");
    end();
}
END_TEST

START_TEST(a_push_reaches_a_client_of_the_same_worker)
{
    struct client a, b;

    begin(_i);
    a = client_of(1);
    b = client_of(1);
    push_to(&a, &b, 2, 10);
    expect_pushed(&b, 20);
    expect(&a, ":2\r\n");
    end();
}
END_TEST

START_TEST(a_push_to_itself_comes_between_the_reply_and_the_next_reply)
{
    struct client a;
    char requests[100];

    begin(_i);
    a = client_of(0);
    snprintf(requests, sizeof requests, "TESTPUSH %" PRIu64 " 2 3\r\nPING\r\nTESTPUSH %" PRIu64 " 1 1\r\nPING\r\n",
             a.id, a.id);
    ask(&a, requests, ":2\r\npppppp+PONG\r\n:1\r\np+PONG\r\n");
    end();
}
END_TEST

START_TEST(a_push_reaches_a_client_that_suppresses_replies)
{
    struct client a, b;

    begin(_i);
    a = client_of(0);
    b = client_of(1);
    send_text(&b, "CLIENT REPLY OFF\r\nPING\r\n");
    ask(&b, "CLIENT REPLY ON\r\n", "+OK\r\n");
    send_text(&b, "CLIENT REPLY OFF\r\n");
    push_to(&a, &b, 1, 5);
    expect(&a, ":1\r\n");
    expect_pushed(&b, 5);
    ask(&b, "PING\r\nCLIENT REPLY ON\r\n", "+OK\r\n");
    end();
}
END_TEST

START_TEST(a_push_to_a_client_that_has_disconnected_is_dropped)
{
    struct mail_address gone;
    struct blob *payload;
    struct client a, b;

    begin(_i);
    a = client_of(1);
    gone = address_of(a.id);
    ask(&a, "QUIT\r\n", "+OK\r\n");
    expect_closed(&a);
    b = client_of(1); /* in the same slot */
    ck_assert_uint_eq(address_of(b.id).slot, gone.slot);
    payload = blob_copy(SLICE("+not for you\r\n"));
    mail_push(&instance.clients.mail, NULL, gone, payload);
    ask(&b, "PING\r\n", "+PONG\r\n");
    ask(&b, "PING\r\n", "+PONG\r\n"); /* the worker has read its mail before this request */
    ck_assert(blob_is_sole(payload));
    blob_unref(payload);
    end();
}
END_TEST

START_TEST(pushes_beyond_the_output_limit_close_the_connection)
{
    struct conf_pair limit = {SLICE("client-output-buffer-limit"), SLICE("normal 1mb 0 0")};
    struct conf_error error;
    struct client a, b;

    begin(_i);
    ck_assert(conf_set(instance.conf, &limit, 1, true, &error));
    a = client_of(0);
    b = client_of(1);
    push_to(&a, &b, 30, 100000);
    expect(&a, ":30\r\n");
    expect_closed(&b);
    ck_assert_uint_eq(atomic_load(&instance.clients.killed_for_output), 1);
    ask(&a, "PING\r\n", "+PONG\r\n");
    end();
}
END_TEST

START_TEST(pushes_that_wait_count_as_memory_of_their_client)
{
    struct client a, b, c;
    char line[3000] = "", *omem;
    size_t n;

    begin(_i);
    a = client_of(0);
    b = client_of(1);
    c = client_of(1);
    push_to(&a, &b, 10000, 1000); /* more than the kernel's buffers hold */
    expect(&a, ":10000\r\n");
    ask(&c, "PING\r\n", "+PONG\r\n");
    snprintf(line, sizeof line, "CLIENT LIST ID %" PRIu64 "\r\n", b.id);
    send_text(&c, line);
    n = receive(&c, line, sizeof line - 1);
    line[n] = 0;
    omem = strstr(line, " omem=");
    ck_assert_ptr_nonnull(omem);
    ck_assert_int_gt(atoll(omem + 6), 5000000);
    ck_assert_uint_gt(quota_clients(), 5000000);
    expect_pushed(&b, 10000 * 1000);
    end();
}
END_TEST

/* ---- full mailboxes ---- */

START_TEST(a_client_whose_mail_piles_up_waits_until_it_is_taken)
{
    struct client a, other, b;
    char requests[200];

    begin(_i);
    a = client_of(0);
    other = client_of(0);
    b = client_of(1);
    stop_worker_of(&b);
    snprintf(requests, sizeof requests, "TESTPUSH %" PRIu64 " 1 10\r\nPING\r\nTESTPUSH %" PRIu64 " 2 %d\r\nPING\r\n",
             b.id, b.id, LARGE);
    ask(&a, requests, ":1\r\n+PONG\r\n:2\r\n");
    send_text(&a, "PING\r\n");
    ask(&other, "PING\r\n", "+PONG\r\n"); /* the worker itself does not wait */
    ask(&other, "PING\r\n", "+PONG\r\n");
    expect_nothing(&a);
    sem_post(&released);
    expect(&a, "+PONG\r\n+PONG\r\n");
    expect(&b, "+OK\r\n");
    expect_pushed(&b, 10 + 2 * LARGE);
    end();
}
END_TEST

START_TEST(a_client_can_disconnect_while_it_waits)
{
    struct client a, b, c;

    begin(_i);
    a = client_of(0);
    b = client_of(1);
    stop_worker_of(&b);
    push_to(&a, &b, 1, LARGE);
    expect(&a, ":1\r\n");
    close(a.fd);
    c = client_of(0);
    sem_post(&released);
    expect(&b, "+OK\r\n");
    expect_pushed(&b, LARGE);
    ask(&c, "PING\r\n", "+PONG\r\n");
    end();
}
END_TEST

START_TEST(a_client_can_be_killed_while_it_waits)
{
    struct client a, b, c;
    char request[100];

    begin(_i);
    a = client_of(0);
    b = client_of(1);
    c = client_of(0);
    stop_worker_of(&b);
    push_to(&a, &b, 1, LARGE);
    expect(&a, ":1\r\n");
    snprintf(request, sizeof request, "CLIENT KILL ID %" PRIu64 "\r\n", a.id);
    ask(&c, request, ":1\r\n");
    expect_closed(&a);
    sem_post(&released);
    expect(&b, "+OK\r\n");
    expect_pushed(&b, LARGE);
    ask(&c, "PING\r\n", "+PONG\r\n");
    end();
}
END_TEST

/* Reads from both until each has received so many bytes. */
static void read_both(const struct client *a, const struct client *b, size_t each)
{
    static char got[1 << 16];
    size_t of[2] = {0, 0};

    while (of[0] < each || of[1] < each) {
        struct pollfd ready[2] = {{.fd = a->fd, .events = POLLIN}, {.fd = b->fd, .events = POLLIN}};

        ck_assert_msg(poll(ready, 2, TIMEOUT_MS) > 0, "no more comes after %zu and %zu bytes", of[0], of[1]);
        for (int i = 0; i < 2; i++) {
            if (ready[i].revents == 0)
                continue;
            of[i] += recv(ready[i].fd, got, sizeof got, 0);
        }
    }
    ck_assert(of[0] == each && of[1] == each);
}

START_TEST(two_workers_that_fill_each_others_mailboxes_do_not_deadlock)
{
    enum { REQUESTS = 20, COUNT = 3, SIZE = 500000, REPLY = 4 };
    struct client a, b;

    begin(_i);
    a = client_of(0);
    b = client_of(1);
    for (int i = 0; i < REQUESTS; i++) {
        push_to(&a, &b, COUNT, SIZE);
        push_to(&b, &a, COUNT, SIZE);
    }
    read_both(&a, &b, (size_t)REQUESTS * (COUNT * SIZE + REPLY));
    ask(&a, "PING\r\n", "+PONG\r\n");
    ask(&b, "PING\r\n", "+PONG\r\n");
    end();
}
END_TEST

/* ---- kills and pauses ---- */

START_TEST(a_kill_closes_the_named_client_and_no_other)
{
    enum { MANY = 20 };
    struct client all[MANY], killer;
    char request[100];

    begin(_i);
    killer = client_of(0);
    for (unsigned i = 0; i < MANY; i++)
        all[i] = client_of(i % WORKERS);
    for (unsigned i = 0; i < MANY; i += 3) {
        snprintf(request, sizeof request, "CLIENT KILL ID %" PRIu64 "\r\n", all[i].id);
        ask(&killer, request, ":1\r\n");
        expect_closed(&all[i]);
        ask(&killer, request, ":0\r\n");
    }
    for (unsigned i = 0; i < MANY; i++)
        if (i % 3 != 0)
            ask(&all[i], "PING\r\n", "+PONG\r\n");
    end();
}
END_TEST

START_TEST(the_end_of_a_pause_resumes_those_on_hold)
{
    enum { MANY = 20 };
    struct client all[MANY], other;

    begin(_i);
    other = client_of(0);
    for (unsigned i = 0; i < MANY; i++)
        all[i] = client_of(i % WORKERS);
    ask(&other, "CLIENT PAUSE 100000 WRITE\r\n", "+OK\r\n");
    for (unsigned i = 0; i < MANY; i++)
        ask(&all[i], "PING\r\nSET k v\r\nPING\r\n", "+PONG\r\n");
    close(all[0].fd);
    close(all[1].fd);
    ask(&other, "CLIENT UNPAUSE\r\n", "+OK\r\n");
    for (unsigned i = 2; i < MANY; i++)
        expect(&all[i], "+OK\r\n+PONG\r\n");
    ask(&other, "CLIENT PAUSE 10 WRITE\r\n", "+OK\r\n"); /* ends by itself */
    for (unsigned i = 2; i < MANY; i++)
        send_text(&all[i], "SET k v\r\n");
    for (unsigned i = 2; i < MANY; i++)
        expect(&all[i], "+OK\r\n");
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn");
    TCase *tests = tcase_create("conn");
    SRunner *runner = srunner_create(suite);
    int failed, n = find_engines();

    hash_init();
    clock_calibrate();
    commands_init();
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_push_reaches_a_client_of_another_worker, 0, n);
    tcase_add_loop_test(tests, a_push_reaches_a_client_of_the_same_worker, 0, n);
    tcase_add_loop_test(tests, a_push_to_itself_comes_between_the_reply_and_the_next_reply, 0, n);
    tcase_add_loop_test(tests, a_push_reaches_a_client_that_suppresses_replies, 0, n);
    tcase_add_loop_test(tests, a_push_to_a_client_that_has_disconnected_is_dropped, 0, n);
    tcase_add_loop_test(tests, pushes_beyond_the_output_limit_close_the_connection, 0, n);
    tcase_add_loop_test(tests, pushes_that_wait_count_as_memory_of_their_client, 0, n);
    tcase_add_loop_test(tests, a_client_whose_mail_piles_up_waits_until_it_is_taken, 0, n);
    tcase_add_loop_test(tests, a_client_can_disconnect_while_it_waits, 0, n);
    tcase_add_loop_test(tests, a_client_can_be_killed_while_it_waits, 0, n);
    tcase_add_loop_test(tests, two_workers_that_fill_each_others_mailboxes_do_not_deadlock, 0, n);
    tcase_add_loop_test(tests, a_kill_closes_the_named_client_and_no_other, 0, n);
    tcase_add_loop_test(tests, the_end_of_a_pause_resumes_those_on_hold, 0, n);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
