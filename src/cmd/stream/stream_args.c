/* SPDX-License-Identifier: BSD-3-Clause */
/* https://redis.io/docs/latest/develop/data-types/streams/ describes the forms of ids. */
#include "cmd/stream/stream_args.h"

#include "base/num.h"

#define ID_MAX_BYTES  127 /* of an id in a request */
#define ID_TEXT_BYTES 41  /* two numbers of 20 digits and a dash */
#define MAX_DIGITS    19  /* any number of this many digits fits in 64 bits */
#define NODES_TO_TRIM 100 /* without LIMIT, an approximate trim removes at most the entries of this many full nodes */
#define LIMIT_DEFAULT 10000
#define LIMIT_MAX     1000000

/* ---- ids ---- */

/* Reads up to 19 digits and moves *at past them: nearly all ids are written so. False: too many digits, or none. */
static inline bool read_digits(const char **at, const char *end, uint64_t *v)
{
    const char *p = *at;
    uint64_t n = 0;

    while (p < end && *p >= '0' && *p <= '9')
        n = n * 10 + (uint64_t)(*p++ - '0');
    if (p == *at || p - *at > MAX_DIGITS)
        return false;
    *at = p;
    *v = n;
    return true;
}

/* As stream_id_read, for ids that are not in canonical form. */
static bool read_odd_id(struct slice s, uint64_t seq, struct stream_id *id)
{
    const char *end, *dash;

    if (s.n > ID_MAX_BYTES)
        return false;
    end = s.p + strnlen(s.p, s.n);
    dash = memchr(s.p, '-', (size_t)(end - s.p));
    id->seq = seq;
    if (dash == NULL)
        return num_parse_u64_loose(s, &id->ms);
    return num_parse_u64_loose(slice_of(s.p, (size_t)(dash - s.p)), &id->ms) &&
           num_parse_u64_loose(slice_of(dash + 1, (size_t)(end - dash) - 1), &id->seq);
}

bool stream_id_read(struct slice s, uint64_t seq, struct stream_id *id)
{
    const char *p = s.p, *end = s.p + s.n;

    if (!read_digits(&p, end, &id->ms))
        return read_odd_id(s, seq, id);
    id->seq = seq;
    if (p == end)
        return true;
    if (*p == '-' && (++p, read_digits(&p, end, &id->seq)) && p == end)
        return true;
    return read_odd_id(s, seq, id);
}

/* Whether argument i is this single character. */
static bool is_sign(const struct call *c, int i, char sign)
{
    return call_arg(c, i).n == 1 && call_arg(c, i).p[0] == sign;
}

static bool arg_id(struct call *c, struct slice s, uint64_t seq, struct stream_id *id)
{
    if (LIKELY(stream_id_read(s, seq, id)))
        return true;
    reply_error(c->out, ERR_STREAM_ID);
    return false;
}

bool stream_arg_id(struct call *c, int i, struct stream_id *id)
{
    return arg_id(c, call_arg(c, i), 0, id);
}

/* seq: the default sequence number. */
static bool arg_id_or_end(struct call *c, int i, uint64_t seq, struct stream_id *id)
{
    if (is_sign(c, i, '-'))
        *id = STREAM_ID_MIN;
    else if (is_sign(c, i, '+'))
        *id = STREAM_ID_MAX;
    else
        return arg_id(c, call_arg(c, i), seq, id);
    return true;
}

bool stream_arg_id_or_end(struct call *c, int i, struct stream_id *id)
{
    return arg_id_or_end(c, i, 0, id);
}

bool stream_args_are_ids(struct call *c, int first)
{
    struct stream_id id;

    for (int i = first; i < c->argc; i++)
        if (!stream_arg_id(c, i, &id))
            return false;
    return true;
}

/* ---- ranges ---- */

/* Whether argument i is an exclusive bound; *id: what follows the bracket. */
static bool is_exclusive(const struct call *c, int i, struct slice *id)
{
    struct slice s = call_arg(c, i);

    if (s.n < 2 || s.p[0] != '(')
        return false;
    *id = slice_of(s.p + 1, s.n - 1);
    return true;
}

bool stream_arg_from(struct call *c, int i, struct stream_id *from)
{
    struct slice s;

    if (!is_exclusive(c, i, &s))
        return arg_id_or_end(c, i, 0, from);
    if (!arg_id(c, s, 0, from))
        return false;
    if (stream_id_next(from))
        return true;
    reply_error(c->out, "ERR invalid start ID for the interval");
    return false;
}

bool stream_arg_to(struct call *c, int i, struct stream_id *to)
{
    struct slice s;

    if (!is_exclusive(c, i, &s))
        return arg_id_or_end(c, i, UINT64_MAX, to);
    if (!arg_id(c, s, UINT64_MAX, to))
        return false;
    if (stream_id_prev(to))
        return true;
    reply_error(c->out, "ERR invalid end ID for the interval");
    return false;
}

/* ---- MAXLEN, MINID, LIMIT ---- */

static bool parse_count(struct call *c, int i, uint64_t *count, const char *error_if_negative)
{
    int64_t n;

    if (!call_int(c, i, &n))
        return false;
    if (n < 0) {
        reply_error(c->out, error_if_negative);
        return false;
    }
    *count = (uint64_t)n;
    return true;
}

/* Parses MAXLEN or MINID at *i, and sets *i to its last argument. */
static bool parse_threshold(struct call *c, int *i, struct stream_trim_args *a)
{
    bool by_id = call_is(c, *i, "MINID");
    int left = c->argc - *i - 1;

    must(left >= 1);
    if (a->is_given) {
        reply_error(c->out, ERR_SYNTAX ", MAXLEN and MINID options at the same time are not compatible");
        return false;
    }
    a->is_given = true;
    a->trim.by_id = by_id;
    ++*i;
    if (left >= 2 && (is_sign(c, *i, '~') || is_sign(c, *i, '='))) {
        a->trim.is_approximate = is_sign(c, *i, '~');
        ++*i;
    }
    must(*i < c->argc);
    return by_id ? stream_arg_id(c, *i, &a->trim.min_id)
                 : parse_count(c, *i, &a->trim.length, "ERR The MAXLEN argument must be >= 0.");
}

bool stream_trim_option(struct call *c, int *i, struct stream_trim_args *a, bool *taken)
{
    *taken = *i + 1 < c->argc;
    if (*taken && (call_is(c, *i, "MAXLEN") || call_is(c, *i, "MINID")))
        return parse_threshold(c, i, a);
    *taken = *taken && call_is(c, *i, "LIMIT");
    if (!*taken)
        return true;
    a->has_limit = true;
    return parse_count(c, ++*i, &a->trim.limit, "ERR The LIMIT argument must be >= 0.");
}

/* The largest number of entries that an approximate trim without LIMIT removes. */
static uint64_t default_limit(const struct call *c)
{
    uint64_t entries = collection_limits(c, TYPE_STREAM).entries;

    if (entries == 0)
        return LIMIT_DEFAULT;
    return entries > LIMIT_MAX / NODES_TO_TRIM ? LIMIT_MAX : entries * NODES_TO_TRIM;
}

/* The error of options that do not fit together; NULL: they do. */
static const char *conflict_of(const struct stream_trim_args *a, bool is_needed)
{
    if (a->trim.limit != 0 && !a->is_given)
        return ERR_SYNTAX ", LIMIT cannot be used without specifying a trimming strategy";
    if (is_needed && !a->is_given)
        return ERR_SYNTAX ", XTRIM must be called with a trimming strategy";
    if (a->has_limit && !a->trim.is_approximate)
        return ERR_SYNTAX ", LIMIT cannot be used without the special ~ option";
    return NULL;
}

bool stream_trim_check(struct call *c, struct stream_trim_args *a, bool is_needed)
{
    const char *conflict = conflict_of(a, is_needed);

    if (conflict != NULL) {
        reply_error(c->out, conflict);
        return false;
    }
    if (a->trim.is_approximate && !a->has_limit)
        a->trim.limit = default_limit(c);
    must(a->trim.limit == 0 || a->trim.is_approximate);
    return true;
}

/* ---- streams and groups ---- */

bool stream_open(struct collection *o, struct call *c, int i)
{
    return collection_read(o, c, i, TYPE_STREAM);
}

bool stream_open_to_write(struct collection *o, struct call *c, int i)
{
    return collection_write(o, c, i, TYPE_STREAM);
}

bool stream_open_to_deliver(struct collection *o, struct call *c, int i)
{
    return collection_read_to_write(o, c, i, TYPE_STREAM);
}

bool stream_find(struct call *c, int i, struct stream **s)
{
    struct collection o;
    bool ok = stream_open(&o, c, i);

    *s = ok ? stream_of(&o.value) : NULL;
    return ok;
}

bool stream_open_group(struct collection *o, struct call *c, int key, stream_opener *open, struct stream_group **g)
{
    struct slice k = call_arg(c, key), name = call_arg(c, key + 1);
    struct stream *s;

    if (!open(o, c, key))
        return false;
    s = stream_of(&o->value);
    *g = s != NULL ? stream_group_find(s, name) : NULL;
    if (*g != NULL)
        return true;
    reply_errorf(c->out, "NOGROUP No such key '%.*s' or consumer group '%.*s'", (int)k.n, k.p, (int)name.n, name.p);
    return false;
}

struct stream_consumer *stream_make_consumer(struct call *c, int key, struct stream_group *g, struct slice name)
{
    struct stream_consumer *consumer = stream_consumer_find(g, name);

    if (consumer == NULL) {
        consumer = stream_consumer_add(g, name, c->unit->now);
        must(consumer != NULL);
        call_changed_unwatched(c, key, EVENT_STREAM, "xgroup-createconsumer");
    }
    consumer->seen_time = c->unit->now;
    return consumer;
}

/* ---- replies ---- */

void stream_reply_id(struct out *out, struct stream_id id)
{
    char text[ID_TEXT_BYTES];
    int n = num_format_u64(text, id.ms);

    text[n++] = '-';
    n += num_format_u64(text + n, id.seq);
    must(n <= ID_TEXT_BYTES);
    reply_bulk(out, slice_of(text, (size_t)n));
}

void stream_reply_entry(struct out *out, struct stream_walk *w, struct stream_id id, uint64_t fields)
{
    struct slice field, value;

    reply_array(out, 2);
    stream_reply_id(out, id);
    reply_array(out, 2 * fields);
    while (stream_walk_pair(w, &field, &value)) {
        reply_bulk(out, field);
        reply_bulk(out, value);
    }
}

bool stream_reply_entry_of(struct out *out, const struct stream *s, struct stream_id id)
{
    struct stream_walk w;
    uint64_t fields;

    stream_walk_begin(&w, s, id, id, false);
    if (!stream_walk_next(&w, &id, &fields))
        return false;
    stream_reply_entry(out, &w, id, fields);
    return true;
}

void stream_reply_range(struct out *out, const struct stream *s, struct stream_id from, struct stream_id to,
                        uint64_t max, bool is_reverse)
{
    struct reply_later all = reply_later_begin(out);
    struct stream_walk w;
    struct stream_id id;
    uint64_t fields, n = 0;

    stream_walk_begin(&w, s, from, to, is_reverse);
    for (; (n < max || max == 0) && out->cut == NULL && stream_walk_next(&w, &id, &fields); n++)
        stream_reply_entry(out, &w, id, fields);
    reply_array_end(out, all, n);
}
