/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/machine.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/must.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define PATH_SIZE   1024

/* Reads the first line of a file, without the newline. */
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

/* The path of this process's cgroup below the mount point: of version 2 if `controller` is "", else that of a
 * controller of version 1. */
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

/* Calls `fn` for `file` in the process's cgroup and in every parent, since the limit of a parent applies too. */
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
    uint64_t *limit = arg;
    unsigned long long v;

    if (sscanf(line, "%llu", &v) == 1 && v < *limit)
        *limit = v;
}

/* "QUOTA PERIOD", in microseconds; the quota "max" is no limit. */
static void lower_cpus(const char *line, void *arg)
{
    int *cpus = arg;
    long long quota;
    long long period;

    if (sscanf(line, "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0)
        return;
    if ((quota + period - 1) / period < *cpus)
        *cpus = (int)((quota + period - 1) / period);
}

static uint64_t physical_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);

    must(pages > 0 && page_size > 0);
    return (uint64_t)pages * (uint64_t)page_size;
}

/* The limit of the process itself, as ulimit -v and -d set it. */
static void lower_to_process(int resource, uint64_t *limit)
{
    struct rlimit r;

    if (getrlimit(resource, &r) == 0 && r.rlim_cur != RLIM_INFINITY && r.rlim_cur < *limit)
        *limit = r.rlim_cur;
}

uint64_t machine_memory_limit(void)
{
    uint64_t limit = physical_memory();

    each_cgroup("", "memory.max", lower_memory, &limit);
    each_cgroup("memory", "memory.limit_in_bytes", lower_memory, &limit);
    return limit < physical_memory() ? limit : 0;
}

uint64_t machine_memory(void)
{
    uint64_t limit = machine_memory_limit(), memory = limit ? limit : physical_memory();

    lower_to_process(RLIMIT_AS, &memory);
    lower_to_process(RLIMIT_DATA, &memory);
    return memory < (1 << 20) ? 1 << 20 : memory;
}

/* Version 1 has quota and period in two files. */
static void lower_cpus_v1(int *cpus)
{
    char quota[64];
    char period[64];
    char both[160];

    if (read_line(CGROUP_ROOT "/cpu/cpu.cfs_quota_us", quota, sizeof(quota)) &&
        read_line(CGROUP_ROOT "/cpu/cpu.cfs_period_us", period, sizeof(period))) {
        snprintf(both, sizeof(both), "%s %s", quota, period);
        lower_cpus(both, cpus);
    }
}

int machine_cpus(void)
{
    cpu_set_t set;
    int cpus = 1;

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        cpus = CPU_COUNT(&set);
    else if (sysconf(_SC_NPROCESSORS_ONLN) > 0)
        cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    each_cgroup("", "cpu.max", lower_cpus, &cpus);
    lower_cpus_v1(&cpus);
    return cpus < 1 ? 1 : cpus;
}
