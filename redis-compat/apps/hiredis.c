// SPDX-License-Identifier: BSD-3-Clause
//
// A C program with hiredis: single commands, binary arguments, pipelines, a transaction, errors, a large value.
// The port is in REDIS_PORT. Built and run by ./run.
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPELINE 50000
#define LARGE    5000000

static redisContext *c;

static void check(const char *what, bool ok)
{
    printf("%s hiredis: %s\n", ok ? "ok" : "FAIL", what);
}

static bool is_text(redisReply *r, int type, const char *text)
{
    bool same = r != NULL && r->type == type && r->len == strlen(text) && memcmp(r->str, text, r->len) == 0;

    freeReplyObject(r);
    return same;
}

static bool is_number(redisReply *r, long long n)
{
    bool same = r != NULL && r->type == REDIS_REPLY_INTEGER && r->integer == n;

    freeReplyObject(r);
    return same;
}

static void commands(void)
{
    check("sets", is_text(redisCommand(c, "SET %s %s", "k", "v"), REDIS_REPLY_STATUS, "OK"));
    check("gets", is_text(redisCommand(c, "GET %s", "k"), REDIS_REPLY_STRING, "v"));
    check("counts", is_number(redisCommand(c, "INCRBY n %d", 41), 41) && is_number(redisCommand(c, "INCR n"), 42));
    check("an error is a reply",
          is_text(redisCommand(c, "INCR k"), REDIS_REPLY_ERROR, "ERR value is not an integer or out of range"));
    redisReply *r = redisCommand(c, "GET none");
    check("nothing is nil", r != NULL && r->type == REDIS_REPLY_NIL);
    freeReplyObject(r);
}

static void binary(void)
{
    static const char key[] = "\0\r\n\xff", value[] = "a\0b";

    freeReplyObject(redisCommand(c, "SET %b %b", key, sizeof key - 1, value, sizeof value - 1));
    redisReply *r = redisCommand(c, "GET %b", key, sizeof key - 1);
    check("binary keys and values", r != NULL && r->len == 3 && memcmp(r->str, value, 3) == 0);
    freeReplyObject(r);
}

static void pipeline(void)
{
    bool ok = true;

    for (int i = 0; i < PIPELINE; i++)
        redisAppendCommand(c, "SET p:%d %d", i, i);
    for (int i = 0; i < PIPELINE; i++)
        redisAppendCommand(c, "GET p:%d", i);
    for (int i = 0; i < 2 * PIPELINE && ok; i++) {
        redisReply *r = NULL;
        ok = redisGetReply(c, (void **)&r) == REDIS_OK &&
             (i < PIPELINE ? r->type == REDIS_REPLY_STATUS : atoi(r->str) == i - PIPELINE);
        freeReplyObject(r);
    }
    check("a pipeline of a hundred thousand", ok);
}

static void transaction(void)
{
    freeReplyObject(redisCommand(c, "MULTI"));
    freeReplyObject(redisCommand(c, "SET t 1"));
    freeReplyObject(redisCommand(c, "INCR t"));
    redisReply *r = redisCommand(c, "EXEC");
    check("a transaction",
          r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements == 2 && r->element[1]->integer == 2);
    freeReplyObject(r);
}

static void large(void)
{
    char *value = malloc(LARGE);

    for (size_t i = 0; i < LARGE; i++)
        value[i] = (char)(i * 2654435761u >> 13);
    freeReplyObject(redisCommand(c, "SET large %b", value, (size_t)LARGE));
    redisReply *r = redisCommand(c, "GET large");
    check("a large value", r != NULL && r->len == LARGE && memcmp(r->str, value, LARGE) == 0);
    freeReplyObject(r);
    free(value);
}

int main(void)
{
    c = redisConnect("127.0.0.1", atoi(getenv("REDIS_PORT")));
    if (c == NULL || c->err != 0) {
        check("connects", false);
        return 1;
    }
    commands();
    binary();
    pipeline();
    transaction();
    large();
    redisFree(c);
    return 0;
}
