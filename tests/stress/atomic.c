// SPDX-License-Identifier: BSD-3-Clause
//
// Promises about several keys: the effects of a command or transaction are seen all together or not at all.
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP 12

static char group_keys[GROUP][KEY_LENGTH];

static void name_group(struct world *w, struct client *c)
{
    (void)w;
    (void)c;
    for (int i = 0; i < GROUP; i++)
        snprintf(group_keys[i], KEY_LENGTH, "group:%d:%d", i * 7919, i);
}

static void add_mset(struct actor *a, const char *command, const char *value)
{
    const char *words[1 + 2 * GROUP] = {command};
    unsigned first = pick(a, GROUP);

    for (unsigned i = 0; i < GROUP; i++) {
        words[1 + 2 * i] = group_keys[(first + i) % GROUP];
        words[2 + 2 * i] = value;
    }
    client_add_words(a->client, words, 1 + 2 * GROUP);
}

static void add_command(struct actor *a, const char *command)
{
    const char *words[1 + GROUP] = {command};
    unsigned first = pick(a, GROUP);

    for (unsigned i = 0; i < GROUP; i++)
        words[1 + i] = group_keys[(first + i) % GROUP];
    client_add_words(a->client, words, 1 + GROUP);
}

// A value unique to this round. Some are long, since long values are copied and freed in other ways.
static void new_value(struct actor *a, char *value, size_t room)
{
    int length = snprintf(value, room, "%d.%lld.", a->index, a->done);

    if (a->done % 3 == 0)
        memset(value + length, 'x', 200), value[length + 200] = '\0';
}

static bool same(const struct reply *a, const struct reply *b)
{
    return a->null == b->null && (a->null || strcmp(a->text, b->text) == 0);
}

static void judge_group(struct actor *a, const struct reply *r)
{
    for (size_t i = 1; i < r->count; i++) {
        if (!same(&r->items[0], &r->items[i])) {
            wrong(a->world, "half done: one key is %.30s, another %.30s",
                  r->items[0].null ? "(none)" : r->items[0].text, r->items[i].null ? "(none)" : r->items[i].text);
            return;
        }
    }
}

static void read_group(struct actor *a)
{
    add_command(a, "MGET");
    client_flush(a->client);
    struct reply r = client_read(a->client);
    judge_group(a, &r);
    expect_fine(a, r);
}

// Reads the replies of a transaction: + for each queued command, then the array. False if there is none.
static bool read_exec(struct actor *a, int queued, struct reply *r)
{
    for (int i = 0; i < queued + 1; i++) {
        if (!expect_fine(a, client_read(a->client)))
            return false;
    }
    *r = client_read(a->client);
    return r->type == '*' && !r->null;
}

// -- MSET

static void mset_or_mget(struct actor *a)
{
    char value[256];

    if (a->index % 2 == 1) {
        read_group(a);
        return;
    }
    new_value(a, value, sizeof value);
    add_mset(a, "MSET", value);
    client_flush(a->client);
    expect_fine(a, client_read(a->client));
}

// -- EXEC

static void add_exec_of_sets(struct actor *a, const char *value)
{
    unsigned first = pick(a, GROUP);

    client_add(a->client, "MULTI", NULL);
    for (unsigned i = 0; i < GROUP; i++)
        client_add(a->client, "SET", group_keys[(first + i) % GROUP], value, NULL);
    client_add(a->client, "EXEC", NULL);
}

static void read_group_by_exec(struct actor *a)
{
    struct reply r;

    client_add(a->client, "MULTI", NULL);
    for (int i = 0; i < GROUP; i++)
        client_add(a->client, "GET", group_keys[i], NULL);
    client_add(a->client, "EXEC", NULL);
    client_flush(a->client);
    if (read_exec(a, GROUP, &r))
        judge_group(a, &r);
    expect_fine(a, r);
}

static void exec_or_read(struct actor *a)
{
    char value[256];
    struct reply r;

    if (a->index % 2 == 1) {
        if (pick(a, 2))
            read_group(a);
        else
            read_group_by_exec(a);
        return;
    }
    new_value(a, value, sizeof value);
    add_exec_of_sets(a, value);
    client_flush(a->client);
    if (!read_exec(a, GROUP, &r) && going(a))
        wrong(a->world, "EXEC failed without WATCH");
    reply_free(&r);
}

// -- all kinds of writes and deletes at once

static void mixed_writes(struct actor *a)
{
    char value[256];
    struct reply r;

    if (a->index % 2 == 1) {
        exec_or_read(a);
        return;
    }
    new_value(a, value, sizeof value);
    switch (pick(a, 5)) {
    case 0:
        add_mset(a, "MSET", value);
        break;
    case 1:
        add_mset(a, "MSETNX", value);
        break;
    case 2:
        add_command(a, pick(a, 2) ? "DEL" : "UNLINK");
        break;
    case 3:
        client_add(a->client, pick(a, 2) ? "FLUSHALL" : "FLUSHDB", NULL);
        break;
    default:
        add_exec_of_sets(a, value);
        client_flush(a->client);
        read_exec(a, GROUP, &r);
        reply_free(&r);
        return;
    }
    client_flush(a->client);
    expect_fine(a, client_read(a->client));
}

// -- WATCH: a counter that is read, incremented and written back

static void watched_counter(struct actor *a)
{
    char text[24];
    struct reply r;

    client_add(a->client, "WATCH", "watched", NULL);
    client_add(a->client, "GET", "watched", NULL);
    client_flush(a->client);
    if (!expect_fine(a, client_read(a->client)))
        return;
    r = client_read(a->client);
    long long was = r.null ? 0 : reply_number(&r);
    reply_free(&r);
    snprintf(text, sizeof text, "%lld", was + 1);
    client_add(a->client, "MULTI", NULL);
    client_add(a->client, "SET", "watched", text, NULL);
    client_add(a->client, "EXEC", NULL);
    client_flush(a->client);
    if (read_exec(a, 1, &r))
        atomic_fetch_add(&a->world->sums[0], 1);
    reply_free(&r);
}

static void judge_watched(struct world *w, struct client *c)
{
    struct reply r = client_ask(c, "GET", "watched");

    if (reply_number(&r) != atomic_load(&w->sums[0]))
        wrong(w, "%lld transactions went through, the counter is %lld", atomic_load(&w->sums[0]), reply_number(&r));
    reply_free(&r);
}

// -- WATCH: transfers between accounts keep the sum

#define ACCOUNTS 6
#define MONEY    1000

static void open_accounts(struct world *w, struct client *c)
{
    char key[KEY_LENGTH];

    (void)w;
    for (int i = 0; i < ACCOUNTS; i++) {
        snprintf(key, sizeof key, "account:%d", i);
        struct reply r = client_ask(c, "SET", key, "1000");
        reply_free(&r);
    }
}

static void judge_sum(struct actor *a)
{
    char keys[ACCOUNTS][KEY_LENGTH];
    const char *words[1 + ACCOUNTS] = {"MGET"};
    long long sum = 0;

    for (int i = 0; i < ACCOUNTS; i++) {
        snprintf(keys[i], KEY_LENGTH, "account:%d", i);
        words[1 + i] = keys[i];
    }
    client_add_words(a->client, words, 1 + ACCOUNTS);
    client_flush(a->client);
    struct reply r = client_read(a->client);
    for (size_t i = 0; i < r.count; i++)
        sum += reply_number(&r.items[i]);
    if (r.count == ACCOUNTS && sum != ACCOUNTS * MONEY)
        wrong(a->world, "the accounts hold %lld, not %d", sum, ACCOUNTS * MONEY);
    expect_fine(a, r);
}

static void transfer(struct actor *a)
{
    char from[KEY_LENGTH], to[KEY_LENGTH], less[24], more[24];
    unsigned i = pick(a, ACCOUNTS), j = (i + 1 + pick(a, ACCOUNTS - 1)) % ACCOUNTS;
    struct reply r;

    if (a->index % 3 == 2) {
        judge_sum(a);
        return;
    }
    snprintf(from, sizeof from, "account:%u", i);
    snprintf(to, sizeof to, "account:%u", j);
    client_add(a->client, "WATCH", from, to, NULL);
    client_add(a->client, "MGET", from, to, NULL);
    client_flush(a->client);
    if (!expect_fine(a, client_read(a->client)))
        return;
    r = client_read(a->client);
    if (r.count != 2) {
        expect_fine(a, r);
        return;
    }
    long long amount = 1 + pick(a, 10);
    snprintf(less, sizeof less, "%lld", reply_number(&r.items[0]) - amount);
    snprintf(more, sizeof more, "%lld", reply_number(&r.items[1]) + amount);
    reply_free(&r);
    client_add(a->client, "MULTI", NULL);
    client_add(a->client, "SET", from, less, NULL);
    client_add(a->client, "SET", to, more, NULL);
    client_add(a->client, "EXEC", NULL);
    client_flush(a->client);
    read_exec(a, 2, &r);
    reply_free(&r);
}

// -- RENAME, COPY: tokens that are moved are neither lost nor duplicated

#define PLACES 8
#define TOKENS 3

static void put_tokens(struct world *w, struct client *c)
{
    char key[KEY_LENGTH];

    (void)w;
    for (int i = 0; i < TOKENS; i++) {
        snprintf(key, sizeof key, "place:%d", i);
        struct reply r = client_ask(c, "SET", key, "token");
        reply_free(&r);
    }
}

static void count_tokens(struct actor *a)
{
    char keys[PLACES][KEY_LENGTH];
    const char *words[1 + PLACES] = {"EXISTS"};

    for (int i = 0; i < PLACES; i++) {
        snprintf(keys[i], KEY_LENGTH, "place:%d", i);
        words[1 + i] = keys[i];
    }
    client_add_words(a->client, words, 1 + PLACES);
    client_flush(a->client);
    struct reply r = client_read(a->client);
    if (r.type == ':' && r.number != TOKENS)
        wrong(a->world, "%lld tokens, not %d", r.number, TOKENS);
    expect_fine(a, r);
}

static void move_token(struct actor *a)
{
    char from[KEY_LENGTH], to[KEY_LENGTH];

    if (a->index % 3 == 2) {
        count_tokens(a);
        return;
    }
    snprintf(from, sizeof from, "place:%u", pick(a, PLACES));
    snprintf(to, sizeof to, "place:%u", pick(a, PLACES));
    struct reply r = client_ask(a->client, "RENAMENX", from, to);
    if (r.type == '-' && strcmp(r.text, "ERR no such key") != 0)
        wrong(a->world, "an error: %s", r.text);
    reply_free(&r);
}

// One key that is renamed around a ring, replacing the key that is there.
static void put_one(struct world *w, struct client *c)
{
    (void)w;
    struct reply r = client_ask(c, "SET", "place:0", "token");
    reply_free(&r);
}

static void rename_over(struct actor *a)
{
    char from[KEY_LENGTH], to[KEY_LENGTH];
    unsigned n = pick(a, PLACES);

    if (a->index % 3 == 2) {
        char keys[PLACES][KEY_LENGTH];
        const char *words[1 + PLACES] = {"EXISTS"};
        for (int i = 0; i < PLACES; i++) {
            snprintf(keys[i], KEY_LENGTH, "place:%d", i);
            words[1 + i] = keys[i];
        }
        client_add_words(a->client, words, 1 + PLACES);
        client_flush(a->client);
        struct reply r = client_read(a->client);
        if (r.type == ':' && r.number != 1)
            wrong(a->world, "the key is there %lld times", r.number);
        expect_fine(a, r);
        return;
    }
    snprintf(from, sizeof from, "place:%u", n);
    snprintf(to, sizeof to, "place:%u", (n + 1 + pick(a, PLACES - 1)) % PLACES);
    struct reply r = client_ask(a->client, "RENAME", from, to);
    reply_free(&r);
}

// -- COPY: the copy is one state of the source, while both are written

static void copy_whole(struct actor *a)
{
    char value[40001];
    struct reply r;

    switch (a->index % 3) {
    case 0: {
        size_t length = 1 + pick(a, pick(a, 3) ? 100 : 40000);
        memset(value, 'a' + (int)pick(a, 26), length);
        value[length] = '\0';
        r = client_ask(a->client, "SET", "source", value);
        break;
    }
    case 1:
        r = client_ask(a->client, "COPY", "source", "target", "REPLACE");
        break;
    default:
        r = client_ask(a->client, "GET", "target");
        for (size_t i = 1; r.type == '$' && i < r.length; i++) {
            if (r.text[i] != r.text[0]) {
                wrong(a->world, "the copy is mixed of %c and %c", r.text[0], r.text[i]);
                break;
            }
        }
    }
    expect_fine(a, r);
}

// -- MOVE: a key is in one of two databases

static void move_between(struct actor *a)
{
    struct reply r;

    if (a->index % 3 == 2) {
        client_add(a->client, "MULTI", NULL);
        client_add(a->client, "SELECT", "0", NULL);
        client_add(a->client, "EXISTS", "place:0", NULL);
        client_add(a->client, "SELECT", "1", NULL);
        client_add(a->client, "EXISTS", "place:0", NULL);
        client_add(a->client, "EXEC", NULL);
        client_flush(a->client);
        if (read_exec(a, 4, &r) && reply_number(&r.items[1]) + reply_number(&r.items[3]) != 1)
            wrong(a->world, "the key is in %lld databases", reply_number(&r.items[1]) + reply_number(&r.items[3]));
        expect_fine(a, r);
        return;
    }
    bool first = pick(a, 2);
    client_add(a->client, "SELECT", first ? "0" : "1", NULL);
    client_add(a->client, "MOVE", "place:0", first ? "1" : "0", NULL);
    client_flush(a->client);
    expect_fine(a, client_read(a->client));
    expect_fine(a, client_read(a->client));
}

// -- SWAPDB: both databases change places at once

static void name_databases(struct world *w, struct client *c)
{
    (void)w;
    for (int i = 0; i < 2; i++) {
        struct reply r = client_ask(c, "SELECT", i ? "1" : "0");
        reply_free(&r);
        r = client_ask(c, "MSET", "name", i ? "one" : "zero", "other", i ? "one" : "zero");
        reply_free(&r);
    }
}

static void swap_or_look(struct actor *a)
{
    struct reply r;

    if (a->index % 3 == 0) {
        expect_fine(a, client_ask(a->client, "SWAPDB", "0", "1"));
        return;
    }
    if (a->index % 3 == 1) {
        r = client_ask(a->client, "MGET", "name", "other");
        if (r.count == 2 && !same(&r.items[0], &r.items[1]))
            wrong(a->world, "half swapped under MGET");
        expect_fine(a, r);
        return;
    }
    client_add(a->client, "MULTI", NULL);
    client_add(a->client, "SELECT", "0", NULL);
    client_add(a->client, "GET", "name", NULL);
    client_add(a->client, "SELECT", "1", NULL);
    client_add(a->client, "GET", "other", NULL);
    client_add(a->client, "EXEC", NULL);
    client_flush(a->client);
    if (read_exec(a, 4, &r) && same(&r.items[1], &r.items[3]))
        wrong(a->world, "both databases are %s", r.items[1].null ? "(empty)" : r.items[1].text);
    expect_fine(a, r);
}

const struct scene scenes_atomic[] = {
    {"MSET is atomic", 8, name_group, mset_or_mget, NULL},
    {"EXEC is atomic", 8, name_group, exec_or_read, NULL},
    {"MSET, MSETNX, DEL, FLUSHALL and EXEC are atomic to each other", 8, name_group, mixed_writes, NULL},
    {"WATCH prevents writes based on stale reads", 8, name_group, watched_counter, judge_watched},
    {"transfers under WATCH keep the sum of all accounts", 9, open_accounts, transfer, NULL},
    {"RENAMENX neither loses nor duplicates a key", 6, put_tokens, move_token, NULL},
    {"RENAME leaves the key in one place", 6, put_one, rename_over, NULL},
    {"COPY copies one state of its source", 6, name_group, copy_whole, NULL},
    {"MOVE leaves the key in one database", 6, put_one, move_between, NULL},
    {"SWAPDB exchanges both databases atomically", 6, name_databases, swap_or_look, NULL},
    {0},
};
