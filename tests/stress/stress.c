// SPDX-License-Identifier: BSD-3-Clause
//
// stress: checks the promises of a running server while many clients use it at once.
//
//     stress --port PORT [--seconds S] [--seed N] [--list] [PART-OF-A-PROMISE]...
//
// Each scene runs for S seconds (default 1) with the connections it asks for; the databases are emptied before.
// The last line is "N passed, N failed"; the exit status says the same.
#include "scene.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PRINTED_MAX 5

static const struct scene *const all_scenes[] = {scenes_single, scenes_atomic, scenes_churn, scenes_greedy};

static uint64_t next_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

unsigned pick(struct actor *a, unsigned n)
{
    return (unsigned)(next_random(&a->random) % n);
}

void wrong(struct world *w, const char *format, ...)
{
    va_list list;

    if (atomic_fetch_add(&w->wrongs, 1) >= PRINTED_MAX)
        return;
    char text[512];
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    printf("    %s\n", text);
}

bool expect_fine(struct actor *a, struct reply r)
{
    bool open = r.type != 0;

    if (!open && going(a))
        wrong(a->world, "the connection ended");
    if (r.type == '-')
        wrong(a->world, "an error: %s", r.text);
    reply_free(&r);
    return open;
}

static void *act(void *arg)
{
    struct actor *a = arg;

    a->client = client_new(a->world->port);
    if (a->client == NULL) {
        wrong(a->world, "cannot connect");
        return NULL;
    }
    while (going(a)) {
        a->scene->act(a);
        a->done++;
    }
    client_free(a->client);
    return NULL;
}

static void wait_for(double seconds, struct world *w)
{
    struct timespec nap = {.tv_nsec = 10000000};

    for (double waited = 0; waited < seconds && atomic_load(&w->wrongs) == 0; waited += 0.01)
        nanosleep(&nap, NULL);
    atomic_store(&w->over, true);
}

static long long run_actors(const struct scene *s, struct world *w, double seconds)
{
    struct actor actors[THREADS_MAX] = {0};
    pthread_t threads[THREADS_MAX];
    long long rounds = 0;

    for (int i = 0; i < s->threads; i++) {
        actors[i] = (struct actor){.world = w, .scene = s, .index = i, .random = w->seed + (uint64_t)i * 7919};
        pthread_create(&threads[i], NULL, act, &actors[i]);
    }
    wait_for(seconds, w);
    for (int i = 0; i < s->threads; i++) {
        pthread_join(threads[i], NULL);
        rounds += actors[i].done;
    }
    return rounds;
}

static bool run_scene(const struct scene *s, int port, double seconds, uint64_t seed)
{
    struct world w = {.port = port, .seed = seed};
    struct client *c = client_new(port);
    long long rounds = 0;

    if (c == NULL) {
        wrong(&w, "cannot connect");
    } else {
        struct reply r = client_ask(c, "FLUSHALL");
        reply_free(&r);
        s->setup(&w, c);
        rounds = run_actors(s, &w, seconds);
        if (s->judge != NULL && atomic_load(&w.wrongs) == 0)
            s->judge(&w, c);
    }
    client_free(c);
    if (atomic_load(&w.wrongs) == 0 && rounds == 0)
        wrong(&w, "nothing was done");
    bool passed = atomic_load(&w.wrongs) == 0;
    printf("%s %s (%lld rounds)\n", passed ? "ok" : "FAIL", s->promise, rounds);
    fflush(stdout);
    return passed;
}

struct options {
    int port;
    double seconds;
    uint64_t seed;
    bool list;
    char **parts;
};

static bool chosen(const struct scene *s, char **parts)
{
    if (*parts == NULL)
        return true;
    for (; *parts != NULL; parts++) {
        if (strstr(s->promise, *parts) != NULL)
            return true;
    }
    return false;
}

static struct options read_options(char **argv)
{
    struct options o = {.seconds = 1, .seed = (uint64_t)time(NULL)};

    for (o.parts = argv + 1; *o.parts != NULL && (*o.parts)[0] == '-'; o.parts++) {
        const char *name = *o.parts;
        if (strcmp(name, "--list") == 0) {
            o.list = true;
            continue;
        }
        const char *value = *++o.parts;
        if (value != NULL && strcmp(name, "--port") == 0) {
            o.port = atoi(value);
        } else if (value != NULL && strcmp(name, "--seconds") == 0) {
            o.seconds = atof(value);
        } else if (value != NULL && strcmp(name, "--seed") == 0) {
            o.seed = strtoull(value, NULL, 10);
        } else {
            fprintf(stderr, "stress --port PORT [--seconds S] [--seed N] [--list] [PART-OF-A-PROMISE]...\n");
            exit(2);
        }
    }
    return o;
}

int main(int argc, char **argv)
{
    struct options o = read_options(argv);
    int passed = 0, failed = 0;

    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    printf("seed %llu\n", (unsigned long long)o.seed);
    for (size_t i = 0; i < sizeof all_scenes / sizeof *all_scenes; i++) {
        for (const struct scene *s = all_scenes[i]; s->promise != NULL; s++) {
            if (!chosen(s, o.parts))
                continue;
            if (o.list)
                printf("%s\n", s->promise);
            else if (run_scene(s, o.port, o.seconds, o.seed))
                passed++;
            else
                failed++;
        }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
