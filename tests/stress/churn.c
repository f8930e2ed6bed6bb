// SPDX-License-Identifier: BSD-3-Clause
//
// Promises to well-behaved clients while others connect, disconnect, are killed or send garbage.
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEADY      4    // actors with a lower index are well-behaved
#define GARBAGE_MAX 400

static void nothing(struct world *w, struct client *c)
{
    (void)w;
    (void)c;
}

// A pipeline on keys of its own: each reply must be correct and in order.
static void behave(struct actor *a)
{
    char key[KEY_LENGTH], value[KEY_LENGTH];
    unsigned count = 1 + pick(a, 40);

    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof key, "own:%d:%u", a->index, i);
        snprintf(value, sizeof value, "%lld.%u", a->done, i);
        client_add(a->client, "SET", key, value, NULL);
        client_add(a->client, "GET", key, NULL);
        client_add(a->client, "ECHO", value, NULL);
    }
    if (!client_flush(a->client) && going(a))
        wrong(a->world, "a client that behaves was cut off");
    for (unsigned i = 0; i < count; i++) {
        snprintf(value, sizeof value, "%lld.%u", a->done, i);
        for (int part = 0; part < 3; part++) {
            struct reply r = client_read(a->client);
            if (r.type == 0 || !reply_is(&r, part == 0 ? "OK" : value)) {
                if (going(a))
                    wrong(a->world, "expected %s, got %s", part == 0 ? "OK" : value, r.text ? r.text : "nothing");
                reply_free(&r);
                return;
            }
            reply_free(&r);
        }
    }
}

static void reconnect(struct actor *a)
{
    client_free(a->client);
    a->client = client_new(a->world->port);
    for (int i = 0; a->client == NULL && i < 100; i++)
        a->client = client_new(a->world->port);
    if (a->client == NULL) {
        wrong(a->world, "cannot connect any more");
        abort();
    }
}

static void add_any(struct actor *a)
{
    static const char *const requests[][6] = {
        {"SET", "shared:1", "v", "PX", "5"},
        {"GET", "shared:1"},
        {"MSET", "shared:2", "a", "shared:3", "b"},
        {"MGET", "shared:1", "shared:2", "shared:3"},
        {"DEL", "shared:2"},
        {"INCR", "shared:1"},
        {"NOSUCH", "x"},
        {"GET"},
        {"MULTI"},
        {"EXEC"},
        {"DISCARD"},
        {"WATCH", "shared:1"},
        {"SELECT", "3"},
        {"SELECT", "99"},
        {"KEYS", "shared:*"},
        {"SCAN", "0"},
        {"RENAME", "shared:2", "shared:4"},
        {"CLIENT", "LIST"},
        {"CLIENT", "SETNAME", "any"},
        {"INFO"},
        {"EXPIRE", "shared:3", "0"},
        {"HELLO", "2"},
        {"RESET"},
        {"SETRANGE", "shared:5", "20000", "x"},
        {"GET", "shared:5"},
        {"COMMAND", "COUNT"},
        {"RANDOMKEY"},
        {"DBSIZE"},
        {"OBJECT", "ENCODING", "shared:1"},
    };
    const char *const *words = requests[pick(a, sizeof requests / sizeof *requests)];
    size_t count = 0;

    while (count < 6 && words[count] != NULL)
        count++;
    client_add_words(a->client, words, count);
}

// Sends a random pipeline, perhaps reads some of the replies, disconnects, and connects again.
static void come_and_go(struct actor *a)
{
    unsigned count = pick(a, 30);

    for (unsigned i = 0; i < count; i++)
        add_any(a);
    client_flush(a->client);
    if (pick(a, 3) == 0)
        client_send(a->client, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nhalf of i", 36);
    for (unsigned i = pick(a, count + 1); i > 3; i--) {
        struct reply r = client_read(a->client);
        bool ended = r.type == 0;
        reply_free(&r);
        if (ended)
            break;
        if (pick(a, 8) == 0)
            break;
    }
    reconnect(a);
}

static void send_garbage(struct actor *a)
{
    static const char alphabet[] = "*$:+-0123456789\r\n\r\n\r\n abcGETSET\"'\\x";
    char bytes[GARBAGE_MAX];
    unsigned length = 1 + pick(a, GARBAGE_MAX - 1);

    for (unsigned i = 0; i < length; i++)
        bytes[i] = pick(a, 10) ? alphabet[pick(a, sizeof alphabet - 1)] : (char)pick(a, 256);
    if (pick(a, 2))
        memcpy(bytes, "*2\r\n$3\r\nGET", length < 11 ? length : 11);
    client_send(a->client, bytes, length);
    reconnect(a);
}

static void churn(struct actor *a)
{
    if (a->index < STEADY)
        behave(a);
    else if (a->index % 2 == 0)
        come_and_go(a);
    else
        send_garbage(a);
}

// -- replies that are not read

static void put_large(struct world *w, struct client *c)
{
    (void)w;
    struct reply r = client_ask(c, "SETRANGE", "large", "300000", "x");
    reply_free(&r);
}

static void ask_and_leave(struct actor *a)
{
    if (a->index < STEADY) {
        behave(a);
        return;
    }
    for (int i = 0; i < 20; i++)
        client_add(a->client, "GET", "large", NULL);
    client_flush(a->client);
    if (pick(a, 2)) {
        struct reply r = client_read(a->client);
        reply_free(&r);
    }
    reconnect(a);
}

// -- CLIENT KILL

static void be_killed(struct actor *a)
{
    char key[KEY_LENGTH], value[24];

    snprintf(key, sizeof key, "victim:%d", a->index);
    snprintf(value, sizeof value, "%lld", a->done);
    client_add(a->client, "CLIENT", "SETNAME", "victim", NULL);
    for (int i = 0; i < 20; i++)
        client_add(a->client, "SET", key, value, NULL);
    bool open = client_flush(a->client);
    for (int i = 0; i < 21 && open; i++) {
        struct reply r = client_read(a->client);
        open = r.type != 0;
        reply_free(&r);
    }
    if (!open)
        reconnect(a);
}

static void kill_one(struct actor *a)
{
    struct reply r = client_ask(a->client, "CLIENT", "LIST");
    char id[24];

    for (const char *at = r.text; at != NULL && (at = strstr(at, "id=")) != NULL; at++) {
        const char *end = strchr(at, '\n');
        const char *name = strstr(at, " name=victim ");
        if (name != NULL && end != NULL && name < end && pick(a, 3) == 0) {
            snprintf(id, sizeof id, "%lld", atoll(at + 3));
            expect_fine(a, client_ask(a->client, "CLIENT", "KILL", "ID", id));
            break;
        }
        if ((at = end) == NULL)
            break;
    }
    reply_free(&r);
}

static void killing(struct actor *a)
{
    if (a->index < STEADY)
        behave(a);
    else if (a->index == STEADY)
        kill_one(a);
    else
        be_killed(a);
}

// -- CLIENT PAUSE: afterwards all commands run, in order

static void pausing(struct actor *a)
{
    if (a->index < STEADY) {
        behave(a);
        return;
    }
    expect_fine(a, client_ask(a->client, "CLIENT", "PAUSE", pick(a, 2) ? "3" : "1", pick(a, 2) ? "WRITE" : "ALL"));
    if (pick(a, 2))
        expect_fine(a, client_ask(a->client, "CLIENT", "UNPAUSE"));
}

// -- administrative commands under load

static void administer(struct actor *a)
{
    if (a->index < STEADY) {
        behave(a);
        return;
    }
    client_add(a->client, "INFO", "all", NULL);
    client_add(a->client, "CONFIG", "GET", "*", NULL);
    client_add(a->client, "CONFIG", "SET", "maxmemory-samples", pick(a, 2) ? "5" : "7", NULL);
    client_add(a->client, "CLIENT", "LIST", NULL);
    client_add(a->client, "MEMORY", "STATS", NULL);
    client_add(a->client, "CONFIG", "RESETSTAT", NULL);
    client_add(a->client, "KEYS", "own:1:1*", NULL);
    client_add(a->client, "DBSIZE", NULL);
    client_flush(a->client);
    for (int i = 0; i < 8; i++)
        expect_fine(a, client_read(a->client));
}

// -- SCAN returns all keys that exist throughout, while others are added and removed

#define STAYING 500

static void put_staying(struct world *w, struct client *c)
{
    char key[KEY_LENGTH];

    (void)w;
    for (int i = 0; i < STAYING; i++) {
        snprintf(key, sizeof key, "stay:%d", i);
        struct reply r = client_ask(c, "SET", key, "v");
        reply_free(&r);
    }
}

static void come_and_go_keys(struct actor *a)
{
    char key[KEY_LENGTH];

    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "go:%d:%u", a->index, pick(a, 5000));
        client_add(a->client, a->done / 10 % 2 ? "DEL" : "SET", key, a->done / 10 % 2 ? NULL : "v", NULL);
    }
    client_flush(a->client);
    for (int i = 0; i < 200; i++)
        expect_fine(a, client_read(a->client));
}

static void scan_all(struct actor *a)
{
    bool seen[STAYING] = {false};
    char cursor[24] = "0";
    int found = 0;

    do {
        struct reply r = client_ask(a->client, "SCAN", cursor, "COUNT", "50");
        if (r.count != 2) {
            expect_fine(a, r);
            return;
        }
        snprintf(cursor, sizeof cursor, "%s", r.items[0].text);
        for (size_t i = 0; i < r.items[1].count; i++) {
            int n = -1;
            if (sscanf(r.items[1].items[i].text, "stay:%d", &n) == 1 && !seen[n]) {
                seen[n] = true;
                found++;
            }
        }
        reply_free(&r);
    } while (strcmp(cursor, "0") != 0 && going(a));
    if (strcmp(cursor, "0") == 0 && found != STAYING)
        wrong(a->world, "SCAN found %d of %d keys that were there all the time", found, STAYING);
}

static void scanning(struct actor *a)
{
    if (a->index < 2)
        scan_all(a);
    else
        come_and_go_keys(a);
}

const struct scene scenes_churn[] = {
    {"clients that disconnect abruptly or send garbage disturb no others", 10, nothing, churn, NULL},
    {"clients that do not read their replies disturb no others", 8, put_large, ask_and_leave, NULL},
    {"CLIENT KILL closes only the clients it names", 8, nothing, killing, NULL},
    {"after CLIENT PAUSE all commands run in order", 6, nothing, pausing, NULL},
    {"INFO, CONFIG and CLIENT LIST disturb no other clients", 6, nothing, administer, NULL},
    {"SCAN returns every key that exists throughout", 4, put_staying, scanning, NULL},
    {0},
};
