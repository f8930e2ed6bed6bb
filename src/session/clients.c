/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/clients.h"

#include "base/clock.h"
#include "base/mem.h"

#define FIRST_BUCKETS 64

/* The value of strings that were not set: most clients set none, and then no memory is allocated. Never written. */
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
    mem_free(cs->by_id);
    cs->by_id = NULL;
    cs->buckets = 0;
}

/* ---- the index by id ---- */

static struct card **bucket_of(struct clients *cs, uint64_t id) REQUIRES(cs->lock)
{
    sane(cs->buckets != 0);
    return &cs->by_id[id & (cs->buckets - 1)];
}

/* Ids are consecutive, so their low bits spread them evenly. */
static void index_card(struct clients *cs, struct card *card) REQUIRES(cs->lock)
{
    struct card **bucket = bucket_of(cs, card->id);

    card->next_in_bucket = *bucket;
    *bucket = card;
}

/* Doubles the buckets. The index of 100,000 clients is rebuilt in about a millisecond. */
static void grow_index(struct clients *cs) REQUIRES(cs->lock)
{
    mem_free(cs->by_id);
    cs->buckets = cs->buckets ? 2 * cs->buckets : FIRST_BUCKETS;
    cs->by_id = mem_zalloc(cs->buckets * sizeof(*cs->by_id));
    for (struct card *card = cs->first; card; card = card->next)
        index_card(cs, card);
}

static void unindex_card(struct clients *cs, struct card *card) REQUIRES(cs->lock)
{
    struct card **at = bucket_of(cs, card->id);

    while (*at != card) {
        must(*at != NULL);
        at = &(*at)->next_in_bucket;
    }
    *at = card->next_in_bucket;
}

/* ---- the list ---- */

static void link_card(struct clients *cs, struct card *card) REQUIRES(cs->lock)
{
    lock_must_hold(&cs->lock);
    if (cs->listed == cs->buckets)
        grow_index(cs);
    card->id = atomic_fetch_add_explicit(&cs->next_id, 1, memory_order_relaxed);
    card->prev = cs->last;
    *(cs->last ? &cs->last->next : &cs->first) = card;
    cs->last = card;
    index_card(cs, card);
    cs->listed++;
}

static void unlink_card(struct clients *cs, struct card *card) REQUIRES(cs->lock)
{
    lock_must_hold(&cs->lock);
    must(cs->listed > 0);
    cs->listed--;
    unindex_card(cs, card);
    *(card->prev ? &card->prev->next : &cs->first) = card->next;
    *(card->next ? &card->next->prev : &cs->last) = card->prev;
}

struct card *clients_add(struct clients *cs, const struct card_origin *from)
{
    struct card *card = mem_zalloc(sizeof(*card));

    card->magic = CARD_MAGIC;
    card->address = from->address;
    card->fd = from->fd;
    card->born = clock_mono_ms();
    atomic_init(&card->active, card->born);
    atomic_init(&card->resp, 2);
    atomic_init(&card->multi, -1);
    card->peer = mem_strdup(from->peer);
    card->local = mem_strdup(from->local);
    card->is_local = from->is_local;
    card->name = card->user = card->lib_name = card->lib_version = empty;
    lock_init(&card->lock, LOCK_CARD, 0);
    lock_take(&cs->lock);
    link_card(cs, card);
    lock_drop(&cs->lock);
    atomic_fetch_add_explicit(&cs->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cs->accepted, 1, memory_order_relaxed);
    return card;
}

void clients_remove(struct clients *cs, struct card *card)
{
    must_be(card, CARD_MAGIC);
    lock_take(&cs->lock);
    unlink_card(cs, card);
    lock_drop(&cs->lock);
    atomic_fetch_sub_explicit(&cs->count, 1, memory_order_relaxed);
    for (enum card_text t = CARD_NAME; t <= CARD_LIB_VERSION; t++)
        free_text(*text_of(card, t));
    mem_free(card->peer);
    mem_free(card->local);
    card->magic = 0;
    mem_free(card);
}

void clients_each(struct clients *cs, bool (*visit)(void *arg, struct card *card), void *arg)
{
    lock_take(&cs->lock);
    for (struct card *card = cs->first; card; card = card->next) {
        must_be(card, CARD_MAGIC);
        if (!visit(arg, card))
            break;
    }
    lock_drop(&cs->lock);
}

static struct card *find(struct clients *cs, uint64_t id) REQUIRES(cs->lock)
{
    struct card *card = cs->buckets ? *bucket_of(cs, id) : NULL;

    lock_must_hold(&cs->lock);
    while (card && card->id != id)
        card = card->next_in_bucket;
    return card;
}

bool clients_visit(struct clients *cs, uint64_t id, bool (*visit)(void *arg, struct card *card), void *arg)
{
    struct card *card;

    lock_take(&cs->lock);
    card = find(cs, id);
    if (card)
        visit(arg, card);
    lock_drop(&cs->lock);
    return card != NULL;
}

static void mark_doomed(struct card *card)
{
    must_be(card, CARD_MAGIC);
    atomic_store_explicit(&card->doomed, true, memory_order_release);
}

void clients_doom(struct clients *cs, struct session *from, struct card *card)
{
    mark_doomed(card);
    mail_kill(&cs->mail, from, card->address);
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

/* The largest client that may be evicted; *sum: what all take that are not doomed yet. */
static struct card *largest(struct clients *cs, uint64_t *sum) REQUIRES(cs->lock)
{
    struct card *max = NULL;

    *sum = 0;
    for (struct card *card = cs->first; card; card = card->next) {
        if (atomic_load_explicit(&card->doomed, memory_order_relaxed))
            continue;
        *sum += card_memory(card);
        if (!card_has_flag(card, CARD_NO_EVICT) && (max == NULL || card_memory(card) > card_memory(max)))
            max = card;
    }
    return max;
}

/* Marks the largest client if all together are over the limit. False: nothing is to be done. */
static bool doom_largest(struct clients *cs, uint64_t limit, struct mail_address *victim)
{
    struct card *card;
    uint64_t sum;

    lock_take(&cs->lock);
    card = largest(cs, &sum);
    if (sum <= limit)
        card = NULL;
    if (card) {
        mark_doomed(card);
        *victim = card->address;
    }
    lock_drop(&cs->lock);
    return card != NULL;
}

void clients_fit(struct clients *cs, int64_t limit)
{
    struct mail_address victim;

    must(limit >= 0);
    if (limit == 0)
        return;
    while (doom_largest(cs, (uint64_t)limit, &victim)) {
        atomic_fetch_add_explicit(&cs->evicted, 1, memory_order_relaxed);
        mail_kill(&cs->mail, NULL, victim); /* without the lock: posting wakes a worker by a system call */
    }
}

void card_set_text(struct card *card, enum card_text which, struct slice text)
{
    char *copy = copy_text(text), **at = text_of(card, which), *old;

    must_be(card, CARD_MAGIC);
    lock_take(&card->lock);
    old = *at;
    *at = copy;
    atomic_fetch_add_explicit(&card->text_bytes, text_memory(copy) - text_memory(old), memory_order_relaxed);
    lock_drop(&card->lock);
    free_text(old);
}

size_t card_get_text(struct card *card, enum card_text which, char *p, size_t size)
{
    size_t n;

    must_be(card, CARD_MAGIC);
    must(size > 0);
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
