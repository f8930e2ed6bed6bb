/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/command.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/num.h"
#include "obs/metrics.h"

#define BUCKET_BITS    10
#define BUCKETS        (1 << BUCKET_BITS) /* well above the number of commands */
#define NAME_MAX_BYTES 64

/* Set by the linker around the section that CMD fills. */
extern const struct command *const __start_larder_cmds[];
extern const struct command *const __stop_larder_cmds[];

/* Open addressing by name, for commands and, with their parent, for subcommands. */
static struct known {
    const struct command *cmd; /* NULL: the bucket is free */
    const struct command *parent;
    uint64_t head; /* of its name */
    size_t length; /* of its name */
    bool is_word;  /* the name has up to eight letters and nothing else: head and length identify it */
} table[BUCKETS];

static const struct command **by_number;
static char (*full_names)[NAME_MAX_BYTES];
static unsigned count;

/* What is computed from a command once. */
struct traits {
    int only_key; /* see command_only_key */
    bool has_subs;
};

static struct traits *traits; /* by number */

/* Up to eight bytes of the name, without the bit that tells a lower-case letter from an upper-case one. Names of the
 * same length with up to eight letters each differ in it. */
static inline uint64_t head_of(struct slice name)
{
    const uint64_t upper_case = 0xdfdfdfdfdfdfdfdfu;
    const unsigned char *p = (const unsigned char *)name.p;
    uint64_t head = 0;
    uint32_t first, last;

    if (name.n >= 8) {
        memcpy(&head, p, 8);
    } else if (name.n >= 4) {
        memcpy(&first, p, 4);
        memcpy(&last, p + name.n - 4, 4);
        head = (uint64_t)last << 32 | first;
    } else if (name.n > 0) {
        head = (uint64_t)p[name.n - 1] << 16 | p[name.n / 2] << 8 | p[0];
    }
    return head & upper_case;
}

static inline struct known *bucket_of(uint64_t head, size_t length, const struct command *parent)
{
    uint64_t h = (head ^ (uintptr_t)parent ^ length) * 0x9e3779b97f4a7c15u;

    return &table[h >> (64 - BUCKET_BITS)];
}

static inline struct known *bucket_after(struct known *k)
{
    return ++k == table + BUCKETS ? table : k;
}

static __attribute__((noinline)) bool is_named(const struct command *cmd, struct slice name)
{
    return slice_is(name, cmd->name);
}

static inline const struct command *look_up(struct slice name, const struct command *parent)
{
    uint64_t head = head_of(name);

    for (struct known *k = bucket_of(head, name.n, parent); k->cmd != NULL; k = bucket_after(k))
        if (k->head == head && k->length == name.n && k->parent == parent &&
            (LIKELY(k->is_word) || is_named(k->cmd, name)))
            return k->cmd;
    return NULL;
}

static bool is_word(struct slice name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!isalpha((unsigned char)name.p[i]))
            return false;
    return name.n <= 8;
}

static void enter(const struct command *cmd, const struct command *parent)
{
    struct slice name = slice_str(cmd->name);
    struct known *k = bucket_of(head_of(name), name.n, parent);

    must(name.n > 0 && look_up(name, parent) == NULL);
    while (k->cmd != NULL)
        k = bucket_after(k);
    *k = (struct known){cmd, parent, head_of(name), name.n, is_word(name)};
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

static int find_only_key(const struct command *cmd)
{
    const struct key_spec *k = &cmd->keys[0];
    bool is_only = k->flags != 0 && k->keyword == NULL && k->find == KEYS_RANGE && k->first > 0 &&
                   k->first == k->last && cmd->keys[1].flags == 0 && cmd->find_keys == NULL &&
                   cmd->needs_world == NULL && !(cmd->flags & CMD_WORLD);

    return is_only ? k->first : 0;
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
    traits = mem_zalloc(count * sizeof *traits);
    for (unsigned i = 0; i < count; i++) {
        must(by_number[i]->arity != 0 && by_number[i]->number != NULL);
        *by_number[i]->number = i;
        write_full_name(full_names[i], by_number[i]);
        traits[i].only_key = find_only_key(by_number[i]);
        if (by_number[i]->parent == NULL)
            enter(by_number[i], NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        const struct command *parent = by_number[i]->parent ? look_up(slice_str(by_number[i]->parent), NULL) : NULL;

        must((parent != NULL) == (by_number[i]->parent != NULL));
        if (parent != NULL) {
            enter(by_number[i], parent);
            traits[command_number(parent)].has_subs = true;
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
    return traits[command_number(cmd)].has_subs;
}

int command_only_key(const struct command *cmd)
{
    sane(command_number(cmd) < count);
    return traits[command_number(cmd)].only_key;
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
