/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/post.h"

#include "base/must.h"
#include "net/worker.h"

void post_letter(struct worker *to, const struct letter *l)
{
    must_be(to, WORKER_MAGIC);
    if (mailbox_post(&to->mailbox, l).wake)
        engine_wake(&to->engine);
}

/* Posts on behalf of a session. Its own worker needs no wake-up: it looks into its mailbox before it waits. */
static void post_for(struct workers *ws, struct session *from, struct worker *to, struct letter *l)
{
    struct worker *w = &ws->all[from->card->address.worker];
    struct posted posted;

    must_be(from, SESSION_MAGIC);
    must_be(w, WORKER_MAGIC);
    l->from = from->card->address;
    l->wants_receipt = mail_address_eq(l->to, l->from); /* a push to itself comes before what the client asks next */
    posted = mailbox_post(&to->mailbox, l);
    from->receipts_due += posted.wants_receipt;
    w->has_posted = true;
    if (posted.wake && to != w)
        w->wakes[to->number] = true;
}

static void post_to(struct workers *ws, struct session *from, struct letter *l)
{
    struct worker *to = &ws->all[l->to.worker];

    must(l->to.worker < ws->count);
    must_be(to, WORKER_MAGIC);
    if (from != NULL)
        post_for(ws, from, to, l);
    else
        post_letter(to, l);
}

static void post_kill(void *arg, struct session *from, struct mail_address to)
{
    post_to(arg, from, &(struct letter){.kind = LETTER_KILL, .to = to, .fd = -1});
}

static void post_push(void *arg, struct session *from, struct mail_address to, struct blob *payload)
{
    post_to(arg, from, &(struct letter){.kind = LETTER_PUSH, .to = to, .payload = payload, .fd = -1});
}

void post_init(struct workers *ws, struct clients *cs)
{
    cs->mail = (struct mail){.kill = post_kill, .push = post_push, .arg = ws};
}

void post_wake(struct worker *w)
{
    must_be(w, WORKER_MAGIC);
    w->has_posted = false;
    for (unsigned i = 0; i < w->all->count; i++) {
        if (!w->wakes[i])
            continue;
        w->wakes[i] = false;
        engine_wake(&w->all->all[i].engine);
    }
}
