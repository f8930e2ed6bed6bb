/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/runner.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/reserve.h"
#include "proto/client_memory.h"
#include "run/command.h"
#include "run/locks.h"

#define CLOCK_MS 1 /* the clocks are read again after this time */

void runner_init(struct runner *r, struct instance *in, unsigned slot)
{
    must_be(in, INSTANCE_MAGIC);
    must(clock_ns_per_mega > 0); /* clock_calibrate was called */
    *r = (struct runner){.magic = RUNNER_MAGIC, .instance = in, .slot = slot, .metrics = metrics_new()};
    r->locks = lock_set_new(in->keyspace, slot);
    reserve_keep();
    pages_keep();
    r->clock_cycles = CLOCK_MS * 1000000ull * (1 << 20) / clock_ns_per_mega;
    runner_tick(r);
}

void runner_fini(struct runner *r)
{
    must_be(r, RUNNER_MAGIC);
    lock_set_free(r->locks);
    r->magic = 0;
}

static _Thread_local struct runner *own;

void runner_enter(struct runner *r)
{
    own = r;
}

const char *runner_command(void)
{
    return own != NULL && own->command != NULL ? command_full_name(own->command) : NULL;
}

void runner_tick(struct runner *r)
{
    must_be(r, RUNNER_MAGIC);
    r->now = clock_ms();
    r->mono = clock_mono_ms();
    r->cycles = r->read_at = clock_cycles();
    r->stamp_unit = stamp_unit(&r->instance->keyspace->stamps);
}

void runner_flush(struct runner *r)
{
    must_be(r, RUNNER_MAGIC);
    mem_flush();
    client_memory_flush();
    reserve_keep();
    pages_keep();
}
