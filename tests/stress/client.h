// SPDX-License-Identifier: BSD-3-Clause
//
// client: a blocking RESP2 client for the stress tests.
//
// Owns:    its socket and two buffers.
// Threads: a client belongs to one thread.
// Used by: the scenes of the stress test.
// Why:     a test must not rely on the parser that it tests, and hiredis would be another package for 200 lines.
#ifndef STRESS_CLIENT_H
#define STRESS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct client;

// type is the first byte of the reply: '+', '-', ':', '$' or '*'; 0 means that the connection has ended.
struct reply {
    char type;
    bool null;
    long long number;       // of ':'
    char *text;             // of '+', '-' and '$', with a zero byte behind it
    size_t length;          // of text
    struct reply *items;    // of '*'
    size_t count;           // of items
};

// Connects to 127.0.0.1; NULL if that fails.
struct client *client_new(int port);

// Closes the connection at once. NULL is allowed.
void client_free(struct client *c);

// Appends a request to those not yet sent. The words end with NULL.
void client_add(struct client *c, ...) __attribute__((sentinel));

// The same with an array of words.
void client_add_words(struct client *c, const char *const *words, size_t count);

// Sends what was added; false if the connection has ended.
bool client_flush(struct client *c);

// Sends bytes as they are.
bool client_send(struct client *c, const void *bytes, size_t length);

// The next reply; the caller owns it and gives it to reply_free.
struct reply client_read(struct client *c);

// One request and its reply.
#define client_ask(c, ...) (client_add(c, __VA_ARGS__, NULL), client_flush(c), client_read(c))

void reply_free(struct reply *r);

// Whether it is this text, as status or string.
bool reply_is(const struct reply *r, const char *text);

// The value of an integer reply, or of a number in a string; -1 for anything else.
long long reply_number(const struct reply *r);

#endif
