/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/session.h"

#include "base/mem.h"
#include "proto/client_memory.h"

#define FEW_WATCHES 8

void session_init(struct session *s, struct card *card, bool authenticated)
{
    *s = (struct session){.magic = SESSION_MAGIC, .card = card, .authenticated = authenticated};
    out_init(&s->out);
}

void session_fini(struct session *s)
{
    must_be(s, SESSION_MAGIC);
    session_end_multi(s);
    session_unwatch(s);
    out_fini(&s->out);
    s->magic = 0;
}

/* ---- MULTI ---- */

/* Publishes the state of the transaction on the card. */
static void publish_multi(struct session *s)
{
    atomic_store_explicit(&s->card->multi, s->in_multi ? (int32_t)s->queued : -1, memory_order_relaxed);
    atomic_store_explicit(&s->card->multi_bytes, s->queue_bytes, memory_order_relaxed);
    card_set_flag(s->card, CARD_MULTI, s->in_multi);
}

void session_begin_multi(struct session *s)
{
    must_be(s, SESSION_MAGIC);
    must(s->queued == 0);
    s->in_multi = true;
    publish_multi(s);
}

/* Makes room for one more command. False: memory is out. */
static bool grow_queue(struct session *s)
{
    size_t cap = s->queue_cap ? (size_t)s->queue_cap * 2 : 4;
    struct queued *grown;

    if (s->queued < s->queue_cap)
        return true;
    grown = cap <= UINT32_MAX ? client_memory_try_realloc(s->queue, cap * sizeof *s->queue) : NULL;
    if (grown == NULL)
        return false;
    s->queue = grown;
    s->queue_cap = (unsigned)cap;
    return true;
}

bool session_queue(struct session *s, const struct command *cmd, int argc, const struct slice *argv)
{
    struct slice *copies;
    struct queued *q;
    size_t bytes = 0, input;
    char *p;

    must(cmd != NULL && argc > 0 && s->queued <= s->queue_cap);
    for (int i = 0; i < argc; i++)
        bytes += argv[i].n;
    input = bytes + (size_t)argc * sizeof(void *);
    bytes += (size_t)argc * (sizeof *argv + sizeof(uint64_t));
    copies = grow_queue(s) ? client_memory_try_alloc(bytes) : NULL;
    if (copies == NULL)
        return false;
    q = &s->queue[s->queued++];
    *q = (struct queued){.cmd = cmd, .argc = argc, .argv = copies, .bytes = bytes};
    q->hash = (uint64_t *)(q->argv + argc);
    p = (char *)(q->hash + argc);
    for (int i = 0; i < argc; i++) {
        if (argv[i].n != 0)
            memcpy(p, argv[i].p, argv[i].n);
        q->argv[i] = slice_of(p, argv[i].n);
        p += argv[i].n;
    }
    s->queue_bytes += bytes + sizeof *q;
    s->queue_input += input;
    publish_multi(s);
    return true;
}

void session_end_multi(struct session *s)
{
    bool was_open = s->in_multi;

    must_be(s, SESSION_MAGIC);
    for (unsigned i = 0; i < s->queued; i++) {
        client_memory_free(s->queue[i].argv);
        client_memory_free(s->queue[i].prepared);
    }
    client_memory_free(s->queue);
    s->queue = NULL;
    s->queued = s->queue_cap = 0;
    s->queue_bytes = s->queue_input = 0;
    s->in_multi = s->multi_failed = false;
    if (was_open)
        publish_multi(s);
}

/* ---- WATCH ---- */

static void publish_watching(struct session *s)
{
    atomic_store_explicit(&s->card->watching, s->watching, memory_order_relaxed);
}

/* Looks at the session's own few, or where all who watch the key are: many may watch one, and one may watch many. */
static bool is_watching(const struct session *s, const struct place *p, struct slice key) REQUIRES(shard_cap)
{
    if (s->watching > FEW_WATCHES)
        return interest_exists(&p->shard->interests, &interest_watch, p->db, p->hash, key, s);
    for (const struct session_watch *w = s->watches; w != NULL; w = w->next)
        if (w->mark.interest.db == p->db && w->mark.interest.hash == p->hash && slice_eq(w->mark.interest.key, key))
            return true;
    return false;
}

bool session_watch(struct session *s, const struct place *p, struct slice key, bool was_expired)
{
    struct session_watch *w;

    if (is_watching(s, p, key))
        return true;
    w = client_memory_try_alloc(sizeof *w + key.n);
    if (w == NULL)
        return false;
    memcpy(w->key, key.p, key.n);
    w->shard = p->shard;
    w->mark = (struct watch){
        .interest = {.kind = &interest_watch, .owner = s, .hash = p->hash, .key = slice_of(w->key, key.n), .db = p->db},
        .was_expired = was_expired};
    if (!shard_add_interest(p->shard, &w->mark.interest)) {
        client_memory_free(w);
        return false;
    }
    w->next = s->watches;
    s->watches = w;
    s->watching++;
    s->watch_bytes += sizeof *w + key.n;
    publish_watching(s);
    return true;
}

static struct session_watch *pop_watch(struct session *s)
{
    struct session_watch *w = s->watches;

    if (w != NULL)
        s->watches = w->next;
    return w;
}

static void all_popped(struct session *s)
{
    if (s->watching != 0) {
        s->watching = 0;
        s->watch_bytes = 0;
        publish_watching(s);
    }
}

void session_unwatch_locked(struct session *s)
{
    struct session_watch *w;

    while ((w = pop_watch(s)) != NULL) {
        shard_must_hold(w->shard);
        shard_remove_interest(w->shard, &w->mark.interest);
        client_memory_free(w);
    }
    all_popped(s);
}

void session_unwatch(struct session *s)
{
    struct session_watch *w;

    while ((w = pop_watch(s)) != NULL) {
        shard_lock(w->shard);
        shard_remove_interest(w->shard, &w->mark.interest);
        shard_unlock(w->shard);
        client_memory_free(w);
    }
    all_popped(s);
}

/* ---- RESET ---- */

void session_select(struct session *s, unsigned db)
{
    s->db = db;
    atomic_store_explicit(&s->card->db, db, memory_order_relaxed);
}

void session_set_resp(struct session *s, unsigned resp)
{
    must(resp == 2 || resp == 3);
    s->out.resp = resp;
    atomic_store_explicit(&s->card->resp, resp, memory_order_relaxed);
}

void session_reset(struct session *s, bool authenticated)
{
    must_be(s, SESSION_MAGIC);
    session_end_multi(s);
    session_unwatch(s);
    session_select(s, 0);
    session_set_resp(s, 2);
    s->authenticated = authenticated;
    s->reply_mode = REPLY_ON;
    s->no_touch = false;
    card_set_flag(s->card, CARD_NO_TOUCH | CARD_NO_EVICT, false);
    card_set_text(s->card, CARD_NAME, SLICE(""));
    card_set_text(s->card, CARD_USER, SLICE("default"));
}
