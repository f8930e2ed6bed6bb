/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/clients.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proto/client_memory.h"
#include "store/quota.h"

#define FIRST_BUCKETS 64

/* The value of strings that were not set: most clients set none, and then no memory is allocated. Never written. */
static char empty[1];

static void free_text(char *text)
{
    if (text != empty)
        client_memory_free(text);
}

static char *copy_text(struct slice text)
{
    char *copy;

    if (text.n == 0)
        return empty;
    copy = mem_strndup(text.p, text.n);
    client_memory_count(copy);
    return copy;
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
    client_memory_free(cs->by_id);
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

/* Rebuilds the index. That of 100,000 clients takes about a millisecond. */
static void resize_index(struct clients *cs, size_t buckets) REQUIRES(cs->lock)
{
    client_memory_free(cs->by_id);
    cs->buckets = buckets;
    cs->by_id = client_memory_zalloc(buckets * sizeof(*cs->by_id));
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
        resize_index(cs, cs->buckets ? 2 * cs->buckets : FIRST_BUCKETS);
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
    if (cs->buckets > FIRST_BUCKETS && cs->listed < cs->buckets / 8)
        resize_index(cs, cs->buckets / 2);
}

struct card *clients_add(struct clients *cs, const struct card_origin *from)
{
    struct card *card = client_memory_zalloc(sizeof(*card));

    card->magic = CARD_MAGIC;
    card->address = from->address;
    card->fd = from->fd;
    card->born = clock_mono_ms();
    atomic_init(&card->active, card->born);
    atomic_init(&card->resp, 2);
    atomic_init(&card->multi, -1);
    card->peer = copy_text(slice_str(from->peer));
    card->local = copy_text(slice_str(from->local));
    card->is_local = from->is_local;
    card->base_bytes = from->base_bytes;
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
    free_text(card->peer);
    free_text(card->local);
    card->magic = 0;
    client_memory_free(card);
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
    return card->base_bytes + atomic_load_explicit(&card->in_bytes, memory_order_relaxed) +
           atomic_load_explicit(&card->in_free, memory_order_relaxed) +
           atomic_load_explicit(&card->args_bytes, memory_order_relaxed) +
           atomic_load_explicit(&card->multi_bytes, memory_order_relaxed) +
           atomic_load_explicit(&card->out_memory, memory_order_relaxed) +
           atomic_load_explicit(&card->text_bytes, memory_order_relaxed);
}

/* ---- the limit on all clients together ---- */

bool clients_exceed(struct clients *cs, int64_t limit)
{
    must(limit >= 0);
    return limit != 0 && quota_clients_total() > (size_t)limit + atomic_load_explicit(&cs->slack, memory_order_relaxed);
}

/* A client that may be evicted. */
struct candidate {
    uint64_t memory, id;
};

static int by_memory(const void *a, const void *b)
{
    uint64_t x = ((const struct candidate *)a)->memory, y = ((const struct candidate *)b)->memory;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* The clients that may be evicted, in memory that the caller frees. *sum: what all take that are not doomed yet. */
static struct candidate *list_candidates(struct clients *cs, size_t *count, uint64_t *sum)
{
    struct candidate *all;

    *sum = *count = 0;
    lock_take(&cs->lock);
    all = mem_alloc((cs->listed + 1) * sizeof(*all));
    for (struct card *card = cs->first; card; card = card->next) {
        uint64_t memory = card_memory(card);

        if (atomic_load_explicit(&card->doomed, memory_order_relaxed))
            continue;
        *sum += memory;
        if (!card_has_flag(card, CARD_NO_EVICT))
            all[(*count)++] = (struct candidate){memory, card->id};
    }
    must(*count <= cs->listed);
    lock_drop(&cs->lock);
    return all;
}

/* Marks the card. *arg becomes its address; generation 0: it was doomed already. */
static bool doom_for_memory(void *arg, struct card *card)
{
    struct mail_address *to = arg;

    if (!atomic_exchange_explicit(&card->doomed, true, memory_order_acq_rel))
        *to = card->address;
    return true;
}

static void evict(struct clients *cs, uint64_t id)
{
    struct mail_address to = {0};

    if (!clients_visit(cs, id, doom_for_memory, &to) || to.generation == 0)
        return;
    atomic_fetch_add_explicit(&cs->evicted, 1, memory_order_relaxed);
    mail_kill(&cs->mail, NULL, to); /* without the lock: posting wakes a worker by a system call */
}

/* What is in the total and no card shows is slack, and so is what cannot be evicted: to look again would find no more
 * until the total has grown. */
static void set_slack(struct clients *cs, size_t total, uint64_t kept, uint64_t limit)
{
    uint64_t others = total > kept ? total - kept : 0;
    uint64_t excess = kept > limit ? kept - limit : 0;

    atomic_store_explicit(&cs->slack, others + excess, memory_order_relaxed);
}

void clients_fit(struct clients *cs, int64_t limit)
{
    size_t total = quota_clients_total(), count;
    struct candidate *all;
    uint64_t sum;

    must(limit >= 0);
    if (limit == 0)
        return;
    all = list_candidates(cs, &count, &sum);
    if (sum > (uint64_t)limit)
        qsort(all, count, sizeof(*all), by_memory);
    for (size_t i = 0; i < count && sum > (uint64_t)limit; i++) {
        evict(cs, all[i].id);
        sum -= all[i].memory;
    }
    mem_free(all);
    set_slack(cs, total, sum, (uint64_t)limit);
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
