/* SPDX-License-Identifier: BSD-3-Clause */
/* COMMAND GETKEYS and GETKEYSANDFLAGS: https://redis.io/docs/latest/commands/command-getkeys/ */
#include "config.h"

#include "base/mem.h"
#include "run/call.h"
#include "run/catalog.h"

#define COMMAND_FLAGS (CMD_LOADING | CMD_STALE)

/* The request in the arguments of COMMAND GETKEYS, and its keys. */
struct keys {
    const struct command *cmd;
    const struct slice *argv;
    int argc;
    int *positions; /* owned */
    int n;
};

static void reply_flags(struct out *out, uint32_t flags)
{
    struct reply_later set = reply_later_begin(out);
    size_t n = 0;

    for (const struct catalog_name *name = catalog_key_flags; name->name; name++) {
        if (flags & name->bit) {
            reply_simple(out, name->name);
            n++;
        }
    }
    reply_set_end(out, set, n);
}

/* Finds the command and checks that it has keys and that its arity fits. False: the error was replied. */
static bool find_request(struct call *c, struct keys *k)
{
    *k = (struct keys){.argv = c->argv + 2, .argc = c->argc - 2};
    k->cmd = catalog_find_request(k->argv, k->argc);
    if (!k->cmd)
        reply_error(c->out, "ERR Invalid command specified");
    else if (!k->cmd->keys[0].flags && !k->cmd->find_keys)
        reply_error(c->out, "ERR The command has no key arguments");
    else if (k->cmd->arity > 0 ? k->argc != k->cmd->arity : k->argc < -k->cmd->arity)
        reply_error(c->out, "ERR Invalid number of arguments specified for command");
    else
        return true;
    return false;
}

/* Finds the keys of the request. True: the caller frees k->positions. False: an error or an empty array was replied. */
static bool find_keys(struct call *c, struct keys *k)
{
    if (!find_request(c, k))
        return false;
    k->positions = mem_alloc((size_t)k->argc * sizeof(*k->positions));
    k->n = command_keys(k->cmd, k->argv, k->argc, k->positions, k->argc);
    must(k->n <= k->argc);
    if (k->n > 0)
        return true;
    mem_free(k->positions);
    if (k->cmd->flags & CMD_NO_MANDATORY_KEYS)
        reply_array(c->out, 0);
    else
        reply_error(c->out, "ERR Invalid arguments specified for command");
    return false;
}

/* Notes the flags of the keys that a specification finds. The first specification that finds a key decides. */
static void note_flags(const struct keys *k, const struct key_spec *spec, int *found, uint32_t *flags)
{
    const struct command alone = {.keys = {*spec}};
    int n = command_keys(&alone, k->argv, k->argc, found, k->argc);
    /* KEY_INCOMPLETE describes a specification, not a key that it finds. */
    uint32_t use = spec->flags & KEY_VARIABLE_FLAGS && k->cmd->key_flags ? k->cmd->key_flags(k->argv, k->argc)
                                                                         : spec->flags & ~KEY_INCOMPLETE;

    must(n <= k->argc);
    for (int i = 0; i < n; i++) {
        must(found[i] > 0 && found[i] < k->argc);
        if (flags[found[i]] == 0)
            flags[found[i]] = use;
    }
}

/* What the request does with each of its arguments, as enum key_flag; 0: no specification finds it. The caller frees
 * the array. */
static uint32_t *flags_of_keys(const struct keys *k)
{
    uint32_t *flags = mem_zalloc((size_t)k->argc * sizeof *flags);
    int *found = mem_alloc((size_t)k->argc * sizeof *found);

    for (int i = 0; i < KEYS_MAX && k->cmd->keys[i].flags; i++)
        note_flags(k, &k->cmd->keys[i], found, flags);
    mem_free(found);
    return flags;
}

CMD(command_getkeys,
    .name = "GETKEYS", .parent = "COMMAND", .arity = -3, .group = "server", .since = "2.8.13",
    .cost = "O(N) where N is the number of arguments of the command", .flags = COMMAND_FLAGS,
    .summary = "Extracts the keys of a command.", .syntax = "command [arg [arg ...]]", .categories = "@connection")
{
    struct keys k;

    if (!find_keys(c, &k))
        return;
    reply_array(c->out, (size_t)k.n);
    for (int i = 0; i < k.n; i++)
        reply_bulk(c->out, k.argv[k.positions[i]]);
    mem_free(k.positions);
}

CMD(command_getkeysandflags,
    .name = "GETKEYSANDFLAGS", .parent = "COMMAND", .arity = -3, .group = "server", .since = "7.0.0",
    .cost = "O(N) where N is the number of arguments of the command", .flags = COMMAND_FLAGS,
    .summary = "Extracts the keys of a command and their access flags.",
    .syntax = "command [arg [arg ...]]", .categories = "@connection")
{
    uint32_t *flags;
    struct keys k;

    if (!find_keys(c, &k))
        return;
    flags = flags_of_keys(&k);
    reply_array(c->out, (size_t)k.n);
    for (int i = 0; i < k.n; i++) {
        reply_array(c->out, 2);
        reply_bulk(c->out, k.argv[k.positions[i]]);
        reply_flags(c->out, flags[k.positions[i]]);
    }
    mem_free(flags);
    mem_free(k.positions);
}
