/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/machine.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define PATH_SIZE   1024

/* The line of a small file of the kernel's, without its end. */
static bool read_line(const char *path, char *line, int size)
{
    FILE *f = fopen(path, "re");
    bool ok = f != NULL && fgets(line, size, f) != NULL;

    if (f)
        fclose(f);
    if (ok)
        line[strcspn(line, "\n")] = '\0';
    return ok;
}

/* The path of this process below a cgroup mount: of version 2 if `controller` is "", else of that one of version 1. */
static bool cgroup_path(const char *controller, char *path)
{
    char line[PATH_SIZE];
    FILE *f = fopen("/proc/self/cgroup", "re");
    bool found = false;

    while (f != NULL && !found && fgets(line, sizeof(line), f)) {
        char *name = strchr(line, ':');
        char *where = name ? strchr(name + 1, ':') : NULL;

        if (where == NULL)
            continue;
        *where++ = '\0';
        where[strcspn(where, "\n")] = '\0';
        found = *controller ? strstr(name + 1, controller) != NULL : name[1] == '\0';
        if (found)
            snprintf(path, PATH_SIZE, "%s", where);
    }
    if (f)
        fclose(f);
    return found;
}

/* Calls `fn` for `file` in the process's cgroup and in each one above it: a limit anywhere on the way counts. */
static void each_cgroup(const char *controller, const char *file, void (*fn)(const char *line, void *arg), void *arg)
{
    char path[PATH_SIZE];
    char full[2 * PATH_SIZE];
    char line[256];

    if (!cgroup_path(controller, path))
        return;
    for (;;) {
        snprintf(full, sizeof(full), CGROUP_ROOT "%s%s%s/%s", *controller ? "/" : "", controller, path, file);
        if (read_line(full, line, sizeof(line)))
            fn(line, arg);
        char *slash = strrchr(path, '/');
        if (slash == NULL || path[0] == '\0')
            return;
        *slash = '\0';
    }
}

static void lower_memory(const char *line, void *arg)
{
    uint64_t *least = arg;
    unsigned long long v;

    if (sscanf(line, "%llu", &v) == 1 && v < *least)
        *least = v;
}

/* "QUOTA PERIOD", in microseconds; "max" has no number and sets no limit. */
static void lower_cpus(const char *line, void *arg)
{
    int *least = arg;
    long long quota;
    long long period;

    if (sscanf(line, "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0)
        return;
    if ((quota + period - 1) / period < *least)
        *least = (int)((quota + period - 1) / period);
}

static uint64_t physical_memory(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t machine_memory_limit(void)
{
    uint64_t least = physical_memory();

    each_cgroup("", "memory.max", lower_memory, &least);
    each_cgroup("memory", "memory.limit_in_bytes", lower_memory, &least);
    return least < physical_memory() ? least : 0;
}

uint64_t machine_memory(void)
{
    uint64_t limit = machine_memory_limit(), memory = limit ? limit : physical_memory();

    return memory < (1 << 20) ? 1 << 20 : memory;
}

/* Version 1 has quota and period in two files. */
static void lower_cpus_v1(int *least)
{
    char quota[64];
    char period[64];
    char both[160];

    if (read_line(CGROUP_ROOT "/cpu/cpu.cfs_quota_us", quota, sizeof(quota)) &&
        read_line(CGROUP_ROOT "/cpu/cpu.cfs_period_us", period, sizeof(period))) {
        snprintf(both, sizeof(both), "%s %s", quota, period);
        lower_cpus(both, least);
    }
}

int machine_cpus(void)
{
    cpu_set_t set;
    int least = 1;

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        least = CPU_COUNT(&set);
    else if (sysconf(_SC_NPROCESSORS_ONLN) > 0)
        least = (int)sysconf(_SC_NPROCESSORS_ONLN);
    each_cgroup("", "cpu.max", lower_cpus, &least);
    lower_cpus_v1(&least);
    return least < 1 ? 1 : least;
}
