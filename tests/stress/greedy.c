// SPDX-License-Identifier: BSD-3-Clause
//
// Promises to well-behaved clients while others use too much: memory limits that change under load, and very long
// transactions and watches.
#include "scene.h"

#include <stdio.h>
#include <string.h>

#define STEADY       4    // actors with a lower index are well-behaved
#define OWN_KEYS     50
#define LARGE_LENGTH "20000"

static void nothing(struct world *w, struct client *c)
{
    (void)w;
    (void)c;
}

static void reconnect(struct actor *a)
{
    client_free(a->client);
    a->client = NULL;
    for (int i = 0; a->client == NULL && i < 100; i++)
        a->client = client_new(a->world->port);
    if (a->client == NULL)
        wrong(a->world, "cannot connect any more");
}

// Sends a request and ignores the reply. False if the connection has ended.
static bool ask_and_ignore(struct actor *a, const char *const *words, size_t count)
{
    client_add_words(a->client, words, count);
    client_flush(a->client);

    struct reply r = client_read(a->client);
    bool open = r.type != 0;
    reply_free(&r);
    return open;
}

// -- memory

// A read returns what was written last, or nothing: it may have been evicted, flushed or refused.
static void write_and_read(struct actor *a)
{
    char key[KEY_LENGTH], value[KEY_LENGTH];

    snprintf(key, sizeof key, "own:%d:%u", a->index, pick(a, OWN_KEYS));
    snprintf(value, sizeof value, "%d.%lld", a->index, a->done);
    struct reply set = client_ask(a->client, "SET", key, value);
    bool is_set = reply_is(&set, "OK");
    if (!is_set && (set.type != '-' || strncmp(set.text, "OOM ", 4) != 0) && going(a))
        wrong(a->world, "SET was answered by %s", set.text ? set.text : "nothing");
    reply_free(&set);

    struct reply get = client_ask(a->client, "GET", key);
    if (is_set && !get.null && !reply_is(&get, value) && going(a))
        wrong(a->world, "%s is %s and not %s", key, get.text ? get.text : "nothing", value);
    reply_free(&get);
}

static void change_limits(struct actor *a)
{
    static const char *const limits[] = {"0", "1", "100000", "3000000", "50mb"};
    static const char *const policies[] = {"noeviction",   "allkeys-lru",  "allkeys-lfu",     "allkeys-random",
                                           "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"};
    static const char *const others[][3] = {{"FLUSHALL", "ASYNC"}, {"FLUSHDB", "SYNC"}, {"SWAPDB", "8", "9"},
                                            {"KEYS", "*"},         {"MEMORY", "STATS"}, {"DBSIZE"}};
    unsigned i = pick(a, sizeof others / sizeof *others);
    const char *limit[] = {"CONFIG",           "SET",
                           "maxmemory",        limits[pick(a, sizeof limits / sizeof *limits)],
                           "maxmemory-policy", policies[pick(a, sizeof policies / sizeof *policies)]};

    if (pick(a, 3) != 0)
        ask_and_ignore(a, limit, 6);
    else
        ask_and_ignore(a, others[i], others[i][1] == NULL ? 1 : others[i][2] == NULL ? 2 : 3);
}

// Writes values of all sizes, some of which expire soon.
static void fill(struct actor *a)
{
    char key[KEY_LENGTH];

    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "fill:%u", pick(a, 3000));
        if (pick(a, 2))
            client_add(a->client, "SETRANGE", key, pick(a, 20) ? "300" : LARGE_LENGTH, "x", NULL);
        else
            client_add(a->client, "SET", key, "v", "PX", pick(a, 2) ? "1" : "20", NULL);
    }
    client_flush(a->client);
    for (int i = 0; i < 50; i++) {
        struct reply r = client_read(a->client);
        reply_free(&r);
    }
}

static void squeeze(struct actor *a)
{
    if (a->index < STEADY)
        write_and_read(a);
    else if (a->index == STEADY)
        change_limits(a);
    else
        fill(a);
}

static void no_limit(struct world *w, struct client *c)
{
    struct reply r = client_ask(c, "CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction");
    if (!reply_is(&r, "OK"))
        wrong(w, "the limits cannot be put back: %s", r.text ? r.text : "no reply");
    reply_free(&r);
}

// -- transactions

static void limit_requests(struct world *w, struct client *c)
{
    struct reply r = client_ask(c, "CONFIG", "SET", "client-query-buffer-limit", "1mb");
    if (!reply_is(&r, "OK"))
        wrong(w, "%s", r.text ? r.text : "no reply");
    reply_free(&r);
}

static void unlimit_requests(struct world *w, struct client *c)
{
    struct reply r = client_ask(c, "CONFIG", "SET", "client-query-buffer-limit", "1gb");
    if (!reply_is(&r, "OK"))
        wrong(w, "%s", r.text ? r.text : "no reply");
    reply_free(&r);
}

// Queues commands until the server disconnects it, if it does.
static void queue_endlessly(struct actor *a)
{
    static const char *const multi[] = {"MULTI"};
    bool open = ask_and_ignore(a, multi, 1);

    for (int n = 0; n < 100 && open && going(a); n++) {
        for (int i = 0; i < 500; i++)
            client_add(a->client, "SET", "key", "value", NULL);
        open = client_flush(a->client);
        for (int i = 0; open && i < 500; i++) {
            struct reply r = client_read(a->client);
            open = r.type != 0;
            reply_free(&r);
        }
    }
    reconnect(a);
}

// Watches keys that other clients write.
static void watch_many(struct actor *a)
{
    enum { KEYS = 2000 };
    char keys[KEYS][KEY_LENGTH];
    const char *words[KEYS + 1] = {"WATCH"};

    for (unsigned i = 0; i < KEYS; i++) {
        snprintf(keys[i], sizeof keys[i], "own:%u:%u", i % STEADY, i / STEADY);
        words[i + 1] = keys[i];
    }
    if (!ask_and_ignore(a, words, KEYS + 1) || pick(a, 10) == 0)
        reconnect(a);
}

static void queue_or_watch(struct actor *a)
{
    if (a->index < STEADY)
        write_and_read(a);
    else if (a->index % 2 == 0)
        queue_endlessly(a);
    else
        watch_many(a);
}

const struct scene scenes_greedy[] = {
    {"changing memory limits under load cause no wrong replies", 8, nothing, squeeze, no_limit},
    {"very long transactions and watches disturb no others", 8, limit_requests, queue_or_watch, unlimit_requests},
    {0},
};
