/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/ring.h"

#ifdef HAVE_IO_URING

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/must.h"
#include "net/annotate.h"

#define SUBMISSIONS    1024
#define COMPLETIONS    8192 /* more than that the kernel keeps in a list, which is slower; none is lost */
#define FIRST_BUFFERS  32
#define GROUP          1
#define BUFFER_BYTES   ((size_t)RING_BUFFERS * RING_BUFFER_BYTES)
#define PROVIDED_BYTES (RING_BUFFERS * sizeof(struct io_uring_buf))

static int fail(int error, const char *what, char *why, size_t size)
{
    snprintf(why, size, "%s: %s", what, strerror(-error));
    return error;
}

/* ---- buffers ---- */

static char *buffer(const struct ring *r, unsigned i)
{
    must(i < RING_BUFFERS);
    return r->buffers + (size_t)i * RING_BUFFER_BYTES;
}

static void provide(struct ring *r, unsigned i)
{
    annotate_give(buffer(r, i), RING_BUFFER_BYTES);
    io_uring_buf_ring_add(r->provided, buffer(r, i), RING_BUFFER_BYTES, i, io_uring_buf_ring_mask(RING_BUFFERS), 0);
    io_uring_buf_ring_advance(r->provided, 1);
}

static void provide_up_to(struct ring *r, unsigned count)
{
    while (r->count < count)
        provide(r, r->count++);
}

char *ring_take(struct ring *r, unsigned cqe_flags, size_t n)
{
    char *p = buffer(r, cqe_flags >> IORING_CQE_BUFFER_SHIFT);

    annotate_take(p, n);
    return p;
}

void ring_return(struct ring *r, unsigned cqe_flags)
{
    provide(r, cqe_flags >> IORING_CQE_BUFFER_SHIFT);
}

void ring_grow(struct ring *r)
{
    if (r->count < RING_BUFFERS)
        provide_up_to(r, r->count * 2);
}

/* Maps the buffers and, behind them, the ring in which they are provided. */
static int map_buffers(struct ring *r)
{
    void *p = mmap(NULL, BUFFER_BYTES + PROVIDED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return -errno;
    madvise(p, BUFFER_BYTES, MADV_NOHUGEPAGE); /* else the first byte of a quiet worker would take 2 MiB */
    r->buffers = p;
    r->provided = (struct io_uring_buf_ring *)(r->buffers + BUFFER_BYTES);
    r->count = 0;
    return 0;
}

static void unmap_buffers(struct ring *r)
{
    annotate_take(r->buffers, BUFFER_BYTES);
    munmap(r->buffers, BUFFER_BYTES + PROVIDED_BYTES);
}

static int open_buffers(struct ring *r, char *why, size_t size)
{
    struct io_uring_buf_reg reg = {.ring_entries = RING_BUFFERS, .bgid = GROUP};
    int error = map_buffers(r);

    if (error != 0)
        return fail(error, "memory for receive buffers", why, size);
    reg.ring_addr = (uintptr_t)r->provided;
    error = io_uring_register_buf_ring(&r->io, &reg, 0);
    if (error != 0) {
        unmap_buffers(r);
        return fail(error, "registering a buffer ring", why, size);
    }
    io_uring_buf_ring_init(r->provided);
    provide_up_to(r, FIRST_BUFFERS);
    return 0;
}

/* ---- the ring ---- */

int ring_open(struct ring *r, char *why, size_t size)
{
    struct io_uring_params p = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                         IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE,
                                .cq_entries = COMPLETIONS};
    int error = io_uring_queue_init_params(SUBMISSIONS, &r->io, &p);

    if (error != 0)
        return fail(error, error == -EINVAL ? "the kernel is older than 6.1" : "io_uring_setup", why, size);
    error = open_buffers(r, why, size);
    if (error != 0) {
        io_uring_queue_exit(&r->io);
        return error;
    }
    io_uring_register_ring_fd(&r->io); /* saves a look-up per enter; optional */
    return 0;
}

void ring_close(struct ring *r)
{
    struct io_uring_sync_cancel_reg all = {
        .fd = -1, .flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL, .timeout = {.tv_sec = -1, .tv_nsec = -1}};

    io_uring_submit_and_get_events(&r->io);
    io_uring_register_sync_cancel(&r->io, &all);
    io_uring_get_events(&r->io);
    io_uring_unregister_buf_ring(&r->io, GROUP);
    io_uring_queue_exit(&r->io);
    unmap_buffers(r);
}

void ring_submit(struct ring *r)
{
    while (io_uring_sq_ready(&r->io) > 0) {
        int n = io_uring_submit(&r->io);

        must(n >= 0 || n == -EINTR || n == -EAGAIN || n == -ENOMEM || n == -EBUSY);
        if (n <= 0)
            io_uring_get_events(&r->io); /* completions make room for submissions */
    }
}

void ring_set_blocking(int fd)
{
    fcntl(fd, F_SETFL, 0);
}

struct io_uring_sqe *ring_sqe(struct ring *r, uint64_t data)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&r->io);

    if (UNLIKELY(sqe == NULL)) {
        ring_submit(r);
        sqe = io_uring_get_sqe(&r->io);
        must(sqe != NULL);
    }
    io_uring_sqe_set_data64(sqe, data);
    return sqe;
}

void ring_receive(struct ring *r, int fd, uint64_t data)
{
    struct io_uring_sqe *sqe = ring_sqe(r, data);

    io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
}

void ring_cancel(struct ring *r, uint64_t what)
{
    struct io_uring_sqe *sqe = ring_sqe(r, RING_NONE);

    io_uring_prep_cancel64(sqe, what, 0);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

#endif
