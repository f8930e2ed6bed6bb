/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"

void process_hold_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int process_daemonize(void)
{
    pid_t pid = fork();
    int null;

    if (pid < 0)
        return -errno;
    if (pid > 0)
        _exit(0);
    setsid();
    null = open("/dev/null", O_RDWR);
    if (null < 0)
        return -errno;
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
    return 0;
}

int process_write_pid(const char *path)
{
    /* The mode without blocking is for a FIFO, whose opening would wait for a reader. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644), error = 0;

    if (fd < 0)
        return -errno;
    if (dprintf(fd, "%d\n", (int)getpid()) < 0)
        error = -errno;
    close(fd);
    return error;
}

void process_remove_pid(const char *path)
{
    char text[16];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    if (atoi(text) == (int)getpid())
        unlink(path);
}

int64_t process_raise_files(int64_t n)
{
    struct rlimit now, want;

    must(n >= 0);
    if (getrlimit(RLIMIT_NOFILE, &now) != 0)
        return 0;
    if (now.rlim_cur == RLIM_INFINITY || (int64_t)now.rlim_cur >= n)
        return n;
    want = (struct rlimit){n, now.rlim_max == RLIM_INFINITY || (int64_t)now.rlim_max >= n ? now.rlim_max : (rlim_t)n};
    if (setrlimit(RLIMIT_NOFILE, &want) == 0)
        return n;
    want = (struct rlimit){now.rlim_max, now.rlim_max};
    return setrlimit(RLIMIT_NOFILE, &want) == 0 ? (int64_t)now.rlim_max : (int64_t)now.rlim_cur;
}

int process_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    ssize_t sent;
    int fd;

    if (n < 2 || n >= sizeof a.sun_path)
        return 0;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    memcpy(a.sun_path, path, n);
    if (a.sun_path[0] == '@')
        a.sun_path[0] = 0; /* an abstract address */
    sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&a,
                  offsetof(struct sockaddr_un, sun_path) + n);
    close(fd);
    return sent >= 0;
}

const char *process_executable(void)
{
    static char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    path[n > 0 ? n : 0] = 0;
    return path;
}

char *process_absolute(const char *path)
{
    char *found = realpath(path, NULL), *copy = mem_strdup(found != NULL ? found : path);

    free(found);
    return copy;
}
