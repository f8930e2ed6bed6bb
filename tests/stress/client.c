// SPDX-License-Identifier: BSD-3-Clause
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define WORDS_MAX     64
#define REPLY_SECONDS 20    // a reply that takes longer counts as the end of the connection

struct client {
    int fd;
    char *out;
    size_t out_length, out_room;
    char *in;
    size_t in_start, in_end, in_room;
};

struct client *client_new(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = REPLY_SECONDS}, sizeof(struct timeval));
    struct client *c = calloc(1, sizeof *c);
    c->fd = fd;
    return c;
}

void client_free(struct client *c)
{
    if (c == NULL)
        return;
    close(c->fd);
    free(c->out);
    free(c->in);
    free(c);
}

static void put(struct client *c, const char *bytes, size_t length)
{
    if (c->out_length + length > c->out_room) {
        c->out_room = 2 * (c->out_length + length);
        c->out = realloc(c->out, c->out_room);
    }
    memcpy(c->out + c->out_length, bytes, length);
    c->out_length += length;
}

static void put_head(struct client *c, char sign, size_t n)
{
    char head[32];

    put(c, head, (size_t)snprintf(head, sizeof head, "%c%zu\r\n", sign, n));
}

void client_add_words(struct client *c, const char *const *words, size_t count)
{
    put_head(c, '*', count);
    for (size_t i = 0; i < count; i++) {
        put_head(c, '$', strlen(words[i]));
        put(c, words[i], strlen(words[i]));
        put(c, "\r\n", 2);
    }
}

void client_add(struct client *c, ...)
{
    const char *words[WORDS_MAX];
    size_t count = 0;
    va_list list;

    va_start(list, c);
    while (count < WORDS_MAX && (words[count] = va_arg(list, const char *)) != NULL)
        count++;
    va_end(list);
    client_add_words(c, words, count);
}

bool client_send(struct client *c, const void *bytes, size_t length)
{
    for (size_t sent = 0; sent < length;) {
        ssize_t n = send(c->fd, (const char *)bytes + sent, length - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}

bool client_flush(struct client *c)
{
    bool sent = client_send(c, c->out, c->out_length);

    c->out_length = 0;
    return sent;
}

// Reads until at least `want` bytes have been received.
static bool fill(struct client *c, size_t want)
{
    if (c->in_end - c->in_start >= want)
        return true;
    memmove(c->in, c->in + c->in_start, c->in_end - c->in_start);
    c->in_end -= c->in_start;
    c->in_start = 0;
    if (c->in_room < want + 65536) {
        c->in_room = 2 * (want + 65536);
        c->in = realloc(c->in, c->in_room);
    }
    while (c->in_end < want) {
        ssize_t n = recv(c->fd, c->in + c->in_end, c->in_room - c->in_end, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        c->in_end += (size_t)n;
    }
    return true;
}

// The length of the line that begins at in_start, without its end; -1 if the connection ended.
static long line(struct client *c)
{
    size_t looked = 0;

    for (;;) {
        const char *start = c->in + c->in_start;
        size_t have = c->in_end - c->in_start;
        const char *end = have > looked ? memchr(start + looked, '\n', have - looked) : NULL;
        if (end != NULL)
            return end - start - 1;
        looked = have;
        if (!fill(c, have + 1))
            return -1;
    }
}

static char *copy(const char *bytes, size_t length)
{
    char *text = malloc(length + 1);

    memcpy(text, bytes, length);
    text[length] = '\0';
    return text;
}

static struct reply read_string(struct client *c, long long length)
{
    struct reply r = {.type = '$', .null = length < 0};

    if (r.null)
        return r;
    if (!fill(c, (size_t)length + 2))
        return (struct reply){0};
    r.length = (size_t)length;
    r.text = copy(c->in + c->in_start, r.length);
    c->in_start += r.length + 2;
    return r;
}

static struct reply read_items(struct client *c, long long count)
{
    struct reply r = {.type = '*', .null = count < 0};

    if (r.null)
        return r;
    r.items = calloc((size_t)count + 1, sizeof *r.items);
    for (; r.count < (size_t)count; r.count++) {
        r.items[r.count] = client_read(c);
        if (r.items[r.count].type == 0) {
            reply_free(&r);
            return (struct reply){0};
        }
    }
    return r;
}

struct reply client_read(struct client *c)
{
    long length = line(c);

    if (length < 1)
        return (struct reply){0};
    const char *start = c->in + c->in_start;
    struct reply r = {.type = start[0]};
    long long number = atoll(start + 1);
    if (r.type == '+' || r.type == '-') {
        r.length = (size_t)length - 1;
        r.text = copy(start + 1, r.length);
    }
    c->in_start += (size_t)length + 2;
    if (r.type == '$')
        return read_string(c, number);
    if (r.type == '*')
        return read_items(c, number);
    r.number = number;
    return r;
}

void reply_free(struct reply *r)
{
    for (size_t i = 0; i < r->count; i++)
        reply_free(&r->items[i]);
    free(r->items);
    free(r->text);
    *r = (struct reply){0};
}

bool reply_is(const struct reply *r, const char *text)
{
    return r->text != NULL && strcmp(r->text, text) == 0;
}

long long reply_number(const struct reply *r)
{
    if (r->type == ':')
        return r->number;
    return r->type == '$' && !r->null ? atoll(r->text) : -1;
}
