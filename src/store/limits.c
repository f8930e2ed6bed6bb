/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/limits.h"

struct value_limits limits_of(const struct options *o, enum entry_type type)
{
    switch (type) {
    case TYPE_HASH:
        return (struct value_limits){.entries = OPT(o, hash_max_listpack_entries),
                                     .bytes = OPT(o, hash_max_listpack_value)};
    case TYPE_SET:
        return (struct value_limits){.entries = OPT(o, set_max_listpack_entries),
                                     .bytes = OPT(o, set_max_listpack_value),
                                     .ints = OPT(o, set_max_intset_entries)};
    case TYPE_ZSET:
        return (struct value_limits){.entries = OPT(o, zset_max_listpack_entries),
                                     .bytes = OPT(o, zset_max_listpack_value)};
    case TYPE_STREAM:
        return (struct value_limits){.entries = OPT(o, stream_node_max_entries),
                                     .bytes = OPT(o, stream_node_max_bytes)};
    default:
        must(type == TYPE_LIST);
        return (struct value_limits){.fill = OPT(o, list_max_listpack_size)};
    }
}
