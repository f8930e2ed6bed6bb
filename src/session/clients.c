/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/clients.h"

#include "base/clock.h"
#include "base/mem.h"

/* What a string is that was not set: most clients set none, and shall not pay for it. Never written. */
static char empty[1];

static void free_text(char *text)
{
    if (text != empty)
        mem_free(text);
}

static char *copy_text(struct slice text)
{
    return text.n ? mem_strndup(text.p, text.n) : empty;
}

static size_t text_memory(const char *text)
{
    return text != empty ? mem_usable(text) : 0;
}

static char **text_of(struct card *card, enum card_text which)
{
    switch (which) {
    case CARD_NAME:
        return &card->name;
    case CARD_USER:
        return &card->user;
    case CARD_LIB_NAME:
        return &card->lib_name;
    case CARD_LIB_VERSION:
        break;
    }
    return &card->lib_version;
}

void clients_init(struct clients *cs)
{
    memset(cs, 0, sizeof(*cs));
    lock_init(&cs->lock, LOCK_CLIENTS, 0);
    atomic_init(&cs->next_id, 1);
}

void clients_fini(struct clients *cs)
{
    while (cs->first)
        clients_remove(cs, cs->first);
}

struct card *clients_add(struct clients *cs, unsigned worker, int fd, const char *peer, const char *local,
                         bool is_local)
{
    struct card *card = mem_zalloc(sizeof(*card));

    card->worker = worker;
    card->fd = fd;
    card->born = clock_mono_ms();
    atomic_init(&card->active, card->born);
    atomic_init(&card->resp, 2);
    atomic_init(&card->multi, -1);
    card->peer = mem_strdup(peer);
    card->local = mem_strdup(local);
    card->is_local = is_local;
    card->name = card->user = card->lib_name = card->lib_version = empty;
    lock_init(&card->lock, LOCK_CARD, 0);
    lock_take(&cs->lock);
    card->id = atomic_fetch_add_explicit(&cs->next_id, 1, memory_order_relaxed);
    card->prev = cs->last;
    if (cs->last)
        cs->last->next = card;
    else
        cs->first = card;
    cs->last = card;
    lock_drop(&cs->lock);
    atomic_fetch_add_explicit(&cs->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cs->accepted, 1, memory_order_relaxed);
    return card;
}

void clients_remove(struct clients *cs, struct card *card)
{
    lock_take(&cs->lock);
    *(card->prev ? &card->prev->next : &cs->first) = card->next;
    *(card->next ? &card->next->prev : &cs->last) = card->prev;
    lock_drop(&cs->lock);
    atomic_fetch_sub_explicit(&cs->count, 1, memory_order_relaxed);
    for (enum card_text t = CARD_NAME; t <= CARD_LIB_VERSION; t++)
        free_text(*text_of(card, t));
    mem_free(card->peer);
    mem_free(card->local);
    mem_free(card);
}

void clients_each(struct clients *cs, bool (*visit)(void *arg, struct card *card), void *arg)
{
    lock_take(&cs->lock);
    for (struct card *card = cs->first; card; card = card->next) {
        if (!visit(arg, card))
            break;
    }
    lock_drop(&cs->lock);
}

void clients_doom(struct clients *cs, struct card *card)
{
    atomic_store_explicit(&card->doomed, true, memory_order_release);
    if (cs->wake)
        cs->wake(cs->wake_arg, card->worker);
}

uint64_t card_memory(struct card *card)
{
    return atomic_load_explicit(&card->in_bytes, memory_order_relaxed) +
           atomic_load_explicit(&card->in_free, memory_order_relaxed) +
           atomic_load_explicit(&card->args_bytes, memory_order_relaxed) +
           atomic_load_explicit(&card->multi_bytes, memory_order_relaxed) +
           atomic_load_explicit(&card->out_memory, memory_order_relaxed) +
           atomic_load_explicit(&card->text_bytes, memory_order_relaxed);
}

/* The client that takes most of those that may go; *sum: what all take that are not doomed yet. */
static struct card *heaviest(struct clients *cs, uint64_t *sum) REQUIRES(cs->lock)
{
    struct card *most = NULL;

    *sum = 0;
    for (struct card *card = cs->first; card; card = card->next) {
        if (atomic_load_explicit(&card->doomed, memory_order_relaxed))
            continue;
        *sum += card_memory(card);
        if (!card_has_flag(card, CARD_NO_EVICT) && (most == NULL || card_memory(card) > card_memory(most)))
            most = card;
    }
    return most;
}

void clients_fit(struct clients *cs, int64_t limit)
{
    struct card *most;
    uint64_t sum;

    if (limit == 0)
        return;
    lock_take(&cs->lock);
    while ((most = heaviest(cs, &sum)) != NULL && sum > (uint64_t)limit) {
        atomic_fetch_add_explicit(&cs->evicted, 1, memory_order_relaxed);
        clients_doom(cs, most);
    }
    lock_drop(&cs->lock);
}

void card_set_text(struct card *card, enum card_text which, struct slice text)
{
    char *copy = copy_text(text), **place = text_of(card, which), *old;

    lock_take(&card->lock);
    old = *place;
    *place = copy;
    atomic_fetch_add_explicit(&card->text_bytes, text_memory(copy) - text_memory(old), memory_order_relaxed);
    lock_drop(&card->lock);
    free_text(old);
}

size_t card_get_text(struct card *card, enum card_text which, char *p, size_t size)
{
    size_t n;

    lock_take(&card->lock);
    n = strnlen(*text_of(card, which), size - 1);
    memcpy(p, *text_of(card, which), n);
    lock_drop(&card->lock);
    p[n] = '\0';
    return n;
}

bool card_text_fits(struct slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '!' || text.p[i] > '~')
            return false;
    }
    return true;
}

enum card_type card_type_named(struct slice name)
{
    static const char *const names[] = {"normal", "replica", "pubsub", "master"};

    for (int i = 0; i < CARD_TYPE_UNKNOWN; i++) {
        if (slice_is(name, names[i]))
            return (enum card_type)i;
    }
    return slice_is(name, "slave") ? CARD_TYPE_REPLICA : CARD_TYPE_UNKNOWN;
}

enum card_type card_type(struct card *card)
{
    return card_has_flag(card, CARD_PUBSUB) ? CARD_TYPE_PUBSUB : CARD_TYPE_NORMAL;
}
