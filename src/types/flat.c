/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/flat.h"

#include "base/mem.h"
#include "base/must.h"

char *flat_splice(struct flat *f, size_t at, size_t gone, size_t come)
{
    size_t behind = f->n - at - gone;

    must(at <= f->n && gone <= f->n - at);
    if (come > gone) {
        must(f->resize != NULL);
        f->resize(f, f->n + (come - gone));
        memmove(f->p + at + come, f->p + at + gone, behind);
    } else if (come < gone) {
        memmove(f->p + at + come, f->p + at + gone, behind);
        f->resize(f, f->n - (gone - come));
    }
    return f->p + at;
}

void flat_resize_heap(struct flat *f, size_t n)
{

    if (f->p == NULL || mem_usable_size(n) != mem_usable_size(f->n))
        f->p = mem_realloc(f->p, n);
    f->n = n;
}

void flat_fini(struct flat *f)
{
    mem_free(f->p);
    *f = FLAT_EMPTY;
}
