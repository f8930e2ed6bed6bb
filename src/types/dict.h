/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dict: a hash table of elements, for hashes, sets and sorted sets that are large.
 *
 * Role:    linear hashing over buckets of one cache line, nine one-byte tags and nine 6-byte references each. What an
 *          element holds behind its key is the type's business.
 * Owns:    its buckets; the elements until they are removed.
 * Threads: under the lock of its key.
 * Used by: hash, set, zset.
 * Why:     grows and shrinks one bucket at a time, so that ten million elements never stall a command, at 11 bytes per
 *          element; scans that lose nothing while it does (linear.h).
 */
#ifndef LARDER_TYPES_DICT_H
#define LARDER_TYPES_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * An element, one block of slab memory:
 *
 *   0      1        then
 *   +------+--------+-----+------+
 *   | klen | klen32 | key | rest |
 *   +------+--------+-----+------+
 *
 * klen: the length of the key, or 255 and the length in the 32-bit field. Nothing in it is aligned.
 */
struct element;

/* A new element with a copy of the key and `rest` bytes still to be written. Never NULL. */
struct element *element_new(struct slice key, size_t rest);
/* rest: as it was made with. */
void element_free(struct element *e, size_t rest);
/* Bytes of its block. */
size_t element_size(const struct element *e, size_t rest);
/* Borrowed as long as the element. */
struct slice element_key(const struct element *e);
char *element_rest(const struct element *e);

struct dict;

#define DICT_MAGIC 0x64696374u /* "dict" */

/* `rest`, here and below: the bytes behind the key of the element, as it was made with. */

/* An empty one. */
struct dict *dict_new(void);
/* Gives an empty one the room for n elements at once, where it would grow bit by bit. So many should come: what is too
 * large goes bucket by bucket, as elements are removed. */
void dict_expect(struct dict *d, size_t n);
/* Frees it; gives each element to `release`. */
void dict_free(struct dict *d, void (*release)(void *element));
size_t dict_count(const struct dict *d);
/* Bytes of all its blocks, those of the elements included: by so much mem_used() falls when they are freed. O(1). */
size_t dict_bytes(const struct dict *d);

/* The element with this key, or NULL. Borrowed until it is removed. */
struct element *dict_find(const struct dict *d, struct slice key);
/* Takes e, whose key is not in the dict. */
void dict_insert(struct dict *d, struct element *e, size_t rest);
/* Removes e, which is in the dict. The caller owns it. */
void dict_remove(struct dict *d, struct element *e, size_t rest);
/* Changes the number of bytes behind the key of e, which is in the dict; the first of them keep their content. Returns
 * the element, which may have moved: e is then freed. */
struct element *dict_resize(struct dict *d, struct element *e, size_t rest, size_t new_rest);

/* Calls visit for each element under the part of the hash space that `at` begins, and returns where the next part
 * begins, 0 at the end. What stays from the first call to the last is visited at least once, whatever comes and goes
 * between. visit may not change the dict. Begin with 0; any number is a position, those returned are below 2^32. */
uint64_t dict_scan(const struct dict *d, uint64_t at, void (*visit)(void *arg, struct element *e), void *arg);
/* A random element, each as likely as any other; NULL if there is none. */
struct element *dict_random(const struct dict *d);

/* A walk over all elements, each once. No element may be inserted or removed during the walk; the one returned last may
 * be resized. Begin with {0}. NULL at the end. */
struct dict_walk {
    uint32_t next;
    const struct bucket *bucket;
    unsigned left; /* of the slots of the bucket, a bit each */
};
struct element *dict_next(const struct dict *d, struct dict_walk *w);

#endif
