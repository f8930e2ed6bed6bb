/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/hll/hll_args.h"

#include "types/hll_dense.h"

bool hll_read(struct call *c, const struct entry *e, struct slice *s)
{
    struct entry_digits d;

    if (entry_type(e) != TYPE_STRING) {
        reply_error(c->out, ERR_WRONGTYPE);
        return false;
    }
    *s = entry_string(e, &d); /* d is unused: an integer is refused */
    if (entry_encoding(e) != ENCODING_INT && hll_is(*s))
        return true;
    reply_error(c->out, "WRONGTYPE Key is not a valid HyperLogLog string value.");
    return false;
}

/* A HyperLogLog has at most a few tens of KiB: when that allocation fails, the process is out of memory. */
static void resize_string(struct flat *f, size_t n)
{
    struct hll_target *t = f->owner;
    struct entry *e = call_peek(t->call, t->key);

    must(!t->is_new && e != NULL && entry_type(e) == TYPE_STRING);
    f->p = call_string_for_write(t->call, t->key, e, n);
    must(f->p != NULL);
    f->n = n;
}

bool hll_has_room(struct call *c, const struct entry *e)
{
    size_t bytes = e != NULL ? entry_size(e) : 0;

    return bytes >= HLL_DENSE_BYTES || call_has_room(c, HLL_DENSE_BYTES + sizeof(struct entry) - bytes);
}

bool hll_write(struct hll_target *t, struct call *c, int i, struct entry *e)
{
    struct slice s;

    must(i > 0 && i < c->argc);
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

    must(hll_is(flat_slice(&t->flat)));
    if (!t->is_new)
        return;
    if (t->flat.n > ENTRY_INLINE_MAX) {
        spec.blob = blob_copy(spec.value);
        must(spec.blob != NULL); /* as in resize_string */
    }
    call_put(t->call, t->key, t->call->db, NULL, entry_new(&spec));
    flat_fini(&t->flat);
}
