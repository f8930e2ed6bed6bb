/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/flat.h"

#include "base/mem.h"
#include "base/must.h"

char *flat_splice(struct flat *f, size_t at, size_t removed, size_t added)
{
    size_t after = f->n - at - removed;

    must(at <= f->n && removed <= f->n - at);
    if (added > removed) {
        must(f->resize != NULL);
        f->resize(f, f->n + (added - removed));
        memmove(f->p + at + added, f->p + at + removed, after);
    } else if (added < removed) {
        memmove(f->p + at + added, f->p + at + removed, after);
        f->resize(f, f->n - (removed - added));
    }
    return f->p + at;
}

void flat_resize_heap(struct flat *f, size_t n)
{
    if (f->p == NULL || mem_room(n) != mem_room(f->n))
        f->p = mem_realloc(f->p, n);
    f->n = n;
}

void flat_fini(struct flat *f)
{
    mem_free(f->p);
    *f = FLAT_EMPTY;
}
