/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/stream.h"

#include "base/mem.h"
#include "base/must.h"
#include "types/stream_group.h"
#include "types/stream_node.h"

static struct stream_node *node_at(const struct stream *s, size_t i)
{
    return records_at(&s->nodes, i, sizeof(struct stream_node));
}

_Static_assert(offsetof(struct stream_node, base) == 0, "stream_id_find looks at what a node begins with");
_Static_assert(sizeof(struct stream) <= 112, "a stream fits a size class of the allocator");

/* ---- creation and destruction ---- */

struct stream *stream_new(void)
{
    struct stream *s = mem_zalloc(sizeof *s);

    s->magic = STREAM_MAGIC;
    return s;
}

#define NODE_ENTRIES 8 /* a node counts as much as the time that its block takes */

bool stream_free_part(void *large, size_t entries)
{
    struct stream *s = large;

    must_be(s, STREAM_MAGIC);
    for (size_t freed = 0; s->nodes.used > 0 && freed <= entries; freed += NODE_ENTRIES) {
        stream_node_free(node_at(s, s->nodes.used - 1));
        s->nodes.used--;
    }
    if (s->nodes.used > 0 || !stream_groups_free_part(s, entries))
        return false;
    records_fini(&s->nodes, sizeof(struct stream_node));
    s->magic = 0;
    mem_free_sized(s, sizeof *s);
    return true;
}

static void add_node(struct stream *s, struct stream_node n)
{
    must(n.count > 0);
    *(struct stream_node *)records_insert(&s->nodes, s->nodes.used, sizeof n) = n;
    s->bytes += slab_usable_size(n.room);
}

/* After a change that may have reallocated the block of a node, which had `room` bytes before. */
static inline void note_room(struct stream *s, const struct stream_node *n, size_t room)
{
    s->bytes += slab_usable_size(n->room) - slab_usable_size(room);
}

void *stream_copy(const void *large)
{
    const struct stream *s = large;
    struct stream *copy = stream_new();

    *copy = *s;
    copy->nodes = copy->groups = (struct records){0};
    copy->bytes = 0;
    records_reserve(&copy->nodes, s->nodes.used, sizeof(struct stream_node));
    for (size_t i = 0; i < s->nodes.used; i++)
        add_node(copy, stream_node_copy(node_at(s, i)));
    stream_groups_copy(copy, s);
    return copy;
}

size_t stream_large_count(const void *large)
{
    const struct stream *s = large;

    must_be(s, STREAM_MAGIC);
    return s->count + stream_groups_pending(s);
}

size_t stream_large_bytes(const void *large)
{
    const struct stream *s = large;

    must_be(s, STREAM_MAGIC);
    return mem_usable_size(sizeof *s) + records_bytes(&s->nodes, sizeof(struct stream_node)) +
           records_bytes(&s->groups, sizeof(struct stream_group *)) + s->bytes;
}

/* ---- appending ---- */

/* Appends an entry to the last node. bytes: of its fields and values. False: it needs a node of its own. */
static bool append_to_last(struct stream *s, struct stream_id id, const struct slice *pairs, size_t fields,
                           size_t bytes, const struct stream_node_limits *node_limits)
{
    struct stream_node *n;
    size_t room;
    bool takes;

    if (s->nodes.used == 0)
        return false;
    n = node_at(s, s->nodes.used - 1);
    room = n->room;
    takes = stream_node_takes(n, bytes, node_limits);
    if (takes)
        stream_node_append(n, id, pairs, fields, node_limits);
    else
        stream_node_trim(n);
    note_room(s, n, room);
    return takes;
}

bool stream_append(struct stream *s, struct stream_id id, const struct slice *pairs, size_t fields,
                   const struct value_limits *limits)
{
    struct stream_node_limits node_limits = {limits->entries, limits->bytes};
    size_t bytes = 0;

    must(fields > 0 && stream_id_compare(id, s->last) > 0);
    for (size_t i = 0; i < 2 * fields; i++)
        bytes += pairs[i].n;
    if (bytes > STREAM_ENTRY_MAX)
        return false;
    if (!append_to_last(s, id, pairs, fields, bytes, &node_limits))
        add_node(s, stream_node_of(id, pairs, fields));
    s->count++;
    s->added++;
    s->last = id;
    return true;
}

/* ---- searches ---- */

/* The last node that begins at or before id; node 0 if none does. */
static size_t find_node(const struct stream *s, struct stream_id id)
{
    return stream_id_find(&s->nodes, id, sizeof(struct stream_node));
}

/* Finds the entry with this id, in node *i. False: there is none. */
static bool find(const struct stream *s, struct stream_id id, size_t *i, struct stream_entry *e)
{
    const struct stream_node *n;
    const char *at;

    if (s->nodes.used == 0)
        return false;
    *i = find_node(s, id);
    n = node_at(s, *i);
    if (n->count == 0) /* in the middle of a removal */
        return false;
    at = stream_node_seek(n, id);
    if (at == stream_node_end(n))
        return false;
    stream_node_entry(n, at, e);
    return stream_id_compare(e->id, id) == 0;
}

bool stream_has(const struct stream *s, struct stream_id id)
{
    struct stream_entry e;
    size_t i;

    return find(s, id, &i, &e);
}

struct stream_id stream_first_id(const struct stream *s)
{
    struct stream_entry e = {0};

    if (s->nodes.used != 0)
        stream_node_entry(node_at(s, 0), stream_node_begin(node_at(s, 0)), &e);
    return e.id;
}

struct stream_id stream_last_id(const struct stream *s)
{
    struct stream_entry e = {0};
    const struct stream_node *n;

    if (s->nodes.used != 0) {
        n = node_at(s, s->nodes.used - 1);
        stream_node_entry(n, stream_node_before(stream_node_end(n)), &e);
    }
    return e.id;
}

size_t stream_node_count(const struct stream *s)
{
    return s->nodes.used;
}

/* ---- removal ---- */

/* Frees node i, which stays as an empty record. */
static void clear_node(struct stream *s, size_t i)
{
    struct stream_node *n = node_at(s, i);

    must(s->count >= n->count && s->bytes >= slab_usable_size(n->room));
    s->count -= n->count;
    s->bytes -= slab_usable_size(n->room);
    stream_node_free(n);
    *n = (struct stream_node){.base = n->base, .last = n->last};
}

static void remove_nodes(struct stream *s, size_t i, size_t n)
{
    must(i <= s->nodes.used && n <= s->nodes.used - i);
    for (size_t k = i; k < i + n; k++)
        clear_node(s, k);
    if (n != 0)
        records_remove(&s->nodes, i, n, sizeof(struct stream_node));
}

/* Removes some, but not all, entries of node i. */
static void remove_entries(struct stream *s, size_t i, const char *from, const char *to, uint64_t entries)
{
    struct stream_node *n = node_at(s, i);
    size_t room = n->room;

    stream_node_remove(n, from, to, entries);
    note_room(s, n, room);
    must(s->count > entries);
    s->count -= entries;
}

bool stream_remove(struct stream *s, struct stream_id id, struct stream_emptied *emptied)
{
    struct stream_entry e;
    size_t i;

    if (!find(s, id, &i, &e))
        return false;
    if (node_at(s, i)->count > 1) {
        remove_entries(s, i, e.at, stream_entry_end(&e), 1);
    } else {
        clear_node(s, i);
        emptied->from = emptied->end == 0 || i < emptied->from ? i : emptied->from;
        emptied->end = i < emptied->end ? emptied->end : i + 1;
    }
    if (stream_id_compare(id, s->max_deleted) > 0)
        s->max_deleted = id;
    return true;
}

void stream_remove_emptied(struct stream *s, const struct stream_emptied *emptied)
{
    size_t end_of_kept = emptied->from;

    must(emptied->from <= emptied->end && emptied->end <= s->nodes.used);
    for (size_t i = emptied->from; i < emptied->end; i++)
        if (node_at(s, i)->count != 0)
            *node_at(s, end_of_kept++) = *node_at(s, i);
    if (end_of_kept < emptied->end)
        records_remove(&s->nodes, end_of_kept, emptied->end - end_of_kept, sizeof(struct stream_node));
}

/* Whether a trim that has removed `removed` entries removes all of node n. */
static bool goes_whole(const struct stream *s, const struct stream_node *n, uint64_t removed,
                       const struct stream_trim *how)
{
    if (how->by_id)
        return stream_id_compare(n->last, how->min_id) < 0;
    return s->count - removed - n->count >= how->length;
}

/* Removes entries at the front of the first node. Returns how many. */
static uint64_t trim_first(struct stream *s, const struct stream_trim *how)
{
    const struct stream_node *n = node_at(s, 0);
    const char *from = stream_node_begin(n), *to = from;
    uint64_t removed = 0;
    struct stream_entry e;

    for (; removed < n->count; removed++, to = stream_entry_end(&e)) {
        stream_node_entry(n, to, &e);
        if (how->by_id ? stream_id_compare(e.id, how->min_id) >= 0 : s->count - removed <= how->length)
            break;
    }
    if (removed == n->count)
        remove_nodes(s, 0, 1); /* the entries of the node after the bound had been removed before */
    else if (removed != 0)
        remove_entries(s, 0, from, to, removed);
    return removed;
}

uint64_t stream_trim(struct stream *s, const struct stream_trim *how)
{
    uint64_t removed = 0;
    bool is_spent = false;
    size_t i = 0;

    for (; i < s->nodes.used && (how->by_id || s->count - removed > how->length); i++) {
        const struct stream_node *n = node_at(s, i);

        is_spent = how->limit != 0 && removed + n->count > how->limit;
        if (is_spent || !goes_whole(s, n, removed, how))
            break;
        removed += n->count;
    }
    remove_nodes(s, 0, i);
    if (!how->is_approximate && !is_spent && s->nodes.used != 0)
        removed += trim_first(s, how);
    return removed;
}

/* ---- numbers of entries ---- */

bool stream_has_gap(const struct stream *s, struct stream_id from)
{
    return s->count != 0 && !stream_id_is_zero(s->max_deleted) && stream_id_compare(from, s->max_deleted) <= 0;
}

int64_t stream_number_of(const struct stream *s, struct stream_id id)
{
    struct stream_id first = stream_first_id(s);
    int behind_last = stream_id_compare(id, s->last), behind_first = stream_id_compare(id, first);

    if (s->added == 0)
        return 0;
    if (s->count == 0 && behind_last <= 0)
        return (int64_t)s->added;
    if (!stream_id_is_zero(id) && stream_id_compare(id, s->max_deleted) < 0)
        return -1;
    if (behind_last == 0)
        return (int64_t)s->added;
    if (behind_last > 0 || behind_first > 0)
        return -1;
    if (!stream_id_is_zero(s->max_deleted) && stream_id_compare(s->max_deleted, first) >= 0)
        return -1;
    return (int64_t)(s->added - s->count + (behind_first == 0 ? 1 : 0));
}

/* ---- walks ---- */

static struct stream_node *walk_node(const struct stream_walk *w)
{
    return node_at(w->stream, w->node);
}

void stream_walk_begin(struct stream_walk *w, const struct stream *s, struct stream_id from, struct stream_id to,
                       bool is_reverse)
{
    const struct stream_node *n;

    must_be(s, STREAM_MAGIC);
    w->stream = s;
    w->from = from;
    w->to = to;
    w->is_reverse = is_reverse;
    w->at = NULL;
    w->entry = (struct stream_entry){0};
    if (s->nodes.used == 0 || stream_id_compare(from, to) > 0)
        return;
    w->node = find_node(s, is_reverse ? to : from);
    n = walk_node(w);
    if (is_reverse || stream_id_compare(from, n->last) > 0)
        w->at = stream_node_end(n);
    else
        w->at = stream_node_seek(n, from);
}

/* Moves on to the next node if this one is at its end. False: there is none. */
static bool enter(struct stream_walk *w)
{
    must(w->node < w->stream->nodes.used);
    if (w->at != (w->is_reverse ? stream_node_begin(walk_node(w)) : stream_node_end(walk_node(w))))
        return true;
    if (w->is_reverse ? w->node == 0 : w->node + 1 == w->stream->nodes.used)
        return false;
    w->node += w->is_reverse ? -1 : 1;
    w->at = w->is_reverse ? stream_node_end(walk_node(w)) : stream_node_begin(walk_node(w));
    return true;
}

static bool step(struct stream_walk *w)
{
    struct stream_entry *e = &w->entry;

    if (e->at != NULL)
        w->at = stream_entry_end(e);
    if (!enter(w))
        return false;
    stream_node_entry(walk_node(w), w->at, e);
    return stream_id_compare(e->id, w->to) <= 0;
}

static bool step_back(struct stream_walk *w)
{
    struct stream_entry *e = &w->entry;

    do {
        if (!enter(w))
            return false;
        w->at = stream_node_before(w->at);
        stream_node_entry(walk_node(w), w->at, e);
    } while (stream_id_compare(e->id, w->to) > 0);
    return stream_id_compare(e->id, w->from) >= 0;
}

bool stream_walk_next(struct stream_walk *w, struct stream_id *id, uint64_t *fields)
{
    if (w->at == NULL || !(w->is_reverse ? step_back(w) : step(w))) {
        w->at = NULL;
        w->entry.fields = 0;
        return false;
    }
    *id = w->entry.id;
    *fields = w->entry.fields;
    return true;
}

bool stream_walk_pair(struct stream_walk *w, struct slice *field, struct slice *value)
{
    if (w->entry.fields == 0)
        return false;
    stream_entry_pair(&w->entry, field, value, w->digits);
    return true;
}

/* ---- compaction: first the nodes, then what the groups wait for ---- */

#define IN_GROUPS ((uint64_t)1 << 63) /* in a position: the rest is one of stream_groups_compact, else a node */

uint64_t stream_compact(void *large, uint64_t at, struct slab_work *w)
{
    struct stream *s = large;

    must_be(s, STREAM_MAGIC);
    if (!(at & IN_GROUPS)) {
        for (; at < s->nodes.used && w->left > 0; at++)
            stream_node_compact(node_at(s, at), w);
        if (at < s->nodes.used)
            return at;
        at = IN_GROUPS;
    }
    if (w->left == 0)
        return at;
    at = stream_groups_compact(s, at & ~IN_GROUPS, w);
    return at != 0 ? at | IN_GROUPS : 0;
}
