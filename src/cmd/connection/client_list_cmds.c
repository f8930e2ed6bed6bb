/* SPDX-License-Identifier: BSD-3-Clause */
/* CLIENT LIST and INFO: https://redis.io/docs/latest/commands/client-list/ */
#include "config.h"

#include <inttypes.h>

#include "base/buf.h"
#include "run/call.h"

#define LIST_FLAGS (CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)

static uint64_t number(_Atomic uint64_t *n)
{
    return atomic_load_explicit(n, memory_order_relaxed);
}

/* ---- one line ---- */

/* Writes a letter for each flag, at least one, and a NUL. */
static void write_flags(char *p, struct card *card)
{
    static const struct {
        uint32_t flag;
        char letter;
    } letters[] = {
        {CARD_PUBSUB, 'P'},    {CARD_MULTI, 'x'},     {CARD_BLOCKED, 'b'}, {CARD_DIRTY, 'd'},    {CARD_CLOSING, 'c'},
        {CARD_CLOSE_NOW, 'A'}, {CARD_UNIX, 'U'},      {CARD_READONLY, 'r'}, {CARD_NO_EVICT, 'e'},
        {CARD_NO_TOUCH, 'T'},
    };
    char *start = p;

    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (card_has_flag(card, letters[i].flag))
            *p++ = letters[i].letter;
    }
    if (p == start)
        *p++ = 'N';
    *p = '\0';
}

/* Bytes of memory that the running request takes: as it was sent, and its arguments. */
struct running {
    struct card *card;
    size_t request, arguments;
};

static size_t digits(size_t n)
{
    return n < 10 ? 1 : 1 + digits(n / 10);
}

static struct running measure(const struct call *c)
{
    struct running r = {.card = c->session->card, .request = strlen("*\r\n") + digits((size_t)c->argc)};

    for (int i = 0; i < c->argc; i++) {
        r.arguments += c->argv[i].n;
        r.request += strlen("$\r\n\r\n") + digits(c->argv[i].n) + c->argv[i].n;
    }
    return r;
}

/* " name=text" of a string of the card. */
static void add_text(struct buf *b, const char *name, const char *text)
{
    buf_add_char(b, ' ');
    buf_add_str(b, name);
    buf_add_char(b, '=');
    buf_add_str(b, text);
}

static void add_who(struct buf *b, struct card *card, int64_t mono)
{
    char flags[16];
    int64_t idle = mono - atomic_load_explicit(&card->active, memory_order_relaxed);

    write_flags(flags, card);
    buf_printf(b, "id=%" PRIu64 " addr=%s laddr=%s fd=%d", card->id, card->peer, card->local, card->fd);
    add_text(b, "name", card->name);
    buf_printf(b, " age=%" PRId64 " idle=%" PRId64 " flags=%s db=%" PRIu32, (mono - card->born) / 1000,
               idle > 0 ? idle / 1000 : 0, flags, atomic_load_explicit(&card->db, memory_order_relaxed));
    buf_printf(b, " sub=0 psub=0 ssub=0 multi=%" PRId32 " watch=%" PRIu32,
               atomic_load_explicit(&card->multi, memory_order_relaxed),
               atomic_load_explicit(&card->watching, memory_order_relaxed));
}

static void add_buffers(struct buf *b, struct card *card, const struct running *r)
{
    size_t request = card == r->card ? r->request : 0, arguments = card == r->card ? r->arguments : 0;

    buf_printf(b, " qbuf=%" PRIu64 " qbuf-free=%" PRIu64 " argv-mem=%" PRIu64 " multi-mem=%" PRIu64,
               number(&card->in_bytes) + request, number(&card->in_free), number(&card->args_bytes) + arguments,
               number(&card->multi_bytes));
    /* Replies have no fixed buffer (rbs, rbp): all of them are in the list. */
    buf_printf(b, " rbs=0 rbp=0 obl=%" PRIu64 " oll=%" PRIu64 " omem=%" PRIu64 " tot-mem=%" PRIu64,
               number(&card->out_bytes), number(&card->out_chunks), number(&card->out_memory),
               card_memory(card) + request);
}

static void add_line(struct buf *b, struct card *card, int64_t mono, const struct running *running)
{
    const struct command *last = atomic_load_explicit(&card->last, memory_order_relaxed);

    lock_take(&card->lock);
    add_who(b, card, mono);
    add_buffers(b, card, running);
    buf_printf(b, " events=%s cmd=%s", number(&card->out_bytes) ? "rw" : "r",
               last ? command_full_name(last) : "NULL");
    add_text(b, "user", *card->user ? card->user : "default");
    buf_printf(b, " redir=-1 resp=%" PRIu32, atomic_load_explicit(&card->resp, memory_order_relaxed));
    add_text(b, "lib-name", card->lib_name);
    add_text(b, "lib-ver", card->lib_version);
    buf_printf(b, " io-thread=%" PRIu32, card->address.worker); /* Redis 8.0's name for the worker */
    buf_add_char(b, '\n');
    lock_drop(&card->lock);
}

/* ---- the list ---- */

struct listing {
    struct buf text;
    int64_t mono;
    struct running running;
    enum card_type type; /* CARD_TYPE_UNKNOWN: any */
};

static bool list_card(void *arg, struct card *card)
{
    struct listing *l = arg;

    if (atomic_load_explicit(&card->doomed, memory_order_relaxed))
        return true;
    if (l->type == CARD_TYPE_UNKNOWN || l->type == card_type(card))
        add_line(&l->text, card, l->mono, &l->running);
    return true;
}

static void list_by_type(struct call *c, enum card_type type)
{
    struct listing l = {.text = BUF_EMPTY, .mono = c->runner->mono, .running = measure(c), .type = type};

    clients_each(&c->instance->clients, list_card, &l);
    reply_verbatim(c->out, "txt", buf_slice(&l.text));
    buf_fini(&l.text);
}

/* Whether the arguments from 3 on are numbers; if not, the error was replied. */
static bool check_ids(struct call *c)
{
    int64_t id;

    for (int i = 3; i < c->argc; i++)
        if (!call_int_or(c, i, &id, "ERR Invalid client ID"))
            return false;
    return true;
}

/* Lists the clients whose ids are the arguments from 3 on, in that order. */
static void list_by_id(struct call *c)
{
    struct listing l = {.text = BUF_EMPTY, .mono = c->runner->mono, .running = measure(c), .type = CARD_TYPE_UNKNOWN};

    for (int i = 3; i < c->argc; i++) {
        int64_t id = 0;

        call_int(c, i, &id);
        clients_visit(&c->instance->clients, (uint64_t)id, list_card, &l);
    }
    reply_verbatim(c->out, "txt", buf_slice(&l.text));
    buf_fini(&l.text);
}

CMD(client_list,
    .name = "LIST", .parent = "CLIENT", .arity = -2, .group = "connection", .since = "2.4.0",
    .cost = "O(N) where N is the number of client connections", .flags = LIST_FLAGS | CMD_ADMIN,
    .summary = "Lists the connections, one line each.",
    .syntax = "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
    .history = "2.8.12: Shows the id.\n5.0.0: Added TYPE.\n6.0.0: Shows the user.\n"
               "6.2.0: Shows argv-mem, tot-mem, laddr and redir; added ID.\n"
               "7.0.0: Shows resp, multi-mem, rbs and rbp.\n7.0.3: Shows ssub.\n7.2.0: Shows lib-name and lib-ver.\n"
               "7.4.0: Shows watch.",
    .hints = "nondeterministic_output")
{
    enum card_type type = CARD_TYPE_UNKNOWN;

    if (c->argc == 4 && call_is(c, 2, "TYPE")) {
        type = card_type_named(call_arg(c, 3));
        if (type == CARD_TYPE_UNKNOWN)
            reply_errorf(c->out, "ERR Unknown client type '%.*s'", (int)c->argv[3].n, c->argv[3].p);
        else
            list_by_type(c, type);
    } else if (c->argc > 3 && call_is(c, 2, "ID")) {
        if (check_ids(c))
            list_by_id(c);
    } else if (c->argc == 2) {
        list_by_type(c, type);
    } else {
        call_error_syntax(c);
    }
}

CMD(client_info,
    .name = "INFO", .parent = "CLIENT", .arity = 2, .group = "connection", .since = "6.2.0", .cost = "O(1)",
    .flags = LIST_FLAGS, .summary = "Returns the CLIENT LIST line of this connection.", .syntax = "",
    .hints = "nondeterministic_output")
{
    struct running running = measure(c);
    struct buf line = BUF_EMPTY;

    add_line(&line, c->session->card, c->runner->mono, &running);
    reply_verbatim(c->out, "txt", buf_slice(&line));
    buf_fini(&line);
}
