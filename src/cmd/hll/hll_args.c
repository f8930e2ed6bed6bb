/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/hll/hll_args.h"

bool hll_read(struct call *c, const struct entry *e, struct slice *s)
{
    struct entry_digits d;

    if (entry_type(e) != TYPE_STRING) {
        reply_error(c->out, ERR_WRONGTYPE);
        return false;
    }
    *s = entry_string(e, &d);
    if (entry_encoding(e) != ENCODING_INT && hll_is(*s))
        return true;
    reply_error(c->out, "WRONGTYPE Key is not a valid HyperLogLog string value.");
    return false;
}

/* No HyperLogLog grows beyond a size at which memory that is out is out for everybody. */
static void resize_string(struct flat *f, size_t n)
{
    struct hll_target *t = f->owner;

    f->p = call_string_for_write(t->call, t->key, call_peek(t->call, t->key), n);
    must(f->p != NULL);
    f->n = n;
}

bool hll_write(struct hll_target *t, struct call *c, int i, struct entry *e)
{
    struct slice s;

    *t = (struct hll_target){.flat = FLAT_EMPTY, .call = c, .key = i, .is_new = e == NULL};
    if (e == NULL) {
        hll_init(&t->flat);
        return true;
    }
    if (!hll_read(c, e, &s))
        return false;
    t->flat = (struct flat){.n = s.n, .resize = resize_string, .owner = t};
    t->flat.p = call_string_for_write(c, i, e, s.n);
    return t->flat.p != NULL;
}

void hll_close(struct hll_target *t)
{
    struct entry_spec spec = {.key = call_arg(t->call, t->key), .value = flat_slice(&t->flat), .raw = true};

    if (!t->is_new)
        return;
    if (t->flat.n > ENTRY_INLINE_MAX) {
        spec.blob = blob_copy(spec.value);
        must(spec.blob != NULL); /* as in resize_string */
    }
    call_put(t->call, t->key, t->call->db, NULL, entry_new(&spec));
    flat_fini(&t->flat);
}
