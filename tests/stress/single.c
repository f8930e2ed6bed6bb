// SPDX-License-Identifier: BSD-3-Clause
//
// Promises about one key: no write is lost or applied twice, and no read goes back in time.
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void nothing(struct world *w, struct client *c)
{
    (void)w;
    (void)c;
}

// -- INCR

#define COUNTERS 5
#define PIPELINE 32

static void incr(struct actor *a)
{
    char key[KEY_LENGTH];
    int chosen[PIPELINE];

    for (int i = 0; i < PIPELINE; i++) {
        chosen[i] = (int)pick(a, COUNTERS);
        snprintf(key, sizeof key, "counter:%d", chosen[i]);
        if (i % 3 == 0)
            client_add(a->client, "INCR", key, NULL);
        else if (i % 3 == 1)
            client_add(a->client, "INCRBY", key, "7", NULL);
        else
            client_add(a->client, "DECR", key, NULL);
    }
    client_flush(a->client);
    for (int i = 0; i < PIPELINE; i++) {
        static const int step[] = {1, 7, -1};
        if (!expect_fine(a, client_read(a->client)))
            return;
        atomic_fetch_add(&a->world->sums[chosen[i]], step[i % 3]);
    }
}

static void judge_incr(struct world *w, struct client *c)
{
    char key[KEY_LENGTH];

    for (int i = 0; i < COUNTERS; i++) {
        snprintf(key, sizeof key, "counter:%d", i);
        struct reply r = client_ask(c, "GET", key);
        if (reply_number(&r) != atomic_load(&w->sums[i]))
            wrong(w, "%s is %lld, all that was added is %lld", key, reply_number(&r), atomic_load(&w->sums[i]));
        reply_free(&r);
    }
}

// -- INCR returns each number once

static void unique_number(struct actor *a)
{
    struct reply r = client_ask(a->client, "INCR", "sequence");
    long long mine = reply_number(&r);
    char key[KEY_LENGTH];

    reply_free(&r);
    snprintf(key, sizeof key, "taken:%lld", mine);
    r = client_ask(a->client, "SETNX", key, "1");
    if (going(a) && reply_number(&r) != 1)
        wrong(a->world, "the number %lld was given twice", mine);
    reply_free(&r);
}

// -- APPEND

static void append(struct actor *a)
{
    static const char *const words[] = {"(aaaa)", "(bbbbbb)", "(cc)", "(dddddddd)"};
    const char *word = words[a->index % 4];

    for (int i = 0; i < PIPELINE; i++)
        client_add(a->client, "APPEND", "log", word, NULL);
    client_flush(a->client);
    for (int i = 0; i < PIPELINE; i++) {
        if (!expect_fine(a, client_read(a->client)))
            return;
        atomic_fetch_add(&a->world->sums[0], (long long)strlen(word));
    }
    if (pick(a, 50) == 0 && atomic_load(&a->world->sums[0]) > 1000000) {
        struct reply r = client_ask(a->client, "GETDEL", "log");
        if (!r.null)
            atomic_fetch_add(&a->world->sums[1], (long long)r.length);
        reply_free(&r);
    }
}

static void judge_append(struct world *w, struct client *c)
{
    struct reply r = client_ask(c, "GET", "log");
    long long there = atomic_load(&w->sums[1]) + (r.null ? 0 : (long long)r.length);

    if (there != atomic_load(&w->sums[0]))
        wrong(w, "%lld bytes appended, %lld found", atomic_load(&w->sums[0]), there);
    for (const char *at = r.null ? "" : r.text; *at != '\0';) {
        size_t length = at[0] == '(' ? strspn(at + 1, (char[]){at[1], '\0'}) : 0;
        if (length < 2 || at[length + 1] != ')') {
            wrong(w, "torn at %.20s", at);
            break;
        }
        at += length + 2;
    }
    reply_free(&r);
}

// -- a value is read completely

#define WHOLE_MAX 40000

static void whole_value(struct actor *a)
{
    char value[WHOLE_MAX + 1];

    if (a->index % 2 == 0) {
        size_t length = 1 + pick(a, pick(a, 2) ? 60 : WHOLE_MAX);
        memset(value, 'a' + (int)pick(a, 26), length);
        value[length] = '\0';
        expect_fine(a, client_ask(a->client, pick(a, 2) ? "SET" : "GETSET", "value", value));
        return;
    }
    struct reply r = client_ask(a->client, "GET", "value");
    for (size_t i = 1; r.type == '$' && i < r.length; i++) {
        if (r.text[i] != r.text[0]) {
            wrong(a->world, "a value of %zu bytes changes at %zu from %c to %c", r.length, i, r.text[0], r.text[i]);
            break;
        }
    }
    reply_free(&r);
}

// -- no read goes back in time: one client writes rising numbers, and no reader sees them fall

static void rising(struct actor *a)
{
    char text[24];

    if (a->index == 0) {
        snprintf(text, sizeof text, "%lld", a->done + 1);
        if (expect_fine(a, client_ask(a->client, "SET", "clock", text)))
            atomic_store(&a->world->sums[0], a->done + 1);
        return;
    }
    long long least = atomic_load(&a->world->sums[0]);
    struct reply r = client_ask(a->client, "GET", "clock");
    long long got = r.null ? 0 : reply_number(&r);
    if (r.type != 0 && got < least)
        wrong(a->world, "read %lld after %lld was acknowledged", got, least);
    reply_free(&r);
}

// -- GETDEL and SET NX: a token is taken once, a lock has one holder

static void lock_with_nx(struct actor *a)
{
    struct reply r = client_ask(a->client, "SET", "lock", "held", "NX", "PX", "60000");
    bool held = reply_is(&r, "OK");

    reply_free(&r);
    if (!held)
        return;
    if (atomic_fetch_add(&a->world->sums[0], 1) != 0)
        wrong(a->world, "two hold the lock");
    atomic_fetch_sub(&a->world->sums[0], 1);
    expect_fine(a, client_ask(a->client, "DEL", "lock"));
}

#define TOKENS 20

static void take_token(struct actor *a)
{
    unsigned n = pick(a, TOKENS);
    char key[KEY_LENGTH];

    snprintf(key, sizeof key, "token:%u", n);
    if (pick(a, 2) == 0) {
        struct reply r = client_ask(a->client, "SETNX", key, "t");
        if (reply_number(&r) == 1)
            atomic_fetch_add(&a->world->sums[0], 1);
        reply_free(&r);
        return;
    }
    struct reply r = pick(a, 2) ? client_ask(a->client, "GETDEL", key) : client_ask(a->client, "DEL", key);
    if ((r.type == '$' && !r.null) || reply_number(&r) == 1)
        atomic_fetch_sub(&a->world->sums[0], 1);
    reply_free(&r);
}

static void judge_tokens(struct world *w, struct client *c)
{
    struct reply r = client_ask(c, "DBSIZE");

    if (reply_number(&r) != atomic_load(&w->sums[0]))
        wrong(w, "%lld tokens put and not taken, %lld keys", atomic_load(&w->sums[0]), reply_number(&r));
    reply_free(&r);
}

// -- bits

#define BITS 256

static void bits(struct actor *a)
{
    char offset[24];

    snprintf(offset, sizeof offset, "%d", a->index * BITS + (int)(a->done % BITS));
    expect_fine(a, client_ask(a->client, "SETBIT", "bits", offset, "1"));
    struct reply r = client_ask(a->client, "GETBIT", "bits", offset);
    if (r.type == ':' && r.number != 1)
        wrong(a->world, "the bit at %s was lost", offset);
    reply_free(&r);
}

// -- expiry: an expired key does not come back

static void expiry(struct actor *a)
{
    char key[KEY_LENGTH], mine[24];

    snprintf(key, sizeof key, "short:%d:%u", a->index, pick(a, 50));
    snprintf(mine, sizeof mine, "%lld", a->done);
    client_add(a->client, "SET", key, mine, "PX", pick(a, 2) ? "1" : "3", NULL);
    client_add(a->client, "GET", key, NULL);
    client_flush(a->client);
    if (!expect_fine(a, client_read(a->client)))
        return;
    struct reply r = client_read(a->client);
    if (!r.null && r.type == '$' && !reply_is(&r, mine))
        wrong(a->world, "%s is %s, written was %s", key, r.text, mine);
    reply_free(&r);
}

static void judge_expiry(struct world *w, struct client *c)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    struct reply r = client_ask(c, "KEYS", "*");
    if (r.count != 0)
        wrong(w, "%zu expired keys are still listed", r.count);
    reply_free(&r);
}

// -- expiring and lasting fields in one hash, which is flat at first and then large (Redis since 8.0)

#define KEPT 200

static void fields(struct actor *a)
{
    char kept[KEY_LENGTH], brief[KEY_LENGTH], mine[24];

    snprintf(kept, sizeof kept, "kept:%d:%lld", a->index, a->done % KEPT);
    snprintf(brief, sizeof brief, "brief:%d:%u", a->index, pick(a, KEPT));
    snprintf(mine, sizeof mine, "%lld", a->done);
    client_add(a->client, "HSET", "fields", kept, mine, NULL);
    client_add(a->client, "HSETEX", "fields", "PX", pick(a, 2) ? "1" : "5", "FIELDS", "1", brief, mine, NULL);
    client_add(a->client, "HGET", "fields", brief, NULL);
    client_add(a->client, "HGET", "fields", kept, NULL);
    client_flush(a->client);
    if (!expect_fine(a, client_read(a->client)) || !expect_fine(a, client_read(a->client)))
        return;
    struct reply r = client_read(a->client);
    if (!r.null && r.type == '$' && !reply_is(&r, mine))
        wrong(a->world, "%s is %s, written was %s", brief, r.text, mine);
    reply_free(&r);
    r = client_read(a->client);
    if (r.type != 0 && !reply_is(&r, mine))
        wrong(a->world, "%s is %s, written was %s", kept, r.null ? "gone" : r.text, mine);
    reply_free(&r);
    atomic_store(&a->world->sums[a->index], a->done < KEPT ? a->done + 1 : KEPT);
}

static void judge_fields(struct world *w, struct client *c)
{
    long long kept = 0;

    for (int i = 0; i < THREADS_MAX; i++)
        kept += atomic_load(&w->sums[i]);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    struct reply r = client_ask(c, "HLEN", "fields");
    if (reply_number(&r) != kept)
        wrong(w, "%lld fields were to stay, %lld are there", kept, reply_number(&r));
    reply_free(&r);
}

const struct scene scenes_single[] = {
    {"no INCR is lost", 8, nothing, incr, judge_incr},
    {"INCR returns each number once", 6, nothing, unique_number, NULL},
    {"no APPEND is lost or mixed with another", 4, nothing, append, judge_append},
    {"a read returns one complete value", 6, nothing, whole_value, NULL},
    {"no reader sees a value older than the last one acknowledged", 5, nothing, rising, NULL},
    {"SET NX succeeds for one client only", 6, nothing, lock_with_nx, NULL},
    {"a key is created once and deleted once", 6, nothing, take_token, judge_tokens},
    {"writes to adjacent bits do not affect each other", 6, nothing, bits, NULL},
    {"an expired key leaves nothing behind", 4, nothing, expiry, judge_expiry},
    {"expiring fields do not remove other fields", 4, nothing, fields, judge_fields},
    {0},
};
