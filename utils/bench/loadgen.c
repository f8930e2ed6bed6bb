/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * loadgen: a client that needs little CPU time per request, so that one core can saturate one core of a server.
 *
 *   loadgen -p PORT [-a PASSWORD] [-c CONNECTIONS] [-P PIPELINE] [-d VALUE_BYTES] [-k KEYS] [-K KEY_BYTES] [-w PERCENT_OF_SETS]
 *           [-s SECONDS] [-n REQUESTS] [-R REQUESTS_PER_SECOND] [-i MS] [-l] [-x MS_SINCE_1970]
 *
 * Ends after SECONDS, or with -n after that many replies. By default a closed loop: each connection sends PIPELINE
 * requests, waits for all replies, and repeats. The latency is that of the whole batch.
 * With -R an open loop: requests are scheduled at that rate regardless of the server, and the latency counts from the
 * scheduled moment. A stall therefore counts for every request that was scheduled during it.
 * -l sets the keys 0 .. KEYS-1 once and ends. With -x they get that expiry time (PXAT) and a different prefix.
 * -i adds a timeline with one entry per that many milliseconds: [second, replies, p50, p99, max].
 * Prints one JSON object. Latencies are in microseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND      1000000000ull
#define VALUE_BYTES 65536 /* random bytes that values are cut from */
#define EVENTS      512
#define DIGITS      12
#define KEY_MOST    100
#define SUB         64 /* cells of a histogram to a power of two: 1.6 % */
#define CELLS       4096

struct histogram {
    uint64_t cell[CELLS];
    uint64_t count;
    uint64_t max;
};

enum reply_state { REPLY_TYPE, REPLY_LINE, REPLY_LENGTH, REPLY_BYTES };

struct connection {
    int fd;
    bool blocked;        /* waits until it may write again */
    char *out;           /* requests not yet with the kernel: sent .. length */
    size_t length, sent, room;
    enum reply_state state;
    long bytes;          /* of the bulk being read */
    bool null;
    uint64_t *due;       /* a ring: when each unanswered request was due */
    unsigned head, tail, cap;
    unsigned batch;      /* replies that the batch still misses */
};

static struct {
    int port, connections, pipeline, value_bytes, key_bytes, set_percent, timeline_ms;
    uint64_t keys, requests;
    double seconds, rate;
    bool load;
    const char *password, *expire_at;
} option = {.port = 6379, .connections = 50, .pipeline = 1, .value_bytes = 32, .key_bytes = 16, .set_percent = 10, .keys = 1000000,
            .seconds = 5};

static struct {
    char head[160], tail[64]; /* around the key's digits and, for SET, before the value */
    size_t head_n, tail_n;
} get, set;
static int digits; /* of a key; the rest of it is the same in all */
static char after_value[64];
static size_t after_value_n;
static char *values;

static int poller;
static uint64_t start, loaded, sent, received, errors;
static struct histogram all, slice;

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static uint64_t draw(void)
{
    static uint64_t s = 88172645463325252ull;

    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return s * 2685821657736338717ull >> 11;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- latencies ---- */

static void record_in(struct histogram *h, uint64_t ns)
{
    int e = ns < SUB ? 0 : 58 - __builtin_clzll(ns);
    unsigned i = ns < SUB ? ns : e * SUB + (ns >> (e - 1)) % SUB;

    h->cell[i < CELLS ? i : CELLS - 1]++;
    h->count++;
    if (ns > h->max)
        h->max = ns;
}

static void record(uint64_t ns)
{
    record_in(&all, ns);
    record_in(&slice, ns);
}

/* The q-quantile of the latencies, in microseconds. */
static double quantile(const struct histogram *h, double q)
{
    uint64_t want = ceil(h->count * q), seen = 0;

    for (unsigned i = 0; i < CELLS; i++) {
        double v = i < SUB ? i : ldexp(SUB + i % SUB + .5, i / SUB - 1);

        seen += h->cell[i];
        if (h->cell[i] != 0 && seen >= want)
            return (v > h->max ? h->max : v) / 1e3;
    }
    return h->max / 1e3;
}

/* ---- requests ---- */

static void make_templates(void)
{
    char prefix[KEY_MOST + 1];

    digits = option.key_bytes < DIGITS ? option.key_bytes : DIGITS;
    for (int i = 0; i < option.key_bytes - digits; i++)
        prefix[i] = (option.expire_at ? "due:" : "key:")[i % 4];
    prefix[option.key_bytes - digits] = 0;
    get.head_n = sprintf(get.head, "*2\r\n$3\r\nGET\r\n$%d\r\n%s", option.key_bytes, prefix);
    get.tail_n = sprintf(get.tail, "\r\n");
    set.head_n = sprintf(set.head, "*%d\r\n$3\r\nSET\r\n$%d\r\n%s", option.expire_at ? 5 : 3, option.key_bytes, prefix);
    set.tail_n = sprintf(set.tail, "\r\n$%d\r\n", option.value_bytes);
    after_value_n = option.expire_at ? sprintf(after_value, "\r\n$4\r\nPXAT\r\n$%zu\r\n%s\r\n",
                                               strlen(option.expire_at), option.expire_at)
                                     : sprintf(after_value, "\r\n");
    values = malloc(option.value_bytes + VALUE_BYTES);
    for (int i = 0; i < option.value_bytes + VALUE_BYTES; i++)
        values[i] = '0' + draw() % 75;
}

static void push(struct connection *c, const char *p, size_t n)
{
    memcpy(c->out + c->length, p, n);
    c->length += n;
}

static void push_key(struct connection *c, uint64_t key)
{
    for (int i = digits; i-- > 0; key /= 10)
        c->out[c->length + i] = '0' + key % 10;
    c->length += digits;
}

static void note_due(struct connection *c, uint64_t due)
{
    if (c->tail - c->head == c->cap) {
        unsigned cap = c->cap ? c->cap * 2 : 64;
        uint64_t *ring = malloc(cap * sizeof *ring);

        for (unsigned i = c->head; i != c->tail; i++)
            ring[i % cap] = c->due[i % c->cap];
        free(c->due);
        c->due = ring;
        c->cap = cap;
    }
    c->due[c->tail++ % c->cap] = due;
}

static void ask(struct connection *c, uint64_t due)
{
    bool writes = option.load || (int)(draw() % 100) < option.set_percent;
    size_t need = sizeof set + DIGITS + option.value_bytes + sizeof after_value;

    if (c->length + need > c->room)
        c->out = realloc(c->out, c->room = (c->length + need) * 2);
    push(c, writes ? set.head : get.head, writes ? set.head_n : get.head_n);
    push_key(c, option.load ? loaded++ : draw() % option.keys);
    push(c, writes ? set.tail : get.tail, writes ? set.tail_n : get.tail_n);
    if (writes) {
        push(c, values + draw() % VALUE_BYTES, option.value_bytes);
        push(c, after_value, after_value_n);
    }
    note_due(c, due);
}

/* ---- connections ---- */

static void watch(struct connection *c, int operation, bool blocked)
{
    struct epoll_event e = {.events = EPOLLIN | (blocked ? EPOLLOUT : 0), .data.ptr = c};

    c->blocked = blocked;
    epoll_ctl(poller, operation, c->fd, &e);
}

static void flush(struct connection *c)
{
    while (c->sent < c->length) {
        ssize_t n = send(c->fd, c->out + c->sent, c->length - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN) {
            if (!c->blocked)
                watch(c, EPOLL_CTL_MOD, true);
            return;
        }
        if (n < 0)
            die("send");
        c->sent += n;
    }
    c->sent = c->length = 0;
    if (c->blocked)
        watch(c, EPOLL_CTL_MOD, false);
}

static void authenticate(int fd)
{
    char text[256];
    int n = snprintf(text, sizeof text, "AUTH %s\r\n", option.password);

    if (send(fd, text, n, MSG_NOSIGNAL) != n || recv(fd, text, 5, MSG_WAITALL) != 5 || memcmp(text, "+OK", 3) != 0)
        die("AUTH");
}

static void dial(struct connection *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(option.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (option.password != NULL)
        authenticate(c->fd);
    watch(c, EPOLL_CTL_ADD, false);
}

/* The number of replies that end within p .. p + n. */
static unsigned count_replies(struct connection *c, const char *p, size_t n)
{
    const char *end = p + n, *newline;
    unsigned count = 0;
    long part;

    while (p < end) {
        switch (c->state) {
        case REPLY_TYPE:
            errors += *p == '-';
            c->state = *p++ == '$' ? REPLY_LENGTH : REPLY_LINE;
            c->bytes = 0;
            c->null = false;
            break;
        case REPLY_LINE:
            newline = memchr(p, '\n', end - p);
            if (newline == NULL)
                return count;
            p = newline + 1;
            c->state = REPLY_TYPE;
            count++;
            break;
        case REPLY_LENGTH:
            if (*p >= '0' && *p <= '9')
                c->bytes = c->bytes * 10 + (*p - '0');
            c->null |= *p == '-';
            if (*p++ == '\n') {
                c->state = c->null ? REPLY_TYPE : REPLY_BYTES;
                c->bytes += 2;
                count += c->null;
            }
            break;
        case REPLY_BYTES:
            part = end - p < c->bytes ? end - p : c->bytes;
            p += part;
            c->bytes -= part;
            if (c->bytes == 0) {
                c->state = REPLY_TYPE;
                count++;
            }
            break;
        }
    }
    return count;
}

static bool has_loaded(void)
{
    return option.load && loaded >= option.keys;
}

static void send_batch(struct connection *c, uint64_t t)
{
    for (c->batch = 0; c->batch < (unsigned)option.pipeline && !has_loaded(); c->batch++)
        ask(c, t);
    flush(c);
}

static void take_replies(struct connection *c, unsigned count, uint64_t t)
{
    received += count;
    if (option.rate != 0) {
        for (; count > 0; count--) {
            uint64_t due = c->due[c->head++ % c->cap];

            record(t > due ? t - due : 0);
        }
        return;
    }
    c->head += count;
    c->batch -= count;
    if (c->batch == 0) {
        record(t - c->due[(c->head - 1) % c->cap]);
        send_batch(c, t);
    }
}

static void handle(struct connection *c, uint32_t events)
{
    static char bytes[256 * 1024];
    unsigned count;
    ssize_t n;

    if (events & EPOLLOUT)
        flush(c);
    if (!(events & (EPOLLIN | EPOLLHUP)))
        return;
    n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        die("connection lost");
    count = count_replies(c, bytes, n);
    if (count != 0)
        take_replies(c, count, now());
}

/* ---- running ---- */

/* Open loop: sends the requests that are due, PIPELINE requests per connection in turn. */
static void send_due(struct connection *connections, uint64_t t)
{
    static unsigned turn;
    uint64_t due = (t - start) * option.rate / SECOND;

    while (sent < due) {
        struct connection *c = &connections[turn++ % option.connections];

        for (int i = 0; i < option.pipeline && sent < due; i++)
            ask(c, start + (uint64_t)(++sent / option.rate * SECOND));
        flush(c);
    }
}

static void tell_slice(FILE *out, uint64_t t)
{
    fprintf(out, "%s[%.3f,%lu,%.1f,%.1f,%.1f]", ftell(out) == 0 ? "" : ",", (t - start) / 1e9, slice.count,
            quantile(&slice, .5), quantile(&slice, .99), slice.max / 1e3);
    memset(&slice, 0, sizeof slice);
}

/* How long to sleep: until the next scheduled request, but not beyond the end. */
static struct timespec nap(uint64_t t, uint64_t end)
{
    uint64_t next = option.rate != 0 ? start + (uint64_t)((sent + 1) / option.rate * SECOND) : t + SECOND / 10;

    if (next > end)
        next = end;
    next = next > t ? next - t : 0;
    return (struct timespec){next / SECOND, next % SECOND};
}

static void run(struct connection *connections, FILE *timeline)
{
    uint64_t end = option.requests ? UINT64_MAX : start + (uint64_t)(option.seconds * SECOND), t = start;
    uint64_t step = option.timeline_ms * 1000000ull, next = start + step;
    struct epoll_event events[EVENTS];

    for (int i = 0; i < option.connections && option.rate == 0; i++)
        send_batch(&connections[i], t);
    while (t < end && !(option.requests != 0 && received >= option.requests)) {
        struct timespec sleep;
        int n;

        if (option.rate != 0)
            send_due(connections, t);
        sleep = nap(t, end);
        n = epoll_pwait2(poller, events, EVENTS, &sleep, NULL);
        t = now();
        for (int i = 0; i < n; i++)
            handle(events[i].data.ptr, events[i].events);
        while (step != 0 && t >= next) {
            tell_slice(timeline, next);
            next += step;
        }
    }
}

/* Counts requests that are still unanswered with their age so far. */
static void record_unanswered(const struct connection *connections)
{
    uint64_t t = now();

    for (int i = 0; i < option.connections; i++)
        for (unsigned j = connections[i].head; j != connections[i].tail; j++) {
            uint64_t due = connections[i].due[j % connections[i].cap];

            if (t > due + SECOND / 100)
                record(t - due);
        }
}

static void report(const char *timeline)
{
    double seconds = (now() - start) / 1e9;

    printf("{\"ops\":%lu,\"secs\":%.3f,\"ops_s\":%.0f,\"errors\":%lu,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,"
           "\"max\":%.1f,\"timeline\":[%s]}\n",
           received, seconds, received / seconds, errors, quantile(&all, .5), quantile(&all, .99),
           quantile(&all, .999), all.max / 1e3, timeline);
}

static void read_options(int argc, char **argv)
{
    for (int o; (o = getopt(argc, argv, "p:a:c:P:d:k:K:w:s:n:R:i:lx:")) > 0;) {
        switch (o) {
        case 'p': option.port = atoi(optarg); break;
        case 'a': option.password = optarg; break;
        case 'c': option.connections = atoi(optarg); break;
        case 'P': option.pipeline = atoi(optarg); break;
        case 'd': option.value_bytes = atoi(optarg); break;
        case 'k': option.keys = strtoull(optarg, NULL, 10); break;
        case 'K': option.key_bytes = atoi(optarg); break;
        case 'w': option.set_percent = atoi(optarg); break;
        case 's': option.seconds = atof(optarg); break;
        case 'n': option.requests = strtoull(optarg, NULL, 10); break;
        case 'R': option.rate = atof(optarg); break;
        case 'i': option.timeline_ms = atoi(optarg); break;
        case 'l': option.load = true; break;
        case 'x': option.expire_at = optarg; break;
        default: exit(2);
        }
    }
    if (option.key_bytes < 1 || option.key_bytes > KEY_MOST)
        exit(2);
    if (option.load)
        option.requests = option.keys;
}

int main(int argc, char **argv)
{
    struct connection *connections;
    struct rlimit files;
    char *timeline = NULL;
    size_t timeline_n;
    FILE *out;

    read_options(argc, argv);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_TIMERSLACK, 1);
    make_templates();
    out = open_memstream(&timeline, &timeline_n);
    poller = epoll_create1(0);
    connections = calloc(option.connections, sizeof *connections);
    for (int i = 0; i < option.connections; i++)
        dial(&connections[i]);
    start = now();
    run(connections, out);
    if (option.rate != 0)
        record_unanswered(connections);
    fclose(out);
    report(timeline);
    return 0;
}
