/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dict: a hash table of elements, for large hashes, sets and sorted sets.
 *
 * Role:    linear hashing with buckets of one cache line: nine one-byte tags and nine 6-byte references each. The type
 *          that uses the dict decides what an element holds after its key.
 * Owns:    its buckets; the elements until they are removed.
 * Threads: under the lock of its key.
 * Used by: hash, set, zset.
 * Why:     it grows and shrinks one bucket at a time, so that ten million elements never stall a command, at a cost of
 *          11 bytes per element. A scan misses no element meanwhile (base/linear.h).
 */
#ifndef LARDER_TYPES_DICT_H
#define LARDER_TYPES_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slab.h"
#include "base/slice.h"

/*
 * An element, one slab block:
 *
 *   0      1        then
 *   +------+--------+-----+------+
 *   | klen | klen32 | key | rest |
 *   +------+--------+-----+------+
 *
 * klen: the length of the key, or 255 with the length in the 32-bit field. Nothing in an element is aligned.
 */
struct element;

/* A new element with a copy of the key and `rest` uninitialized bytes after it. Never NULL. */
struct element *element_new(struct slice key, size_t rest);
/* rest: the size it was made with. */
void element_free(struct element *e, size_t rest);
/* The size of its block in bytes. */
size_t element_size(const struct element *e, size_t rest);
/* Borrowed until the element is freed. */
struct slice element_key(const struct element *e);
char *element_rest(const struct element *e);

struct dict;

#define DICT_MAGIC 0x64696374u /* "dict" */

/* In the functions below, `rest` is the number of bytes after the key of the element. */

/* An empty dict. */
struct dict *dict_new(void);
/* Makes room for n elements in an empty dict at once, instead of step by step. If fewer come, the room is given back
 * one bucket per removal. */
void dict_reserve(struct dict *d, size_t n);
/* Frees the dict; passes each element to `release`. */
void dict_free(struct dict *d, void (*release)(void *element));
size_t dict_count(const struct dict *d);
/* Bytes of all its blocks, elements included: what mem_used() falls by when all of them are freed. O(1). */
size_t dict_bytes(const struct dict *d);

/* The element with this key, or NULL. Borrowed until it is removed. */
struct element *dict_find(const struct dict *d, struct slice key);
/* Takes e, whose key is not in the dict. */
void dict_insert(struct dict *d, struct element *e, size_t rest);
/* Removes e, which is in the dict. The caller owns it afterwards. */
void dict_remove(struct dict *d, struct element *e, size_t rest);
/* Changes the number of bytes after the key of e, which is in the dict, to new_rest. The first of them keep their
 * content. Returns the element. It may have moved, then e is freed. */
struct element *dict_resize(struct dict *d, struct element *e, size_t rest, size_t new_rest);

/* Visits each element in the part of the hash space that begins at `at`. Returns where the next part begins, 0 at the
 * end. An element that is in the dict from the first call to the last is visited at least once, even if others are
 * inserted and removed between calls. visit may not change the dict. Begin with 0. Any number is a valid position; the
 * returned ones are below 2^32. */
uint64_t dict_scan(const struct dict *d, uint64_t at, void (*visit)(void *arg, struct element *e), void *arg);
/* A uniformly random element; NULL if the dict is empty. */
struct element *dict_random(const struct dict *d);

/* Moves elements out of sparse slabs, from bucket `at` on, until the work is done. rest_of: the bytes after the key of
 * an element. moved: the element has a copy, which is in the dict from now on; `old` is freed after that; NULL: nothing
 * else refers to elements. Returns where to continue, 0 at the end. Any `at` is valid. */
struct dict_mover {
    size_t (*rest_of)(const struct element *e);
    void (*moved)(void *arg, const struct element *old, struct element *e);
    void *arg;
};
uint32_t dict_compact(struct dict *d, uint32_t at, struct slab_work *w, const struct dict_mover *m);

/* A walk over all elements, each once. No element may be inserted or removed during the walk; the one returned last may
 * be resized. Begin with {0}. Returns NULL at the end. */
struct dict_walk {
    uint32_t next;
    const struct bucket *bucket;
    unsigned left; /* slots of the bucket that are still to come, a bit each */
};
struct element *dict_next(const struct dict *d, struct dict_walk *w);

#endif
