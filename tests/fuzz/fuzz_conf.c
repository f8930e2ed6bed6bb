/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loads arbitrary bytes as a configuration file. It must load, or be refused with a line number. If it loads, writing
 * all options and loading the result must give the same values.
 *
 * Inputs with an include directive are skipped: their result depends on the machine.
 */
#include <ctype.h>
#include <stdint.h>

#include "base/must.h"
#include "conf/load.h"
#include "conf/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_include(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 7 <= size; i++) {
        if (strncasecmp((const char *)data + i, "include", 7) == 0)
            return true;
    }
    return false;
}

/* All options that CONFIG knows, as the text of a file. */
static void write_options(struct conf *c, struct buf *out)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        struct setting s;

        if (option_table[i].flags & OPTION_FILE_ONLY)
            continue;
        state_copy(c, (enum option_id)i, &s);
        buf_printf(out, "%s ", option_table[i].name);
        option_write(&option_table[i], &s, out);
        buf_add_char(out, '\n');
        setting_fini(&s);
    }
}

static void must_read_back(struct conf *c)
{
    struct conf *again = conf_new();
    struct buf first = BUF_EMPTY;
    struct buf second = BUF_EMPTY;
    struct buf err = BUF_EMPTY;

    write_options(c, &first);
    must(load_text(again, "again", buf_slice(&first), &err));
    write_options(again, &second);
    must(slice_eq(buf_slice(&first), buf_slice(&second)));
    buf_fini(&first);
    buf_fini(&second);
    buf_fini(&err);
    conf_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf err = BUF_EMPTY;
    struct conf *c;

    if (has_include(data, size))
        return 0;
    c = conf_new();
    if (load_text(c, "fuzz", slice_of(data, size), &err))
        must_read_back(c);
    else
        must(err.len > 7 && memcmp(err.p, "fuzz:", 5) == 0 && isdigit((unsigned char)err.p[5]));
    buf_fini(&err);
    conf_free(c);
    return 0;
}
