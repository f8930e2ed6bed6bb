/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/state.h"

#include <assert.h>
#include <stddef.h>

#include "base/mem.h"
#include "conf/kind.h"

/* struct options begins with one number for each option, in the order of enum option_id. */
static _Atomic int64_t *number_of(struct conf *c, enum option_id id)
{
    static_assert(offsetof(struct options, output_limit) == OPTION_COUNT * sizeof(_Atomic int64_t),
                  "struct options is an array of numbers with a tail");
    must_be(c, CONF_MAGIC);
    must(id < OPTION_COUNT);
    return (_Atomic int64_t *)&c->options + id;
}

int64_t state_number(struct conf *c, enum option_id id)
{
    return atomic_load_explicit(number_of(c, id), memory_order_relaxed);
}

void state_copy(struct conf *c, enum option_id id, struct setting *s)
{
    lock_take(&c->text_lock);
    s->num = state_number(c, id);
    s->text = c->text[id] ? mem_strdup(c->text[id]) : NULL;
    lock_drop(&c->text_lock);
}

static void publish_output_limits(struct conf *c, const char *text)
{
    struct output_numbers n[OUTPUT_CLASSES];

    lock_must_hold(&c->text_lock);
    kind_output_numbers(text, n);
    for (int i = 0; i < OUTPUT_CLASSES; i++) {
        atomic_store_explicit(&c->options.output_limit[i].hard, n[i].hard, memory_order_relaxed);
        atomic_store_explicit(&c->options.output_limit[i].soft, n[i].soft, memory_order_relaxed);
        atomic_store_explicit(&c->options.output_limit[i].seconds, n[i].seconds, memory_order_relaxed);
    }
}

void state_put(struct conf *c, enum option_id id, struct setting *s)
{
    char *old;

    must(!option_table[id].kind->is_text || s->text != NULL);
    lock_take(&c->text_lock);
    old = c->text[id];
    c->text[id] = s->text;
    if (id == OPT_client_output_buffer_limit)
        publish_output_limits(c, s->text);
    if (option_table[id].kind->is_text)
        atomic_fetch_add_explicit(number_of(c, id), 1, memory_order_release);
    else
        atomic_store_explicit(number_of(c, id), s->num, memory_order_relaxed);
    lock_drop(&c->text_lock);
    mem_free(old);
    s->text = NULL;
}

bool state_parse(struct conf *c, enum option_id id, const struct words *w, char *why)
{
    struct setting s;

    state_copy(c, id, &s);
    if (!option_parse(&option_table[id], w, &s, why)) {
        setting_fini(&s);
        return false;
    }
    state_put(c, id, &s);
    return true;
}
