/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/dump.h"

#include "base/crc64.h"
#include "base/must.h"
#include "persist/rdb_write.h"

#define VERSION_BYTES  2
#define CHECKSUM_BYTES 8
#define FOOTER         (VERSION_BYTES + CHECKSUM_BYTES)

static void write_as(struct buf *out, const struct entry *e, enum rdb_type type)
{
    size_t start = out->len;
    uint16_t version = rdb_version_of(type);
    uint64_t checksum;

    buf_add_char(out, (char)type);
    rdb_write_value_as(out, e, type);
    buf_add(out, &version, VERSION_BYTES);
    must(out->len > start + 1 + VERSION_BYTES && version <= RDB_VERSION_NEWEST);
    checksum = crc64(0, slice_of(out->p + start, out->len - start));
    buf_add(out, &checksum, CHECKSUM_BYTES);
}

void dump_write(struct buf *out, const struct entry *e)
{
    write_as(out, e, rdb_type_of(e));
}

void dump_write_newest(struct buf *out, const struct entry *e)
{
    write_as(out, e, rdb_newest_type_of(e));
}

bool dump_is_sound(struct slice dump, bool check)
{
    uint16_t version;
    uint64_t checksum;

    if (dump.n < FOOTER)
        return false;
    memcpy(&version, dump.p + dump.n - FOOTER, VERSION_BYTES);
    memcpy(&checksum, dump.p + dump.n - CHECKSUM_BYTES, CHECKSUM_BYTES);
    return version <= RDB_VERSION_NEWEST && (!check || crc64(0, slice_of(dump.p, dump.n - CHECKSUM_BYTES)) == checksum);
}

struct entry *dump_read(struct slice dump, const struct rdb_target *to)
{
    struct rdb_source from;
    uint8_t type;

    must(dump.n >= FOOTER);
    from = rdb_source_of(slice_of(dump.p, dump.n - FOOTER));
    from.bounds = to->bounds;
    if (rdb_left(&from) == 0)
        return NULL;
    type = (uint8_t)*from.at++;
    return rdb_read_value(&from, type, to);
}
