// SPDX-License-Identifier: BSD-3-Clause
//
// scene: one promise of the server, several clients that try to break it, and a check at the end.
//
// Owns:    nothing; scenes are constant tables, and a world lasts for one run.
// Threads: setup and judge run alone, act runs in all threads at once.
// Used by: stress.c, which runs them; atomic.c, single.c, churn.c and greedy.c, which define them.
// Why:     each scene is a promise in one sentence, as the unit tests are, so that a failure names what is broken.
#ifndef STRESS_SCENE_H
#define STRESS_SCENE_H

#include "client.h"

#include <stdatomic.h>
#include <stdint.h>

#define THREADS_MAX 16
#define KEY_LENGTH  32

// What the threads of a scene share.
struct world {
    int port;
    uint64_t seed;
    atomic_bool over;                  // the time is up
    atomic_int wrongs;                 // broken promises seen
    atomic_llong sums[THREADS_MAX];    // of the scene: what was done
};

// One thread of a scene.
struct actor {
    struct world *world;
    const struct scene *scene;
    struct client *client;
    int index;    // 0 … threads - 1
    uint64_t random;
    long long done;    // rounds
};

struct scene {
    const char *promise;
    int threads;
    void (*setup)(struct world *w, struct client *c);
    void (*act)(struct actor *a);
    void (*judge)(struct world *w, struct client *c);    // may be NULL
};

extern const struct scene scenes_atomic[], scenes_single[], scenes_churn[], scenes_greedy[];

// Counts a broken promise and prints the first few.
void wrong(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

// A random number below n.
unsigned pick(struct actor *a, unsigned n);

static inline bool going(const struct actor *a)
{
    return !atomic_load_explicit(&a->world->over, memory_order_relaxed) && atomic_load(&a->world->wrongs) < 20;
}

// Sends a request and ignores the reply, except for errors, which are printed. False if the connection has ended.
bool expect_fine(struct actor *a, struct reply r);

#endif
