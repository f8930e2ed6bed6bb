/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/engine.h"

#include <sys/socket.h>
#include <sys/uio.h>

void link_count_chain(struct link *l)
{
    l->send_memory = l->send_referred = 0;
    for (const struct chunk *c = l->sending; c != NULL; c = c->next) {
        l->send_memory += c->memory;
        l->send_referred += chunk_referred(c);
    }
}

bool link_advance(struct link *l, size_t n)
{
    must_be(l, LINK_MAGIC);
    must(n <= l->send_bytes);
    l->send_bytes -= n;
    n += l->offset;
    while (l->sending != NULL && n >= l->sending->len) {
        struct chunk *sent = l->sending;

        n -= sent->len;
        l->sending = sent->next;
        must(sent->memory <= l->send_memory && chunk_referred(sent) <= l->send_referred);
        l->send_memory -= sent->memory;
        l->send_referred -= chunk_referred(sent);
        chunk_free(sent);
    }
    l->offset = n;
    must((l->sending == NULL) == (l->send_bytes == 0));
    return l->sending == NULL;
}

void link_reset(struct link *l)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    must(l->closing);
    setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void link_drop_chain(struct link *l)
{
    while (l->sending != NULL) {
        struct chunk *next = l->sending->next;

        chunk_free(l->sending);
        l->sending = next;
    }
    l->send_bytes = l->offset = l->send_memory = l->send_referred = 0;
}

unsigned link_pieces(const struct link *l, struct iovec *v, unsigned max)
{
    size_t skip = l->offset;
    unsigned n = 0;

    for (const struct chunk *c = l->sending; c != NULL && n < max; c = c->next) {
        if (c->len > skip)
            v[n++] = (struct iovec){(char *)c->p + skip, c->len - skip};
        skip = 0;
    }
    return n;
}
