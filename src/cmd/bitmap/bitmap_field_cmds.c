/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BITFIELD and BITFIELD_RO: a list of steps, each on one integer within a string. The list is parsed twice: first to
 * report errors before anything changes and to find the length that the string needs, then to execute it.
 * https://redis.io/docs/latest/commands/bitfield/
 */
#include "base/num.h"
#include "cmd/bitmap/bitmap_args.h"
#include "types/bitmap.h"

/* One GET, SET or INCRBY. */
struct step {
    enum { STEP_GET, STEP_SET, STEP_INCRBY } verb;
    struct bitmap_field field;
    enum bitmap_overflow overflow;
    int64_t operand; /* of SET and INCRBY */
};

/* Parses the steps one by one. */
struct steps {
    struct call *c;
    int at;
    enum bitmap_overflow overflow; /* of the last OVERFLOW */
    bool failed;                   /* the error was replied */
};

static bool fail(struct steps *s, const char *error)
{
    must(!s->failed);
    reply_error(s->c->out, error);
    s->failed = true;
    return false;
}

/* Parses OVERFLOW and its word, if they come next. False: the word is unknown, and the error was replied. */
static bool parse_overflow(struct steps *s)
{
    static const char *const words[] = {[BITMAP_WRAP] = "WRAP", [BITMAP_SAT] = "SAT", [BITMAP_FAIL] = "FAIL"};

    while (s->at + 1 < s->c->argc && call_is(s->c, s->at, "OVERFLOW")) {
        enum bitmap_overflow how = BITMAP_WRAP;

        while (how <= BITMAP_FAIL && !call_is(s->c, s->at + 1, words[how]))
            how++;
        if (how > BITMAP_FAIL)
            return fail(s, "ERR Invalid OVERFLOW type specified");
        s->overflow = how;
        s->at += 2;
    }
    return true;
}

/* Parses the verb of a step. False: it is unknown or lacks arguments, and the error was replied. */
static bool parse_verb(struct steps *s, struct step *step)
{
    int left = s->c->argc - s->at - 1;

    if (left >= 2 && call_is(s->c, s->at, "GET"))
        step->verb = STEP_GET;
    else if (left >= 3 && call_is(s->c, s->at, "SET"))
        step->verb = STEP_SET;
    else if (left >= 3 && call_is(s->c, s->at, "INCRBY"))
        step->verb = STEP_INCRBY;
    else
        return fail(s, ERR_SYNTAX);
    s->at++;
    return true;
}

/* Parses a type such as i16 or u8. */
static bool parse_type(struct steps *s, struct bitmap_field *field)
{
    struct slice type = call_arg(s->c, s->at);
    int64_t bits;

    if (type.n < 2 || (type.p[0] != 'i' && type.p[0] != 'u') ||
        !num_parse_i64(slice_of(type.p + 1, type.n - 1), &bits) || bits < 1 || bits > (type.p[0] == 'i' ? 64 : 63))
        return fail(s, "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
                       "i64 is.");
    field->is_signed = type.p[0] == 'i';
    field->bits = (uint8_t)bits;
    s->at++;
    return true;
}

/* Parses the offset, and the operand if the verb has one. */
static bool parse_numbers(struct steps *s, struct step *step)
{
    must(step->field.bits >= 1 && step->field.bits <= 64);
    s->failed = !bitmap_offset_arg(s->c, s->at, step->field.bits, &step->field.offset) ||
                (step->verb != STEP_GET && !call_int(s->c, s->at + 1, &step->operand));
    s->at += step->verb == STEP_GET ? 1 : 2;
    must(s->at <= s->c->argc);
    return !s->failed;
}

/* The next step. False: there are no more, or s->failed. */
static bool next_step(struct steps *s, struct step *step)
{
    if (!parse_overflow(s) || s->at >= s->c->argc)
        return false;
    step->overflow = s->overflow;
    return parse_verb(s, step) && parse_type(s, &step->field) && parse_numbers(s, step);
}

static struct steps steps_of(struct call *c)
{
    return (struct steps){.c = c, .at = 2};
}

/* Summary of the whole list. */
struct plan {
    size_t steps;
    bool writes;
    uint64_t last; /* the last bit that is written */
};

/* False: the list is invalid, and the error was replied. */
static bool make_plan(struct call *c, struct plan *plan)
{
    struct steps s = steps_of(c);
    struct step step;

    *plan = (struct plan){0};
    while (next_step(&s, &step)) {
        uint64_t last = step.field.offset + step.field.bits - 1;

        plan->steps++;
        if (step.verb == STEP_GET)
            continue;
        plan->writes = true;
        if (last > plan->last)
            plan->last = last;
    }
    return !s.failed;
}

/* The operand of SET. As in Redis, an operand so low that its distance to the maximum of the field overflows 64 bits
 * saturates to the maximum. */
static int64_t operand_of_set(const struct step *step)
{
    int64_t max = INT64_MAX >> (64 - step->field.bits);
    int64_t distance;

    if (step->overflow == BITMAP_SAT && step->field.is_signed && step->field.bits < 64 &&
        __builtin_sub_overflow(max, step->operand, &distance))
        return max;
    return step->operand;
}

/* Executes SET or INCRBY and replies. Returns whether Redis reports it as a change: the value differs, or it was
 * written to a string that has grown. */
static bool write_step(struct call *c, const struct step *step, struct bitmap_target target)
{
    int64_t old = bitmap_field_get(slice_of(target.p, target.n), step->field);
    int64_t v;
    bool fits;

    must(step->field.offset + step->field.bits <= 8 * (uint64_t)target.n);
    if (step->verb == STEP_SET)
        fits = bitmap_field_fit(step->field, operand_of_set(step), step->overflow, &v);
    else
        fits = bitmap_field_add(step->field, old, step->operand, step->overflow, &v);
    if (!fits) {
        reply_null(c->out);
        return false;
    }
    bitmap_field_put(target.p, step->field, v);
    reply_int(c->out, step->verb == STEP_SET ? old : v);
    return target.grown || v != old;
}

static void run_writing(struct call *c, const struct plan *plan)
{
    struct steps s = steps_of(c);
    struct bitmap_target target;
    struct step step;
    bool changed = false;

    must(plan->writes);
    if (!bitmap_for_write(c, plan->last, &target))
        return;
    reply_array(c->out, plan->steps);
    while (next_step(&s, &step)) {
        if (step.verb == STEP_GET)
            reply_int(c->out, bitmap_field_get(slice_of(target.p, target.n), step.field));
        else
            changed |= write_step(c, &step, target);
    }
    must(!s.failed); /* make_plan has parsed the same list */
    /* Redis has no event for a string that has only grown, because all writes failed. */
    if (changed || target.grown)
        call_changed(c, 1, EVENT_STRING, changed ? "setbit" : NULL);
}

static void run_reading(struct call *c, const struct plan *plan)
{
    struct steps s = steps_of(c);
    struct slice string = SLICE("");
    struct entry_digits d;
    struct step step;
    struct entry *e;

    if (!call_find_typed(c, 1, TYPE_STRING, &e))
        return;
    if (e != NULL)
        string = entry_string(e, &d);
    reply_array(c->out, plan->steps);
    while (next_step(&s, &step))
        reply_int(c->out, bitmap_field_get(string, step.field));
    must(!s.failed);
}

/* BITFIELD reads the key only if all its steps are GET. */
static uint32_t flags_of_bitfield(const struct slice *argv, int argc)
{
    int i = 2;

    while (i < argc) {
        if (slice_is(argv[i], "GET") && i + 2 < argc)
            i += 3;
        else if (slice_is(argv[i], "OVERFLOW") && i + 1 < argc)
            i += 2;
        else
            return KEY_RW | KEY_ACCESS | KEY_UPDATE;
    }
    return KEY_RO | KEY_ACCESS;
}

CMD(bitfield,
    .name = "BITFIELD", .arity = -2, .group = "bitmap", .since = "3.2.0", .cost = "O(1) for each step.",
    .flags = CMD_WRITE | CMD_DENYOOM,
    .keys = CMD_KEYS_NOTED(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS,
                           "This command allows both access and modification of the key"),
    .key_flags = flags_of_bitfield,
    .summary = "Reads, sets and increments integers of any width at any bit offset of a string.",
    .syntax = "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] "
              "<SET encoding offset value:integer | INCRBY encoding offset increment> "
              "[GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] "
              "<SET encoding offset value:integer | INCRBY encoding offset increment> ...]]")
{
    struct plan plan;

    if (!make_plan(c, &plan))
        return;
    if (plan.writes)
        run_writing(c, &plan);
    else
        run_reading(c, &plan);
}

CMD(bitfield_ro,
    .name = "BITFIELD_RO", .arity = -2, .group = "bitmap", .since = "6.0.0", .cost = "O(1) for each step.",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Reads integers of any width at any bit offset of a string.",
    .syntax = "key [GET encoding offset [GET encoding offset ...]]")
{
    struct plan plan;

    if (!make_plan(c, &plan))
        return;
    if (plan.writes)
        reply_error(c->out, "ERR BITFIELD_RO only supports the GET subcommand");
    else
        run_reading(c, &plan);
}
