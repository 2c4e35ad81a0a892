/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http-load: many connections to the conformance worker, each at full speed, each answer
 * looked at. And, with -d, what becomes of requests when the worker is told to stop.
 *
 * A request counts as accepted when it was sent, all of it, before SIGTERM was: it must
 * be answered, whatever state its connection was in, the kernel's backlog included. A
 * request that was sent later is answered, or its connection is closed without a byte of
 * an answer: then the server closed it while the request was on its way, as any server
 * may that closes connections at all, and the client knows that nothing was done.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../bench/replay.h"
#include "load_script.h"

enum {
    RESPONSE_BYTES = 256 << 10,
    SHORT_LIVED = 8, /* each eighth connection ends after a few requests */
    FEW = 3,
    STALL_MS = 10000,
    MAX_COMPLAINTS = 20,
};
#define SECOND UINT64_C(1000000000)

static const char usage[] =
    "usage: http-load [option...] -- WORKER [argument...]\n"
    "  -s SECONDS      how long (10)       -k COUNT  connections (32)\n"
    "  -g KIB          that the worker's anonymous memory may grow after the first "
    "fifth\n"
    "                  (4096); 0: any\n"
    "  -d ROUNDS       in place of that: start the worker, stop it under load, so often\n"
    "  -e MS           with -d: it must have ended by then (5000)\n";

typedef struct options {
    unsigned seconds, connections, rounds, end_ms;
    long growth_kib;
    char **worker;
} options;

typedef struct connection {
    int fd; /* -1: none */
    load_script *script;
    unsigned number, asked; /* requests on this descriptor */
    bool last;              /* the server was asked to close after this one */
    uint64_t sent_at;
    size_t have;
    char *in; /* RESPONSE_BYTES */
} connection;

typedef struct load {
    const options *options;
    replay_peer worker;
    uint16_t port;
    int set;
    connection *all;
    uint64_t stopped_at; /* ns; SIGTERM was sent; 0: it was not */
    unsigned open;
    unsigned long answered, late_answered, late_closed, errors;
} load;

static void complain(load *l, const connection *c, const char *what)
{
    if (l->errors++ < MAX_COMPLAINTS)
        fprintf(stderr, "connection %u, %s: %s\n", c->number,
                load_script_method(c->script), what);
}

/* ---- the worker ---- */

static void start_worker(load *l)
{
    char line[32] = "";
    size_t n = 0;

    replay_spawn(&l->worker, l->options->worker, -1);
    while (n + 1 < sizeof(line) && read(l->worker.in_fd, line + n, 1) == 1 &&
           line[n] != '\n')
        n++;
    line[n] = '\0';
    if (strncmp(line, "PORT:", 5) != 0)
        replay_die("the worker said '%s' in place of PORT:<n>", line);
    l->port = (uint16_t)strtoul(line + 5, NULL, 10);
}

static void stop_worker(load *l)
{
    l->stopped_at = replay_now_ns();
    kill(l->worker.pid, SIGTERM);
}

/* Wait for its end; true: with status 0, and soon enough. */
static bool await_end(load *l)
{
    const int status = replay_close(&l->worker); /* which waits five seconds */
    const uint64_t ms = (replay_now_ns() - l->stopped_at) / 1000000;

    if (status == 0 && ms <= l->options->end_ms)
        return true;
    fprintf(stderr, "the worker ended with status %d, %u ms after SIGTERM\n", status,
            (unsigned)ms);
    return false;
}

/* ---- connections ---- */

static void close_connection(load *l, connection *c)
{
    close(c->fd);
    c->fd = -1;
    l->open--;
}

static void ask(connection *c)
{
    vgi_bytes request;

    c->asked++;
    c->last = c->number % SHORT_LIVED == 0 && c->asked == FEW;
    c->have = 0;
    request = load_script_next(c->script, c->last);
    for (size_t at = 0; at < request.len;) {
        ssize_t sent = send(c->fd, request.data + at, request.len - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            break; /* closed: reading will tell */
        at += (size_t)sent;
    }
    c->sent_at = replay_now_ns();
}

static void open_connection(load *l, connection *c)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
    static replay_peer peer;

    if (l->stopped_at != 0)
        return;
    replay_connect_port(&peer, l->port, l->worker.pid);
    c->fd = peer.in_fd;
    c->asked = 0;
    if (epoll_ctl(l->set, EPOLL_CTL_ADD, c->fd, &event) != 0)
        replay_die("epoll: %s", strerror(errno));
    l->open++;
    ask(c);
}

/* ---- responses ---- */

static const char *header(const char *head, const char *name)
{
    const size_t n = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':')
            return line + 3 + n + strspn(line + 3 + n, " ");
    return NULL;
}

/* The response is there: head of `head` bytes, which end with NUL, and the body. */
static void finish(load *l, connection *c, size_t head)
{
    const char *closing = header(c->in, "connection");
    const bool closes = closing && strncasecmp(closing, "close", 5) == 0;
    const char *wrong = NULL;

    if (strncmp(c->in, "HTTP/1.1 200 ", 13) != 0)
        wrong = c->in;
    else if (header(c->in, "x-vgi-rpc-error"))
        wrong = "an error in place of a result";
    else if (!header(c->in, "x-request-id"))
        wrong = "no X-Request-ID";
    else if (closes && !c->last && l->stopped_at == 0)
        wrong = "the connection is closed without a reason";
    else
        wrong = load_script_check(c->script,
                                  (vgi_bytes){ (uint8_t *)c->in + head, c->have - head });
    if (wrong)
        complain(l, c, wrong);
    l->answered++;
    if (l->stopped_at != 0 && c->sent_at > l->stopped_at)
        l->late_answered++;
    if (!wrong && !closes) {
        ask(c);
        return;
    }
    close_connection(l, c);
    if (!wrong)
        open_connection(l, c);
}

static void lost(load *l, connection *c)
{
    if (l->stopped_at != 0 && c->sent_at > l->stopped_at && c->have == 0)
        l->late_closed++;
    else
        complain(l, c, c->have == 0 ? "closed without an answer" : "closed in an answer");
    close_connection(l, c);
}

static void receive(load *l, connection *c)
{
    ssize_t got = read(c->fd, c->in + c->have, RESPONSE_BYTES - 1 - c->have);
    const char *stop, *length;
    size_t head;

    if (got <= 0) {
        lost(l, c);
        return;
    }
    c->have += (size_t)got;
    stop = memmem(c->in, c->have, "\r\n\r\n", 4);
    if (!stop)
        return;
    head = (size_t)(stop - c->in) + 4;
    c->in[head - 1] = '\0'; /* of the empty line */
    length = header(c->in, "content-length");
    if (length && c->have - head == strtoull(length, NULL, 10)) {
        finish(l, c, head);
        return;
    }
    c->in[head - 1] = '\n';
    if (!length || c->have - head > strtoull(length, NULL, 10) ||
        c->have == RESPONSE_BYTES - 1) {
        complain(l, c, "a response of another length than it says");
        close_connection(l, c);
    }
}

/* ---- what is done with all of this ---- */

static void begin(load *l, const options *o)
{
    memset(l, 0, sizeof(*l));
    l->options = o;
    l->set = epoll_create1(EPOLL_CLOEXEC);
    l->all = calloc(o->connections, sizeof(*l->all));
    if (l->set < 0 || !l->all)
        replay_die("out of memory");
    start_worker(l);
    for (unsigned i = 0; i < o->connections; i++) {
        connection *c = &l->all[i];
        c->number = i;
        c->script = load_script_new(i);
        c->in = malloc(RESPONSE_BYTES);
        if (!c->in)
            replay_die("out of memory");
        open_connection(l, c);
    }
}

/* Go on until `until`, or until no connection is left. */
static void run(load *l, uint64_t until)
{
    struct epoll_event events[64];

    for (uint64_t now; l->open > 0 && (now = replay_now_ns()) < until;) {
        const uint64_t left = (until - now) / 1000000 + 1;
        const int wait = left < STALL_MS ? (int)left : STALL_MS;
        const int n = epoll_wait(l->set, events, 64, wait);
        if (n == 0 && wait == STALL_MS)
            replay_die("no answer for %d ms", STALL_MS);
        for (int i = 0; i < n; i++)
            receive(l, events[i].data.ptr);
    }
}

static void end(load *l)
{
    for (unsigned i = 0; i < l->options->connections; i++) {
        connection *c = &l->all[i];
        if (c->fd >= 0)
            close_connection(l, c);
        load_script_free(c->script);
        free(c->in);
    }
    free(l->all);
    close(l->set);
}

/* Everything is answered before the worker is stopped. */
static bool steady(load *l, const options *o)
{
    const uint64_t from = replay_now_ns();
    long warm, grown;
    bool ended;

    begin(l, o);
    run(l, from + o->seconds * SECOND / 5);
    warm = replay_status_kib(&l->worker, "RssAnon:");
    run(l, from + o->seconds * SECOND);
    grown = replay_status_kib(&l->worker, "RssAnon:") - warm;
    printf("%lu answers on %u connections in %u s, %lu errors; anonymous memory %ld KiB "
           "when warm, %+ld at the end\n",
           l->answered, o->connections, o->seconds, l->errors, warm, grown);
    if (o->growth_kib != 0 && grown > o->growth_kib) {
        fprintf(stderr, "it may grow by %ld KiB\n", o->growth_kib);
        l->errors++;
    }
    end(l);
    stop_worker(l);
    ended = await_end(l);
    return ended && l->errors == 0 && l->answered > 0;
}

static bool drain(load *l, const options *o, unsigned round)
{
    const uint64_t ms = 100 + round * 37 % 300;
    bool ended;

    begin(l, o);
    run(l, replay_now_ns() + ms * SECOND / 1000);
    stop_worker(l);
    run(l, replay_now_ns() + 60 * SECOND); /* the server closes all */
    ended = await_end(l);
    printf("stopped after %u ms: %lu answers, %lu of requests sent later; %lu closed "
           "before an answer; %lu errors\n",
           (unsigned)ms, l->answered, l->late_answered, l->late_closed, l->errors);
    end(l);
    return ended && l->errors == 0 && l->answered > 0;
}

static unsigned number(const char *text)
{
    char *rest;
    unsigned long value = strtoul(text, &rest, 10);

    if (*rest || rest == text || value > 1000000)
        replay_die("'%s' is no number", text);
    return (unsigned)value;
}

static void parse(options *o, int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "+s:k:g:d:e:")) != -1;) {
        switch (option) {
        case 's':
            o->seconds = number(optarg);
            break;
        case 'k':
            o->connections = number(optarg);
            break;
        case 'g':
            o->growth_kib = (long)number(optarg);
            break;
        case 'd':
            o->rounds = number(optarg);
            break;
        case 'e':
            o->end_ms = number(optarg);
            break;
        default:
            fputs(usage, stderr);
            exit(2);
        }
    }
    o->worker = argv + optind;
    if (!*o->worker || o->connections == 0) {
        fputs(usage, stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    options o = { .seconds = 10, .connections = 32, .growth_kib = 4096, .end_ms = 5000 };
    unsigned passed = 0, tests;
    static load l;

    signal(SIGPIPE, SIG_IGN);
    parse(&o, argc, argv);
    tests = o.rounds > 0 ? o.rounds : 1;
    for (unsigned i = 0; i < tests; i++)
        passed += o.rounds > 0 ? drain(&l, &o, i) : steady(&l, &o);
    printf("%u passed, %u failed, 0 skipped\n", passed, tests - passed);
    return passed == tests ? 0 : 1;
}
