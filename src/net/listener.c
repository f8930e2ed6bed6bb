/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/process.h"
#include "obs/log.h"

static void add(struct listeners *l, int fd)
{
    must(fd >= 0);
    l->fds = mem_realloc(l->fds, (l->n + 1) * sizeof *l->fds);
    l->fds[l->n++] = fd;
}

/* Removes the socket's file, unless it is another server's by now. */
static void remove_socket(const struct listeners *l)
{
    struct stat st;

    if (lstat(l->path, &st) == 0 && st.st_dev == l->device && st.st_ino == l->inode)
        unlink(l->path);
}

void listeners_fini(struct listeners *l, bool close_all)
{
    for (size_t i = 0; close_all && i < l->n; i++)
        close(l->fds[i]);
    if (close_all && l->path != NULL)
        remove_socket(l);
    mem_free(l->fds);
    mem_free(l->path);
    *l = (struct listeners){0};
}

/* A listening socket for one address; -errno. */
static int open_one(const struct addrinfo *a, int backlog)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1, error;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, backlog) == 0)
        return fd;
    error = errno;
    close(fd);
    return -error;
}

/* Listens on every address of a name. 0 or an error number, and its text; EADDRNOTAVAIL if the name cannot be
 * resolved. */
static int open_name(const char *name, const char *port, int backlog, struct listeners *l, const char **text)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE, .ai_family = AF_UNSPEC};
    struct addrinfo *found;
    int error = 0, unresolved;

    if (strcmp(name, "*") == 0) {
        hints.ai_family = AF_INET;
        name = "0.0.0.0";
    } else if (strcmp(name, "::*") == 0) {
        hints.ai_family = AF_INET6;
        name = "::";
    }
    unresolved = getaddrinfo(name, port, &hints, &found);
    if (unresolved != 0) {
        *text = unresolved == EAI_SYSTEM ? strerror(errno) : gai_strerror(unresolved);
        return EADDRNOTAVAIL;
    }
    for (const struct addrinfo *a = found; a != NULL && error == 0; a = a->ai_next) {
        int fd = open_one(a, backlog);

        if (fd < 0)
            error = -fd;
        else
            add(l, fd);
    }
    freeaddrinfo(found);
    *text = strerror(error);
    return error;
}

/* Whether the error says that this machine does not have the address or the protocol. */
static bool is_missing(int error)
{
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == EPROTONOSUPPORT || error == ENOPROTOOPT ||
           error == ESOCKTNOSUPPORT || error == EPFNOSUPPORT;
}

int listeners_open_tcp(struct conf *conf, struct listeners *l, char *why, size_t size)
{
    const struct options *o = conf_options(conf);
    char *names = conf_dup(conf, OPT_bind), *save, port[8];
    int result = 0;

    *l = (struct listeners){0};
    snprintf(port, sizeof port, "%d", (int)OPT(o, port));
    for (char *name = OPT(o, port) ? strtok_r(names, " ", &save) : NULL; name; name = strtok_r(NULL, " ", &save)) {
        bool optional = name[0] == '-';
        const char *text;
        int error = open_name(name + optional, port, OPT(o, tcp_backlog), l, &text);

        if (error == 0 || (optional && is_missing(error)))
            continue;
        snprintf(why, size, "Failed listening on port %s (%s): %s%s", port, name + optional, text,
                 error == EADDRINUSE ? ". Another server uses it: stop that server, or choose a free port with --port"
                                     : "");
        listeners_fini(l, true);
        result = -1;
        break;
    }
    mem_free(names);
    return result;
}

/* Makes way for a socket at this path: removes the one that an earlier server has left. 0, or an error number and
 * *text: something else is there. */
static int make_way(const struct sockaddr_un *a, const char **text)
{
    struct stat st;
    int fd, error = 0;

    *text = "it exists and is not a socket";
    if (lstat(a->sun_path, &st) != 0)
        error = errno == ENOENT ? 0 : errno;
    else if (!S_ISSOCK(st.st_mode))
        return ENOTSOCK;
    else if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
        error = errno;
    else {
        error = connect(fd, (const struct sockaddr *)a, sizeof *a) == 0 || errno == EAGAIN ? EADDRINUSE : errno;
        close(fd);
        if (error == ECONNREFUSED)
            error = unlink(a->sun_path) == 0 ? 0 : errno;
    }
    *text = error == EADDRINUSE ? "another server uses it" : strerror(error);
    return error;
}

/* Binds fd to the path and listens. 0 or an error number. */
static int listen_unix(int fd, const struct sockaddr_un *a, const struct options *o, struct listeners *l)
{
    struct stat st;

    if (bind(fd, (const struct sockaddr *)a, sizeof *a) != 0)
        return errno;
    l->path = process_absolute(a->sun_path);
    if (stat(l->path, &st) != 0)
        return errno;
    l->device = st.st_dev;
    l->inode = st.st_ino;
    if (OPT(o, unixsocketperm) != 0 && chmod(a->sun_path, OPT(o, unixsocketperm)) != 0)
        return errno;
    return listen(fd, OPT(o, tcp_backlog)) == 0 ? 0 : errno;
}

/* 0, or an error number and *text. */
static int open_unix(const char *path, const struct options *o, struct listeners *l, const char **text)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int error = ENAMETOOLONG, fd;

    *text = strerror(error);
    if (strlen(path) >= sizeof a.sun_path)
        return error;
    memcpy(a.sun_path, path, strlen(path) + 1);
    error = make_way(&a, text);
    if (error != 0)
        return error;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    error = fd < 0 ? errno : listen_unix(fd, &a, o, l);
    *text = strerror(error);
    if (fd >= 0)
        add(l, fd);
    return error;
}

int listeners_open_unix(struct conf *conf, struct listeners *l, char *why, size_t size)
{
    char *path = conf_dup(conf, OPT_unixsocket);
    const char *text;
    int result = 0;

    *l = (struct listeners){0};
    if (path[0] != 0 && open_unix(path, conf_options(conf), l, &text) != 0) {
        snprintf(why, size, "Failed opening the unix socket %s: %s", path, text);
        listeners_fini(l, true);
        result = -1;
    }
    mem_free(path);
    return result;
}

/* ---- changing addresses ---- */

static void stop_listening(const struct listeners *l)
{
    for (size_t i = 0; i < l->n; i++)
        shutdown(l->fds[i], SHUT_RDWR);
}

/* The same sockets, listening again, under descriptors that the workers do not know yet. */
static struct listeners listen_again(const struct listeners *l, int backlog)
{
    struct listeners again = {0};

    for (size_t i = 0; i < l->n; i++) {
        int fd = fcntl(l->fds[i], F_DUPFD_CLOEXEC, 0);

        if (fd >= 0 && listen(fd, backlog) == 0)
            add(&again, fd);
        else if (fd >= 0)
            close(fd);
    }
    return again;
}

bool listeners_reopen_tcp(struct conf *conf, struct listeners *l, char *why, size_t size)
{
    struct listeners fresh;
    bool opened;

    stop_listening(l);
    opened = listeners_open_tcp(conf, &fresh, why, size) == 0;
    *l = opened ? fresh : listen_again(l, OPT(conf_options(conf), tcp_backlog));
    return opened;
}
