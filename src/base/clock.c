/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/clock.h"

#include "base/must.h"

#define CALIBRATE_NS 5000000

_Atomic int64_t clock_shift;
uint64_t clock_ns_per_mega = 1 << 20;

void clock_calibrate(void)
{
    int64_t ns = clock_mono_ns(), end;
    uint64_t cycles = clock_cycles();

    do
        end = clock_mono_ns();
    while (end - ns < CALIBRATE_NS);
    cycles = clock_cycles() - cycles;
    must(cycles > 0);
    clock_ns_per_mega = ((uint64_t)(end - ns) << 20) / cycles;
}
