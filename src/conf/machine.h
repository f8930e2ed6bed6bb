/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * machine: the memory and processors that this process may use.
 *
 * Role:    reads the size of the machine, the affinity, the limits of the cgroup (versions 1 and 2), and those of the
 *          process (ulimit).
 * Owns:    nothing; every call reads the figures again.
 * Threads: any.
 * Used by: conf, for `threads auto` and `maxmemory 50%`; main, for the ceiling of what clients take.
 * Why:     in a container the figures of the machine are far too large.
 */
#ifndef LARDER_CONF_MACHINE_H
#define LARDER_CONF_MACHINE_H

#include <stdint.h>

/* Bytes; at least 1 MiB. */
uint64_t machine_memory(void);
/* The memory limit of the cgroup, in bytes; 0: none that is below the memory of the machine. */
uint64_t machine_memory_limit(void);
/* Processors; a fraction is rounded up. At least 1. */
int machine_cpus(void);

#endif
