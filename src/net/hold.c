/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/hold.h"

#include "base/must.h"
#include "net/conn.h"
#include "net/worker.h"

void hold_add(struct conn *c)
{
    struct worker *w = c->worker;

    must(c->on_hold_at == NULL && c->state == CONN_OPEN);
    c->next_on_hold = w->on_hold;
    c->on_hold_at = &w->on_hold;
    if (c->next_on_hold != NULL)
        c->next_on_hold->on_hold_at = &c->next_on_hold;
    w->on_hold = c;
    card_set_flag(c->session.card, CARD_BLOCKED, true);
}

void hold_remove(struct conn *c)
{
    if (c->on_hold_at == NULL)
        return;
    must(*c->on_hold_at == c);
    *c->on_hold_at = c->next_on_hold;
    if (c->next_on_hold != NULL)
        c->next_on_hold->on_hold_at = c->on_hold_at;
    c->next_on_hold = NULL;
    c->on_hold_at = NULL;
    card_set_flag(c->session.card, CARD_BLOCKED, false);
}
