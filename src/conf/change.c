/* SPDX-License-Identifier: BSD-3-Clause */
/* CONFIG SET: all of the pairs or none. */
#include <stdio.h>

#include "base/mem.h"
#include "conf/state.h"

/* One pair of a CONFIG SET. */
struct change {
    enum option_id id;
    struct slice name; /* as in the request */
    struct setting old;
    struct setting new;
    bool differs;
};

/* A CONFIG SET in progress. */
struct order {
    struct conf *c;
    struct change *change;
    size_t n;
    struct conf_error *err;
};

static bool fail(struct order *r, struct slice name, const char *why)
{
    int n = name.n > 128 ? 128 : (int)name.n;

    snprintf(r->err->text, sizeof(r->err->text), "CONFIG SET failed (possibly related to argument '%.*s') - %s", n,
             name.p, why);
    return false;
}

static bool is_duplicate(const struct order *r, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        const struct change *a = &r->change[j];
        const struct change *b = &r->change[i];

        if (a->id == b->id && a->name.n == b->name.n && strncasecmp(a->name.p, b->name.p, a->name.n) == 0)
            return true;
    }
    return false;
}

/* Copies the old value of the option, and parses the new one. */
static bool stage(struct order *r, struct change *x, struct slice value)
{
    const struct option *o = &option_table[x->id];
    struct words w = WORDS_EMPTY;
    char why[OPTION_WHY_MAX];
    bool ok;

    if (o->kind->is_list && (value.n == 0 || memchr(value.p, '\0', value.n) == NULL))
        words_split_plain(&w, value);
    else
        words_add_bytes(&w, value);
    state_copy(r->c, x->id, &x->old);
    setting_copy(&x->new, &x->old);
    ok = option_parse(o, &w, &x->new, why);
    x->differs = ok && !option_same(o, &x->old, &x->new);
    words_fini(&w);
    return ok || fail(r, x->name, why);
}

/* Whether `value` is the value that the option has. */
static bool is_own_value(struct order *r, const struct change *x, struct slice value)
{
    struct change probe = {.id = x->id, .name = x->name};
    bool same = stage(r, &probe, value) && !probe.differs;

    setting_fini(&probe.old);
    setting_fini(&probe.new);
    return same;
}

/* Looks up the option of pair i. False: it does not exist or may not be set to this value. */
static bool admit(struct order *r, size_t i, struct slice value, bool protected_ok)
{
    struct change *x = &r->change[i];
    int n = x->name.n > 128 ? 128 : (int)x->name.n;

    x->id = option_find(x->name);
    if (x->id == OPTION_COUNT || (option_table[x->id].flags & OPTION_FILE_ONLY)) {
        snprintf(r->err->text, sizeof(r->err->text), "Unknown option or number of arguments for CONFIG SET - '%.*s'", n,
                 x->name.p);
        return false;
    }
    if ((option_table[x->id].flags & OPTION_IMMUTABLE) && !is_own_value(r, x, value))
        return fail(r, x->name, "can't set immutable config");
    if ((option_table[x->id].flags & OPTION_PROTECTED) && !protected_ok)
        return fail(r, x->name, "can't set protected config");
    return !is_duplicate(r, i) || fail(r, x->name, "duplicate parameter");
}

/* If an option is set by two of its names, the last one wins. */
static void supersede(struct order *r, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (r->change[j].id == r->change[i].id)
            r->change[j].differs = false;
    }
}

static bool hook_concerns(const struct order *r, const struct hook *h)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->change[i].differs && r->change[i].id == h->id)
            return true;
    }
    return false;
}

/* Whether the function of hook i has been called already, for another option of this CONFIG SET. */
static bool hook_was_called(const struct order *r, int i)
{
    const struct hook *h = r->c->hooks;

    for (int j = 0; j < i; j++) {
        if (h[j].fn == h[i].fn && h[j].arg == h[i].arg && hook_concerns(r, &h[j]))
            return true;
    }
    return false;
}

/* Calls the concerned hooks before `end`, each function once. Returns the index of the first that refuses, or `end`. */
static int call_hooks(struct order *r, int end, char *why)
{
    lock_must_hold(&r->c->lock);
    must(end <= r->c->hook_count);
    for (int i = 0; i < end; i++) {
        const struct hook *h = &r->c->hooks[i];

        snprintf(why, OPTION_WHY_MAX, "the change cannot be applied now");
        if (hook_concerns(r, h) && !hook_was_called(r, i) && !h->fn(h->arg, r->c, why, OPTION_WHY_MAX))
            return i;
    }
    return end;
}

static struct slice name_concerned(const struct order *r, enum option_id id)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->change[i].id == id)
            return r->change[i].name;
    }
    return SLICE("");
}

/* Sets all options to copies of their new values, or of their old ones. */
static void put_all(struct order *r, bool new)
{
    lock_must_hold(&r->c->lock);
    for (size_t i = 0; i < r->n; i++) {
        struct setting s;

        if (!r->change[i].differs)
            continue;
        setting_copy(&s, new ? &r->change[i].new : &r->change[i].old);
        state_put(r->c, r->change[i].id, &s);
    }
}

/* Sets the new values and calls the hooks. If one refuses, resets all values and calls the earlier hooks again. */
static bool apply(struct order *r)
{
    char why[OPTION_WHY_MAX];
    char ignored[OPTION_WHY_MAX];
    int end = r->c->hook_count;
    int stop;

    put_all(r, true);
    stop = call_hooks(r, end, why);
    if (stop == end)
        return true;
    put_all(r, false);
    call_hooks(r, stop, ignored);
    return fail(r, name_concerned(r, r->c->hooks[stop].id), why);
}

static bool run(struct order *r, const struct conf_pair *pairs, bool protected_ok)
{
    for (size_t i = 0; i < r->n; i++) {
        r->change[i].name = pairs[i].name;
        if (!admit(r, i, pairs[i].value, protected_ok))
            return false;
    }
    for (size_t i = 0; i < r->n; i++) {
        if (!stage(r, &r->change[i], pairs[i].value))
            return false;
        supersede(r, i);
    }
    return apply(r);
}

bool conf_set(struct conf *c, const struct conf_pair *pairs, size_t n, bool protected_ok, struct conf_error *err)
{
    struct order r = {.c = c, .n = n, .err = err};
    bool ok;

    must_be(c, CONF_MAGIC);
    r.change = mem_zalloc(n * sizeof(*r.change) + 1);
    lock_take(&c->lock);
    ok = run(&r, pairs, protected_ok);
    lock_drop(&c->lock);
    for (size_t i = 0; i < n; i++) {
        setting_fini(&r.change[i].old);
        setting_fini(&r.change[i].new);
    }
    mem_free(r.change);
    return ok;
}
