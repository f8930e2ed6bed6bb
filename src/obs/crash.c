/* SPDX-License-Identifier: BSD-3-Clause */
#include "obs/crash.h"

#ifdef LARDER_SANITIZE

void crash_install(const char *version, const char *(*doing)(void))
{
    (void)version;
    (void)doing;
}

void crash_thread_begin(void)
{
}

void crash_thread_end(void)
{
}

#else

#include <execinfo.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "obs/log.h"

#define STACK_BYTES (64 * 1024)
#define FRAMES_MAX  64
#define FLUSH_NS    100000000 /* for the thread that writes the log: what was logged before the crash */

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

static struct {
    const char *version;
    const char *(*doing)(void);
    atomic_flag begun; /* the first thread that crashes reports */
} state = {.begun = ATOMIC_FLAG_INIT};

static _Thread_local void *own_stack;

/* Writes to the log by write(2) alone. */
__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
    char line[512];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n >= (int)sizeof line)
        n = sizeof line - 1;
    if (n > 0 && write(log_descriptor(), line, (size_t)n) < 0)
        return;
}

static void report(int sig, const siginfo_t *info)
{
    const char *command = state.doing();
    void *frames[FRAMES_MAX];
    char thread[16] = "?";

    prctl(PR_GET_NAME, thread);
    put("\n=== Larder %s has crashed: signal %d (%s), address %p, at %lld s since 1970 ===\n", state.version, sig,
        sigabbrev_np(sig), sig == SIGABRT ? NULL : info->si_addr, (long long)time(NULL));
    if (must_failed() != NULL)
        put("Failed assertion: %s\n", must_failed());
    put("Process %d, thread %s, last command: %s\nBacktrace (addr2line -e larder-server finds the lines):\n",
        (int)getpid(), thread, command != NULL ? command : "none");
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), log_descriptor());
    put("=== End of the report ===\n");
}

/* The handlers are reset (SA_RESETHAND), so the signal ends the process when it is raised again. */
static void handle(int sig, siginfo_t *info, void *context)
{
    (void)context;
    if (atomic_flag_test_and_set(&state.begun))
        for (;;) /* another thread reports */
            pause();
    nanosleep(&(struct timespec){0, FLUSH_NS}, NULL);
    report(sig, info);
    raise(sig);
}

void crash_install(const char *version, const char *(*doing)(void))
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESETHAND};
    void *frame[1];

    state.version = version;
    state.doing = doing;
    backtrace(frame, 1); /* the first call loads a library, which a handler must not */
    sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}

void crash_thread_begin(void)
{
    must(own_stack == NULL);
    own_stack = mem_alloc(STACK_BYTES);
    sigaltstack(&(stack_t){.ss_sp = own_stack, .ss_size = STACK_BYTES}, NULL);
}

void crash_thread_end(void)
{
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    mem_free(own_stack);
    own_stack = NULL;
}

#endif
