/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/admission.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/reserve.h"
#include "run/reclaim.h"

#define ARGUMENT_EXTRA 32  /* bytes of overhead that a stored argument may have */
#define FEW_ARGUMENTS  64  /* so many, if none of them is in a blob, are short together: at most 4 MiB */
#define HOLD_FROM      (1024 * 1024) /* bytes of arguments from which on memory for them is held */
#define SHOWN_BYTES    128 /* of the name of an unknown command, and of its arguments together */

size_t admission_argument_max = ADMISSION_ARGUMENT_MAX;

/* ---- the checks ---- */

static bool arity_fits(const struct command *cmd, int argc)
{
    return cmd->arity >= 0 ? argc == cmd->arity : argc >= -cmd->arity;
}

static bool is_debug(const struct command *cmd)
{
    return strcmp(cmd->parent ? cmd->parent : cmd->name, "DEBUG") == 0;
}

/* Whether an option forbids the command to this client. */
static bool is_protected(const struct call *c)
{
    const struct options *o = c->instance->options;
    int64_t access;

    if (LIKELY(!(c->cmd->flags & CMD_PROTECTED)))
        return false;
    access = is_debug(c->cmd) ? OPT(o, enable_debug_command) : OPT(o, enable_module_command);
    return access == ACCESS_NO || (access == ACCESS_LOCAL && !c->session->card->is_local);
}

/* Whether the client must authenticate first, or may no longer be served. If the password was removed since it
 * connected, it is served as if it connected now. */
static enum refusal check_access(const struct call *c)
{
    bool is_local = c->session->card->is_local;

    if (LIKELY(c->session->authenticated) || (c->cmd->flags & CMD_NO_AUTH))
        return ADMITTED;
    c->session->authenticated = instance_is_open_to(c->instance, is_local);
    if (c->session->authenticated)
        return ADMITTED;
    return instance_denies(c->instance, is_local) ? REFUSED_DENIED : REFUSED_UNAUTHENTICATED;
}

/* Refuses the command if the server is loading, stale or busy and the command lacks the flag that allows it. */
static enum refusal check_state(const struct call *c)
{
    uint32_t state = atomic_load_explicit(&c->instance->state, memory_order_relaxed);

    if (LIKELY(state == 0))
        return ADMITTED;
    if ((state & INSTANCE_STALE) && !(c->cmd->flags & CMD_STALE))
        return REFUSED_STALE;
    if ((state & INSTANCE_LOADING) && !(c->cmd->flags & CMD_LOADING))
        return REFUSED_LOADING;
    if ((state & INSTANCE_BUSY) && !(c->cmd->flags & CMD_ALLOW_BUSY))
        return REFUSED_BUSY;
    return ADMITTED;
}

uint32_t admission_flags(const struct call *c)
{
    uint32_t flags = c->cmd->flags;

    if (UNLIKELY(flags & CMD_QUEUE))
        for (unsigned i = 0; i < c->session->queued; i++)
            flags |= c->session->queue[i].cmd->flags;
    return flags;
}

bool admission_is_queued(const struct call *c)
{
    return UNLIKELY(c->session->in_multi) && !(c->cmd->flags & CMD_CONTROL);
}

size_t admission_bytes(const struct command *cmd, const struct slice *argv, int argc)
{
    size_t n = 0;

    for (int i = 1; i < argc && (cmd->flags & (CMD_DENYOOM | CMD_GROWS)); i++)
        n += mem_usable_size(argv[i].n + ARGUMENT_EXTRA);
    return n;
}

/* An estimate of what the command may add to the data: the size of its arguments; for EXEC, of the queued commands'. */
static size_t bytes_to_store(const struct call *c)
{
    size_t n = 0;

    if (LIKELY(!(c->cmd->flags & CMD_QUEUE)))
        return admission_bytes(c->cmd, c->argv, c->argc);
    for (unsigned i = 0; i < c->session->queued; i++) {
        const struct queued *q = &c->session->queue[i];

        n += admission_bytes(q->cmd, q->argv, q->argc);
    }
    return n;
}

/* Makes room for a command that may add to memory, or that is queued and may add to it later. False: memory stays full;
 * a command of CMD_GROWS itself finds out whether it adds anything. Other commands evict only when a slice is due: if
 * each of them did, reads would leave the worker no time for anything else. */
static bool has_memory(struct call *c)
{
    uint32_t flags;

    if (LIKELY(OPT(c->instance->options, maxmemory) == 0))
        return true;
    flags = admission_flags(c);
    if (flags & (CMD_DENYOOM | CMD_GROWS))
        return reclaim_for(c->runner, bytes_to_store(c)) || !(flags & CMD_DENYOOM);
    if (UNLIKELY(reclaim_is_full(c->runner)) && clock_mono_ns() >= c->runner->next_reclaim)
        reclaim_slice(c->runner);
    return true;
}

/* ---- sizes that a client chooses ---- */

/* Whether argument i is a string value, which is taken without a copy, or copied with a check: it follows a key, and is
 * none of the next keys, which are two apart if there are several. */
static bool is_string_value(const struct command *cmd, int i)
{
    const struct key_spec *k = &cmd->keys[0];
    int key = k->find == KEYS_NUMBER ? k->first + 1 + k->after : k->first;

    return (cmd->flags & CMD_STRINGS) && i > key && (k->step != 2 || (i - key) % 2 != 0);
}

/* Whether the command may create one of its keys. */
static bool may_create(const struct command *cmd)
{
    uint32_t flags = cmd->flags & CMD_DENYOOM ? KEY_INSERT : 0;

    for (int i = 0; i < KEYS_MAX; i++)
        flags |= cmd->keys[i].flags;
    return (cmd->flags & CMD_WRITE) && (flags & (KEY_OW | KEY_INSERT | KEY_UPDATE));
}

/* Whether the command may store argument i as a key or an element, whose lengths have 32 bits in an entry. */
static bool is_stored_short(const struct command *cmd, int i)
{
    bool is_restored = i == 3 && strncmp(cmd->name, "RESTORE", 7) == 0;

    return may_create(cmd) && !is_restored && !is_string_value(cmd, i);
}

/* Whether an argument is longer than what it would be stored in can hold. Only blobs can be so long. */
static bool is_too_long(const struct call *c)
{
    if (LIKELY(c->blob_count == 0))
        return false;
    for (int i = 1; i < c->argc; i++)
        if (UNLIKELY(c->argv[i].n > admission_argument_max) && is_stored_short(c->cmd, i))
            return true;
    return false;
}

/* Bytes that the command may allocate in small steps, because of its arguments. */
static size_t bytes_to_hold(const struct call *c)
{
    size_t n = 0;

    if (c->cmd->flags & CMD_QUEUE)
        return c->session->queue_bytes;
    for (int i = 1; i < c->argc; i++)
        if (c->argv[i].n < HOLD_FROM || !is_string_value(c->cmd, i))
            n += c->argv[i].n + ARGUMENT_EXTRA;
    return n;
}

/* Holds memory for what long arguments make, so that no allocation fails inside the command. */
static bool hold_for_arguments(struct call *c)
{
    size_t n;

    if (LIKELY(c->blob_count == 0 && c->argc <= FEW_ARGUMENTS && !(c->cmd->flags & CMD_QUEUE)))
        return true;
    n = bytes_to_hold(c);
    if (n < HOLD_FROM)
        return true;
    c->holds = reserve_hold(n);
    return c->holds;
}

/* Refuses what would take more memory while the kernel grants no more: commands that may add, and queues. */
static enum refusal check_sizes(struct call *c)
{
    if (LIKELY(c->blob_count == 0 && c->argc <= FEW_ARGUMENTS && !c->session->in_multi &&
               !(c->cmd->flags & (CMD_DENYOOM | CMD_GROWS | CMD_COPIES | CMD_QUEUE))))
        return ADMITTED;
    if (UNLIKELY(is_too_long(c)))
        return REFUSED_TOO_LONG;
    if (UNLIKELY(reserve_is_short() || pages_are_low())) {
        reserve_keep();
        pages_keep();
        if ((reserve_is_short() || pages_are_low()) &&
            ((admission_flags(c) & (CMD_DENYOOM | CMD_GROWS | CMD_COPIES)) || admission_is_queued(c)))
            return REFUSED_EXHAUSTED;
    }
    return LIKELY(hold_for_arguments(c)) ? ADMITTED : REFUSED_EXHAUSTED;
}

enum refusal admission_check(struct call *c)
{
    enum refusal why;

    sane(c->argc > 0);
    sane(c->cmd == NULL || command_by_number(command_number(c->cmd)) == c->cmd);
    if (UNLIKELY(c->cmd == NULL))
        return REFUSED_UNKNOWN;
    if (UNLIKELY(!arity_fits(c->cmd, c->argc) || c->cmd->run == NULL))
        return REFUSED_ARITY;
    if (UNLIKELY(is_protected(c)))
        return REFUSED_PROTECTED;
    why = check_access(c);
    if (UNLIKELY(why != ADMITTED))
        return why;
    if (UNLIKELY(c->session->in_multi) && (c->cmd->flags & CMD_NO_MULTI))
        return REFUSED_IN_MULTI;
    if (UNLIKELY(c->session->is_script) && (c->cmd->flags & CMD_NOSCRIPT))
        return REFUSED_IN_SCRIPT;
    why = check_state(c);
    if (LIKELY(why == ADMITTED) && UNLIKELY(!has_memory(c)))
        return REFUSED_MEMORY;
    return LIKELY(why == ADMITTED) ? check_sizes(c) : why;
}

/* ---- the texts ---- */

/* The number of bytes of an argument that an error shows. */
static int shown(struct slice arg)
{
    return arg.n < SHOWN_BYTES ? (int)arg.n : SHOWN_BYTES;
}

static void unknown_text(const struct call *c, char text[ADMISSION_TEXT_MAX])
{
    const struct command *parent = command_find(c->argv[0]);
    struct buf args = BUF_EMPTY;

    must(parent == NULL || c->argc > 1);
    if (parent != NULL) {
        snprintf(text, ADMISSION_TEXT_MAX, "ERR unknown subcommand '%.*s'. Try %s HELP.", shown(c->argv[1]),
                 c->argv[1].p, parent->name);
        return;
    }
    for (int i = 1; i < c->argc && args.len < SHOWN_BYTES; i++) {
        size_t left = SHOWN_BYTES - args.len;

        buf_add_char(&args, '\'');
        buf_add(&args, c->argv[i].p, strnlen(c->argv[i].p, c->argv[i].n < left ? c->argv[i].n : left));
        buf_add_str(&args, "' ");
    }
    snprintf(text, ADMISSION_TEXT_MAX, "ERR unknown command '%.*s', with args beginning with: %s", shown(c->argv[0]),
             c->argv[0].p, buf_cstr(&args));
    buf_fini(&args);
}

static void protected_text(const struct call *c, char text[ADMISSION_TEXT_MAX])
{
    bool debug = is_debug(c->cmd);

    snprintf(text, ADMISSION_TEXT_MAX,
             "ERR %s command not allowed. If the %s option is set to \"local\", you can run it from a local "
             "connection, otherwise you need to set this option in the configuration file, and then restart the "
             "server.",
             debug ? "DEBUG" : "MODULE", debug ? "enable-debug-command" : "enable-module-command");
}

void admission_text(const struct call *c, enum refusal why, char text[ADMISSION_TEXT_MAX])
{
    static const char *const fixed[] = {
        [REFUSED_UNAUTHENTICATED] = ERR_NOAUTH,
        [REFUSED_DENIED] = INSTANCE_DENIED,
        [REFUSED_IN_MULTI] = "ERR Command not allowed inside a transaction",
        [REFUSED_IN_SCRIPT] = ERR_NOSCRIPT,
        [REFUSED_STALE] = ERR_MASTERDOWN,
        [REFUSED_LOADING] = ERR_LOADING,
        [REFUSED_BUSY] = ERR_BUSY,
        [REFUSED_MEMORY] = ERR_OOM,
        [REFUSED_TOO_LONG] = ERR_TOO_LONG,
        [REFUSED_EXHAUSTED] = ERR_EXHAUSTED,
    };

    must(why > ADMITTED && why <= REFUSED_EXHAUSTED);
    must((why == REFUSED_UNKNOWN) == (c->cmd == NULL));
    switch (why) {
    case REFUSED_UNKNOWN:
        unknown_text(c, text);
        break;
    case REFUSED_ARITY:
        snprintf(text, ADMISSION_TEXT_MAX, ERR_ARITY, command_full_name(c->cmd));
        break;
    case REFUSED_PROTECTED:
        protected_text(c, text);
        break;
    default:
        must(fixed[why] != NULL);
        snprintf(text, ADMISSION_TEXT_MAX, "%s", fixed[why]);
        break;
    }
}
