/* SPDX-License-Identifier: BSD-3-Clause */
/* LOLWUT: a piece of computer art. Ours is a larder with random stock. */
#include "base/buf.h"
#include "base/num.h"
#include "base/rand.h"
#include "run/call.h"
#include "run/version.h"

#define SHELVES_DEFAULT 3
#define SHELVES_MAX     24
#define PLACES_DEFAULT  9
#define PLACES_MAX      40
#define PLACE_WIDTH     6
#define PLACE_HEIGHT    4

/* The goods on a shelf; each has PLACE_HEIGHT rows of PLACE_WIDTH characters. */
static const char *const goods[][PLACE_HEIGHT] = {
    {"  __  ", " (__) ", " |##| ", " |##| "}, /* jam */
    {"  ||  ", "  )(  ", " |  | ", " |__| "}, /* a bottle */
    {"      ", " .--. ", " |==| ", " '--' "}, /* a tin */
    {"      ", "  __,  ", " /  \\ ", " \\__/ "}, /* an apple */
    {"      ", "      ", " /\"\"\\ ", "(____)"}, /* bread */
    {"      ", "      ", "  .-~ ", " /o|  "}, /* cheese */
    {"      ", "      ", "      ", "  ()  "}, /* an egg */
    {"      ", "      ", "      ", "      "}, /* an empty place: a miss */
};

#define GOODS (sizeof(goods) / sizeof(goods[0]))

static void draw_board(struct buf *b, int places)
{
    must(places > 0 && places <= PLACES_MAX);
    for (int i = 0; i < places * PLACE_WIDTH + 2; i++)
        buf_add_char(b, '=');
    buf_add_char(b, '\n');
}

static void draw_shelf(struct buf *b, int places)
{
    unsigned stock[PLACES_MAX];

    must(places > 0 && places <= PLACES_MAX);
    for (int i = 0; i < places; i++)
        stock[i] = (unsigned)rand_below(GOODS);
    for (int row = 0; row < PLACE_HEIGHT; row++) {
        buf_add_char(b, '|');
        for (int i = 0; i < places; i++)
            buf_add(b, goods[stock[i]][row], PLACE_WIDTH);
        buf_add_str(b, "|\n");
    }
    draw_board(b, places);
}

/* Argument i, limited to 1 .. max; `otherwise` if it is missing or not a number. */
static int size_argument(const struct call *c, int i, int otherwise, int max)
{
    int64_t n;

    if (i >= c->argc || !num_parse_i64(call_arg(c, i), &n))
        return otherwise;
    return n < 1 ? 1 : n > max ? max : (int)n;
}

CMD(lolwut,
    .name = "LOLWUT", .arity = -1, .group = "server", .since = "5.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .summary = "Draws a larder and shows the compatible version of Redis.",
    .syntax = "[VERSION version] [places:integer [shelves:integer]]")
{
    bool versioned = c->argc > 2 && call_is(c, 1, "VERSION");
    int at = versioned ? 3 : 1;
    int places = size_argument(c, at, PLACES_DEFAULT, PLACES_MAX);
    int shelves = size_argument(c, at + 1, SHELVES_DEFAULT, SHELVES_MAX);
    struct buf b = BUF_EMPTY;
    int64_t version;

    if (versioned && !call_int(c, 2, &version))
        return;
    draw_board(&b, places);
    for (int i = 0; i < shelves; i++)
        draw_shelf(&b, places);
    buf_add_str(&b, "\nA larder, as it may look today. Redis ver. " REDIS_VERSION "\n");
    reply_verbatim(c->out, "txt", buf_slice(&b));
    buf_fini(&b);
}
