/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/command.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/num.h"
#include "obs/metrics.h"

#define BUCKETS 1024 /* a power of two, well above the number of commands */

_Static_assert((BUCKETS & (BUCKETS - 1)) == 0, "bucket_of masks");

#define NAME_MAX_BYTES 64

/* Set by the linker around the section that CMD fills. */
extern const struct command *const __start_larder_cmds[];
extern const struct command *const __stop_larder_cmds[];

/* Open addressing by name, for commands and, with their parent, for subcommands. */
static struct {
    const struct command *cmd;
    const struct command *parent;
} table[BUCKETS];

static const struct command **by_number;
static char (*full_names)[NAME_MAX_BYTES];
static bool *has_subs;
static unsigned count;

/* The same for upper and lower case. */
static inline unsigned bucket_of(struct slice name, const struct command *parent)
{
    uint64_t h = (uintptr_t)parent >> 4;

    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (name.p[i] & 0xdf)) * 0x100000001b3;
    return (h ^ h >> 32) & (BUCKETS - 1);
}

static const struct command *look_up(struct slice name, const struct command *parent)
{
    if (name.n >= NAME_MAX_BYTES)
        return NULL;
    for (unsigned i = bucket_of(name, parent); table[i].cmd != NULL; i = (i + 1) & (BUCKETS - 1))
        if (table[i].parent == parent && slice_is(name, table[i].cmd->name))
            return table[i].cmd;
    return NULL;
}

static void enter(const struct command *cmd, const struct command *parent)
{
    unsigned i = bucket_of(slice_str(cmd->name), parent);

    must(cmd->name[0] != 0 && look_up(slice_str(cmd->name), parent) == NULL);
    while (table[i].cmd != NULL)
        i = (i + 1) & (BUCKETS - 1);
    table[i].cmd = cmd;
    table[i].parent = parent;
}

static int by_full_name(const void *a, const void *b)
{
    const struct command *x = *(const struct command *const *)a, *y = *(const struct command *const *)b;
    int c = strcmp(x->parent ? x->parent : x->name, y->parent ? y->parent : y->name);

    if (c != 0 || (x->parent == NULL) != (y->parent == NULL))
        return c ? c : (x->parent != NULL) - (y->parent != NULL);
    return strcmp(x->name, y->name);
}

static void write_full_name(char *to, const struct command *cmd)
{
    char *p = to;

    must(strlen(cmd->name) + (cmd->parent ? strlen(cmd->parent) : 0) + 2 <= NAME_MAX_BYTES);
    for (const char *s = cmd->parent; s != NULL && *s; s++)
        *p++ = tolower((unsigned char)*s);
    if (cmd->parent != NULL)
        *p++ = '|';
    for (const char *s = cmd->name; *s; s++)
        *p++ = tolower((unsigned char)*s);
    *p = 0;
}

void commands_init(void)
{
    if (count != 0)
        return;
    count = __stop_larder_cmds - __start_larder_cmds;
    must(count > 0 && count < BUCKETS * 3 / 4);
    must(count <= METRICS_COMMANDS); /* which counts by the number */
    by_number = mem_alloc(count * sizeof *by_number);
    memcpy(by_number, __start_larder_cmds, count * sizeof *by_number);
    qsort(by_number, count, sizeof *by_number, by_full_name);
    full_names = mem_zalloc(count * sizeof *full_names);
    has_subs = mem_zalloc(count * sizeof *has_subs);
    for (unsigned i = 0; i < count; i++) {
        must(by_number[i]->arity != 0 && by_number[i]->number != NULL);
        *by_number[i]->number = i;
        write_full_name(full_names[i], by_number[i]);
        if (by_number[i]->parent == NULL)
            enter(by_number[i], NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        const struct command *parent = by_number[i]->parent ? look_up(slice_str(by_number[i]->parent), NULL) : NULL;

        must((parent != NULL) == (by_number[i]->parent != NULL));
        if (parent != NULL) {
            enter(by_number[i], parent);
            has_subs[command_number(parent)] = true;
        }
    }
}

const struct command *command_find(struct slice name)
{
    return look_up(name, NULL);
}

const struct command *command_find_sub(const struct command *parent, struct slice name)
{
    return look_up(name, parent);
}

unsigned command_number(const struct command *cmd)
{
    sane(*cmd->number < count);
    return *cmd->number;
}

const char *command_full_name(const struct command *cmd)
{
    must(command_number(cmd) < count);
    return full_names[command_number(cmd)];
}

unsigned commands_count(void)
{
    return count;
}

const struct command *command_by_number(unsigned number)
{
    must(number < count);
    return by_number[number];
}

bool command_has_subs(const struct command *cmd)
{
    sane(command_number(cmd) < count);
    return has_subs[command_number(cmd)];
}

/* ---- keys ---- */

/* The result of command_keys. */
struct positions {
    int *v;
    int max;
    int n;
};

static void add_position(struct positions *p, int i)
{
    must(i > 0);
    if (p->n < p->max)
        p->v[p->n] = i;
    p->n++;
}

/* The position of the first key of a specification, 0 if it does not occur. */
static int spec_begin(const struct key_spec *k, const struct slice *argv, int argc)
{
    int step = k->first < 0 ? -1 : 1;
    int i = k->first < 0 ? argc + k->first : k->first;

    if (k->keyword == NULL)
        return i;
    for (; i > 0 && i < argc; i += step)
        if (slice_is(argv[i], k->keyword))
            return i + 1;
    return 0;
}

/* Adds the keys from `begin` to `last`, which counts from the beginning, or from the end if negative. */
static bool range_keys(const struct key_spec *k, int begin, int argc, struct positions *out)
{
    int last;

    must(k->step > 0);
    if (k->last >= 0)
        last = k->keyword ? begin + k->last : k->last;
    else
        last = argc + k->last;
    if (k->limit > 1 && k->last == -1)
        last = begin + (argc - begin) / k->limit + k->last;
    if (last >= argc)
        return false;
    for (int i = begin; i <= last; i += k->step)
        add_position(out, i);
    return true;
}

/* Adds keys whose number is in the argument at `begin`. */
static bool numbered_keys(const struct key_spec *k, int begin, const struct slice *argv, int argc,
                          struct positions *out)
{
    int64_t n;

    if (begin >= argc || !num_parse_i64(argv[begin], &n) || n < 0)
        return false;
    begin += 1 + k->after;
    if (n > argc || begin + (n - 1) * k->step >= argc)
        return false;
    for (int i = 0; i < n; i++)
        add_position(out, begin + i * k->step);
    return true;
}

int command_keys(const struct command *cmd, const struct slice *argv, int argc, int *positions, int max)
{
    struct positions out = {positions, max, 0};

    must(argc > 0 && max >= 0);
    if (cmd->find_keys != NULL)
        return cmd->find_keys(argv, argc, positions, max);
    for (int i = 0; i < KEYS_MAX && cmd->keys[i].flags != 0; i++) {
        const struct key_spec *k = &cmd->keys[i];
        int begin = spec_begin(k, argv, argc);

        if (begin <= 0)
            continue;
        if (!(k->find == KEYS_RANGE ? range_keys(k, begin, argc, &out) : numbered_keys(k, begin, argv, argc, &out)))
            return -1;
    }
    return out.n;
}
