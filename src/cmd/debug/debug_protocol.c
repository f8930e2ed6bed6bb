/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/debug/debug_protocol.h"

#include "run/call.h"

static void protocol_three(struct call *c)
{
    for (int i = 0; i < 3; i++)
        reply_int(c->out, i);
}

static void protocol_array(struct call *c)
{
    reply_array(c->out, 3);
    protocol_three(c);
}

static void protocol_set(struct call *c)
{
    reply_set(c->out, 3);
    protocol_three(c);
}

static void protocol_map(struct call *c)
{
    reply_map(c->out, 3);
    for (int i = 0; i < 3; i++) {
        reply_int(c->out, i);
        reply_bool(c->out, i == 1);
    }
}

static void protocol_attrib(struct call *c)
{
    if (c->out->resp == 3) {
        reply_attribute(c->out, 1);
        reply_bulk_str(c->out, "key-popularity");
        reply_array(c->out, 2);
        reply_bulk_str(c->out, "key:123");
        reply_int(c->out, 90);
    }
    reply_bulk_str(c->out, "Some real reply following the attribute");
}

static void protocol_push(struct call *c)
{
    if (c->out->resp == 2) {
        reply_error(c->out, "ERR RESP2 is not supported by this command");
        return;
    }
    reply_push(c->out, 2);
    reply_bulk_str(c->out, "server-cpu-usage");
    reply_int(c->out, 42);
    reply_bulk_str(c->out, "Some real reply following the push reply");
}

static void protocol_string(struct call *c)
{
    reply_bulk_str(c->out, "Hello World");
}

static void protocol_integer(struct call *c)
{
    reply_int(c->out, 12345);
}

static void protocol_double(struct call *c)
{
    reply_double(c->out, 3.141);
}

static void protocol_bignum(struct call *c)
{
    reply_big_number(c->out, SLICE("1234567999999999999999999999999999999"));
}

static void protocol_null(struct call *c)
{
    reply_null(c->out);
}

static void protocol_verbatim(struct call *c)
{
    reply_verbatim(c->out, "txt", SLICE("This is a verbatim\nstring"));
}

static void protocol_true(struct call *c)
{
    reply_bool(c->out, true);
}

static void protocol_false(struct call *c)
{
    reply_bool(c->out, false);
}

void debug_protocol(struct call *c)
{
    static const struct {
        const char *name;
        void (*run)(struct call *c);
    } types[] = {
        {"string", protocol_string}, {"integer", protocol_integer},   {"double", protocol_double},
        {"bignum", protocol_bignum}, {"null", protocol_null},         {"array", protocol_array},
        {"set", protocol_set},       {"map", protocol_map},           {"attrib", protocol_attrib},
        {"push", protocol_push},     {"verbatim", protocol_verbatim}, {"true", protocol_true},
        {"false", protocol_false},
    };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (call_is(c, 2, types[i].name)) {
            types[i].run(c);
            return;
        }
    reply_error(c->out, "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|"
                        "null|array|set|map|attrib|push|verbatim|true|false");
}
