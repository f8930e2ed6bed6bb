/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/launch.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"

int launch_thread(pthread_t *thread, const char *name, void *(*main)(void *launch), struct launch *l)
{
    int error;

    must(l->owner != NULL && strlen(name) < 16);
    sem_init(&l->reported, 0, 0);
    error = pthread_create(thread, NULL, main, l);
    if (error != 0) {
        snprintf(l->why, l->size, "no thread: %s", strerror(error));
        l->result = -error;
    } else {
        pthread_setname_np(*thread, name);
        while (sem_wait(&l->reported) != 0)
            ;
    }
    sem_destroy(&l->reported);
    return l->result;
}

void launch_report(struct launch *l, int result)
{
    must(result <= 0);
    l->result = result;
    sem_post(&l->reported);
}
