/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/load.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/process.h"
#include "conf/kind.h"
#include "conf/state.h"

#define INCLUDE_DEPTH_MAX 16
#define INCLUDES_MAX      1000 /* directives that one start obeys */
#define FILE_SIZE_MAX     ((size_t)16 << 20)

/* A file that is being loaded. */
struct source {
    struct conf *c;
    const char *name;
    int line;
    int depth; /* 0: the main file */
    struct buf *err;
};

static bool load_source(struct source *src, struct slice text);

/* Appends "NAME:LINE: reason", and the text of the line unless `text` is NULL, as for lines with a secret. */
static bool fail_line(const struct source *src, const char *reason, const struct slice *text)
{
    buf_printf(src->err, "%s:%d: %s\n", src->name, src->line, reason);
    if (text)
        buf_printf(src->err, ">>> '%.*s'\n", (int)text->n, text->p);
    return false;
}

/* Opens the file; NULL: errno has the reason. Opening a FIFO would wait for a writer, and a device may never end. */
static FILE *open_regular(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    FILE *f;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
        errno = S_ISDIR(st.st_mode) ? EISDIR : ENOTSUP;
    else if ((f = fdopen(fd, "r")) != NULL)
        return f;
    close(fd);
    return NULL;
}

static int read_stream(FILE *f, struct buf *text)
{
    size_t n;

    do {
        n = fread(buf_reserve(text, 4096), 1, 4096, f);
        text->len += n;
    } while (n > 0 && text->len <= FILE_SIZE_MAX);
    if (ferror(f))
        return -errno;
    return text->len > FILE_SIZE_MAX ? -EFBIG : 0;
}

int load_read(const char *path, struct buf *text)
{
    FILE *f = open_regular(path);
    int status;

    if (f == NULL)
        return -errno;
    status = read_stream(f, text);
    fclose(f);
    return status;
}

/* The main file may be a pipe: a shell makes one of <(...). */
static int read_main(const char *path, struct buf *text)
{
    FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
    int status;

    if (f == NULL)
        return -errno;
    status = read_stream(f, text);
    if (f != stdin)
        fclose(f);
    return status;
}

static bool include_file(const struct source *from, const char *path)
{
    struct source src = {.c = from->c, .name = path, .depth = from->depth + 1, .err = from->err};
    struct buf text = BUF_EMPTY;
    int status = load_read(path, &text);
    bool ok;

    must(src.depth <= INCLUDE_DEPTH_MAX);
    if (status < 0) {
        buf_printf(from->err, "%s:%d: can't read '%s': %s\n", from->name, from->line, path, strerror(-status));
        ok = false;
    } else {
        ok = load_source(&src, buf_slice(&text));
    }
    buf_fini(&text);
    return ok;
}

/* Includes the files that match a pattern, in alphabetical order; there may be none. */
static bool include_pattern(const struct source *from, const char *pattern)
{
    glob_t found;
    bool ok = true;

    if (strpbrk(pattern, "*?[") == NULL)
        return include_file(from, pattern);
    if (glob(pattern, 0, NULL, &found) != 0)
        return true;
    for (size_t i = 0; ok && i < found.gl_pathc; i++)
        ok = include_file(from, found.gl_pathv[i]);
    globfree(&found);
    return ok;
}

/* Resolves a relative path against the directory in which the server was started, which may differ from the working
 * directory. The caller frees it. */
static char *from_base(const struct conf *c, const char *path)
{
    struct buf b = BUF_EMPTY;

    if (c->base && path[0] != '/')
        buf_printf(&b, "%s/%s", c->base, path);
    else
        buf_add_str(&b, path);
    buf_cstr(&b);
    return b.p;
}

static bool load_include(const struct source *src, const struct words *w)
{
    char *pattern;
    bool ok;

    if (w->n != 2)
        return fail_line(src, "include: wrong number of arguments", NULL);
    if (src->depth >= INCLUDE_DEPTH_MAX)
        return fail_line(src, "include: nested too deeply", NULL);
    if (++src->c->includes > INCLUDES_MAX)
        return fail_line(src, "include: too many of them", NULL);
    pattern = from_base(src->c, w->word[1]);
    ok = include_pattern(src, pattern);
    mem_free(pattern);
    return ok;
}

/* Sets an option from the words of a directive; the first is its name. */
static bool set_option(struct conf *c, enum option_id id, const struct words *w, char *why)
{
    struct words values = {w->word + 1, w->n - 1};
    char *path = id == OPT_dir && w->n == 2 ? from_base(c, w->word[1]) : NULL;
    bool ok;

    must(w->n >= 1 && id < OPTION_COUNT);
    if (path)
        values.word = &path;
    ok = state_parse(c, id, &values, why);
    mem_free(path);
    if (ok) {
        c->given[id] = true;
        c->line[id] = 0;
    }
    return ok;
}

static bool load_directive(const struct source *src, const struct words *w, struct slice line)
{
    enum option_id id = option_find(slice_str(w->word[0]));
    char why[OPTION_WHY_MAX];
    char reason[OPTION_WHY_MAX + 128];

    if (slice_is(slice_str(w->word[0]), "include"))
        return load_include(src, w);
    if (id == OPTION_COUNT) {
        snprintf(reason, sizeof(reason), "unknown directive '%.64s'", w->word[0]);
        return fail_line(src, reason, NULL);
    }
    if (!set_option(src->c, id, w, why)) {
        snprintf(reason, sizeof(reason), "%.64s: %s", option_table[id].name, why);
        return fail_line(src, reason, option_table[id].flags & OPTION_SECRET ? NULL : &line);
    }
    if (src->depth == 0)
        src->c->line[id] = src->line;
    return true;
}

static struct slice trim(struct slice s)
{
    while (s.n && isspace((unsigned char)s.p[0]))
        s = slice_of(s.p + 1, s.n - 1);
    while (s.n && isspace((unsigned char)s.p[s.n - 1]))
        s.n--;
    return s;
}

static bool load_line(const struct source *src, struct slice line)
{
    struct words w = WORDS_EMPTY;
    const char *wrong;
    bool ok = true;

    line = trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return true;
    wrong = words_split(&w, line);
    if (wrong)
        ok = fail_line(src, wrong, NULL);
    else if (w.n)
        ok = load_directive(src, &w, line);
    words_fini(&w);
    return ok;
}

static bool load_source(struct source *src, struct slice text)
{
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;

        src->line++;
        if (!load_line(src, slice_of(text.p, n)))
            return false;
        n += end != NULL;
        text = slice_of(text.p + n, text.n - n);
    }
    return true;
}

bool load_text(struct conf *c, const char *name, struct slice text, struct buf *err)
{
    struct source src = {.c = c, .name = name, .err = err};

    return load_source(&src, text);
}

static bool load_file(struct conf *c, const char *path, struct buf *err)
{
    struct buf text = BUF_EMPTY;
    int status = read_main(path, &text);
    bool ok = status == 0;

    if (ok)
        ok = load_text(c, strcmp(path, "-") ? path : "standard input", buf_slice(&text), err);
    else
        buf_printf(err, "can't open config file '%s': %s\n", path, strerror(-status));
    buf_fini(&text);
    return ok;
}

/* The environment. */

/* For a service named "larder" Kubernetes sets variables such as LARDER_PORT=tcp://10.0.0.1:6379. */
static bool is_service_link(enum option_id id, const char *value)
{
    return id == OPT_port && strstr(value, "://") != NULL;
}

/* An empty password is one that a container's environment was to set, and did not: without it the server would let
 * everybody in. */
static bool set_variable(struct conf *c, enum option_id id, const struct words *w, char *why)
{
    if (id == OPT_requirepass && w->word[1][0] == '\0')
        return kind_refuse(why, "the password is empty; unset the variable to have none");
    return set_option(c, id, w, why);
}

static bool load_variable(struct conf *c, struct slice name, const char *value, struct buf *err)
{
    enum option_id id = option_find_env(slice_of(name.p + strlen("LARDER_"), name.n - strlen("LARDER_")));
    struct words w = WORDS_EMPTY;
    char why[OPTION_WHY_MAX];
    bool ok;

    if (id == OPTION_COUNT || (option_table[id].flags & OPTION_FILE_ONLY) || is_service_link(id, value)) {
        words_add(&c->unknown_variables, name);
        return true;
    }
    words_add(&w, name);
    words_add_bytes(&w, slice_str(value));
    ok = set_variable(c, id, &w, why);
    if (!ok)
        buf_printf(err, "environment variable %s: %s\n", w.word[0], why);
    words_fini(&w);
    return ok;
}

static bool load_environment(struct conf *c, char *const *envp, struct buf *err)
{
    for (; envp && *envp; envp++) {
        const char *value = strchr(*envp, '=');

        if (strncmp(*envp, "LARDER_", strlen("LARDER_")) == 0 && value != NULL &&
            !load_variable(c, slice_of(*envp, (size_t)(value - *envp)), value + 1, err))
            return false;
    }
    return true;
}

/* The arguments. */

static bool is_option_name(const char *arg)
{
    return arg[0] == '-' && arg[1] == '-' && arg[2] != '\0';
}

/* Adds the values that follow an option's name, up to the next name. The first argument counts as a value even if it
 * looks like a name, except after --save, which may have no value. */
static char *const *take_values(struct words *w, char *const *argv)
{
    bool is_save = slice_is(slice_str(w->word[0]), "save");

    must(w->n >= 1);
    if (w->n == 1 && is_save && (*argv == NULL || is_option_name(*argv)))
        words_add(w, SLICE(""));
    else if (w->n == 1 && *argv)
        words_add_bytes(w, slice_str(*argv++));
    while (*argv && !is_option_name(*argv) && !(strcmp(*argv, "-") == 0 && argv[1] == NULL)) {
        words_add_bytes(w, slice_str(*argv));
        argv++;
    }
    return argv;
}

/* Sets an option; the first word is its name. */
static bool load_argument(struct conf *c, const struct words *w, struct buf *err)
{
    struct source src = {.c = c, .name = "--include", .line = 1, .depth = 1, .err = err};
    enum option_id id = option_find(slice_str(w->word[0]));
    char why[OPTION_WHY_MAX];

    if (slice_is(slice_str(w->word[0]), "include"))
        return load_include(&src, w);
    if (id == OPTION_COUNT) {
        buf_printf(err, "unknown option '--%.64s'\n", w->word[0]);
        return false;
    }
    if (!set_option(c, id, w, why)) {
        buf_printf(err, "--%s: %s\n", option_table[id].name, why);
        return false;
    }
    return true;
}

static bool load_arguments(struct conf *c, char *const *argv, struct buf *err)
{
    while (*argv && strcmp(*argv, "-")) {
        struct words w = WORDS_EMPTY;
        const char *wrong = NULL;
        bool ok = false;

        if (is_option_name(*argv))
            wrong = words_split(&w, slice_str(*argv + 2)); /* "--port 6380" may come as one argument */
        if (wrong || w.n == 0) {
            buf_printf(err, "%s: '%.64s'\n", wrong ? wrong : "not an option", *argv);
        } else {
            argv = take_values(&w, argv + 1);
            ok = load_argument(c, &w, err);
        }
        words_fini(&w);
        if (!ok)
            return false;
    }
    return true;
}

/* The end of the argument's text stays where it is: /proc shows it, blank but for one character. */
static void blank(char *text)
{
    size_t n = strlen(text);

    memset(text, 0, n);
    if (n != 0)
        text[0] = '*';
}

static bool is_secret(const char *name)
{
    enum option_id id = option_find(slice_str(name));

    return id != OPTION_COUNT && (option_table[id].flags & OPTION_SECRET);
}

static void hide_arguments(char *const *argv)
{
    while (*argv && strcmp(*argv, "-")) {
        struct words w = WORDS_EMPTY;
        char *const *name = argv;
        bool known = is_option_name(*argv) && words_split(&w, slice_str(*argv + 2)) == NULL && w.n != 0;
        bool secret = known && is_secret(w.word[0]);
        size_t length = known ? strlen(w.word[0]) + 2 : 0;

        argv = known ? take_values(&w, argv + 1) : argv + 1;
        words_fini(&w);
        if (!secret)
            continue;
        blank(*name + length + strspn(*name + length, " \t")); /* "--requirepass text" may be one argument */
        for (name++; name != argv; name++)
            blank(*name);
    }
}

static void hide_variables(char *const *envp)
{
    for (; envp && *envp; envp++) {
        char *value = strchr(*envp, '=');
        enum option_id id = OPTION_COUNT;

        if (strncmp(*envp, "LARDER_", strlen("LARDER_")) == 0 && value != NULL)
            id = option_find_env(slice_of(*envp + strlen("LARDER_"), (size_t)(value - *envp) - strlen("LARDER_")));
        if (id != OPTION_COUNT && (option_table[id].flags & OPTION_SECRET))
            blank(value + 1);
    }
}

/* The command line as a whole. */

struct start {
    enum load_action action;
    const char *file; /* NULL: none */
    bool has_stdin;
    char *const *options; /* the first argument that is an option */
};

/* The action that the first argument asks for. */
static enum load_action action_of(const char *arg)
{
    static const struct {
        const char *arg;
        enum load_action action;
    } known[] = {
        {"--help", LOAD_HELP},
        {"-h", LOAD_HELP},
        {"--version", LOAD_VERSION},
        {"-v", LOAD_VERSION},
        {"--sample-config", LOAD_SAMPLE},
        {"--commands-doc", LOAD_DOC},
        {"--check-config", LOAD_CHECK},
    };

    for (size_t i = 0; arg && i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(arg, known[i].arg) == 0)
            return known[i].action;
    }
    return LOAD_RUN;
}

/* Finds the action, where the options begin, and whether to read the standard input. */
static void read_start(char *const *argv, struct start *s)
{
    char *const *arg = argv[0] ? argv + 1 : argv;

    *s = (struct start){.action = action_of(*arg)};
    if (s->action == LOAD_CHECK)
        arg++;
    if (*arg && **arg != '-')
        s->file = *arg++;
    s->options = arg;
    if (*arg && strcmp(*arg, "-") == 0) {
        s->has_stdin = true;
        s->options = arg + 1;
    }
    for (; *arg; arg++)
        s->has_stdin |= strcmp(*arg, "-") == 0 && arg[1] == NULL;
}

static bool load_all(struct conf *c, const struct start *s, char *const *envp, struct buf *err)
{
    if (s->action == LOAD_CHECK && s->file == NULL && !s->has_stdin) {
        buf_add_str(err, "--check-config needs the name of a file, or '-' for the standard input\n");
        return false;
    }
    c->base = process_absolute(".");
    if (s->file)
        c->file = from_base(c, s->file); /* links in it are followed anew when it is rewritten */
    return (s->file == NULL || load_file(c, s->file, err)) && (!s->has_stdin || load_file(c, "-", err)) &&
           load_environment(c, envp, err) && load_arguments(c, s->options, err);
}

enum load_action load_start(char *const *argv, char *const *envp, struct conf **out, struct buf *err)
{
    struct start s;
    struct conf *c;

    *out = NULL;
    read_start(argv, &s);
    if (s.action != LOAD_RUN && s.action != LOAD_CHECK)
        return s.action;
    c = conf_new();
    buf_add_str(err, "\n*** FATAL CONFIG FILE ERROR (Larder " PACKAGE_VERSION ") ***\n");
    if (!load_all(c, &s, envp, err)) {
        conf_free(c);
        return LOAD_REFUSED;
    }
    err->len = 0;
    *out = c;
    return s.action;
}

void load_hide_secrets(char *const *argv, char *const *envp)
{
    struct start s;

    read_start(argv, &s);
    hide_arguments(s.options);
    hide_variables(envp);
}
