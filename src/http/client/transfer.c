/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: one transfer at a time on libcurl.
 *
 * A multi handle with one easy handle: as fast as curl_easy_perform, but the waiting is
 * ours, so that "no progress for so many milliseconds" is exact. The connection stays in
 * the multi handle's cache.
 *
 * A kept connection which the server has closed meanwhile is replaced by libcurl itself,
 * and as long as no byte of an answer has come it sends the request again, for which the
 * body can be read twice. But the server may have closed it in the middle of its work. So
 * a request that must not be executed twice gets no second connection once anything of it
 * has left: that is refused where sockets are opened.
 *
 * Bodies up to GATHER_BYTES leave together with the head, in one packet where it fits;
 * longer ones are read from the caller's memory as the socket takes them.
 *
 * The answer is kept by the receiver, which has the limits; content codings are not
 * libcurl's business either.
 */
#include "http/client/transfer.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>
#include <vgirpc/version.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "http/client/address.h"
#include "http/client/receiver.h"
#include "http/proto/fields.h"

#define GATHER_BYTES ((size_t)64 << 10)
#define SOCKET_BUFFER_BYTES (256L << 10)
#define IDLE_WAIT_MS 60000
#define NS_PER_MS 1000000U
/* Many servers close what was idle for 75 seconds: do not meet them there. */
#define MOST_IDLE_S 60L

struct vgi__transfer {
    const vgi_allocator *allocator;
    CURLM *multi;
    CURL *easy;
    bool public_only; /* connect to no other addresses */
    bool once;        /* this request must not be executed twice */
    unsigned read_ms;
    uint64_t deadline; /* of this transfer; 0: none */
    bool late;         /* it has passed */
    const atomic_bool *stop;
    char refused[VGI__ADDRESS_TEXT_BYTES]; /* an address that is not public; or "" */
    vgi__buffer lines;      /* request headers, one after the other, NUL-terminated */
    vgi__buffer last_lines; /* what `list` was made from */
    struct curl_slist *list;
    vgi__buffer gathered;     /* a short request body */
    const struct iovec *body; /* being sent: `sent` bytes of run `run` are */
    size_t n_body, run, sent;
    vgi__receiver in;
    char why[CURL_ERROR_SIZE];
};

/* ---- callbacks ---- */

static size_t on_line(char *line, size_t size, size_t n, void *user)
{
    vgi__transfer *t = user;
    return vgi__receiver_line(&t->in, line, size * n) ? size * n : 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *user)
{
    vgi__transfer *t = user;
    curl_off_t expected = -1;
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &expected);
    return vgi__receiver_body(&t->in, p, size * n, expected) ? size * n : 0;
}

static size_t on_send(char *to, size_t size, size_t n, void *user)
{
    vgi__transfer *t = user;
    size_t room = size * n, done = 0;
    while (done < room && t->run < t->n_body) {
        const struct iovec *v = &t->body[t->run];
        size_t take = v->iov_len - t->sent;
        take = take < room - done ? take : room - done;
        if (take > 0)
            memcpy(to + done, (const char *)v->iov_base + t->sent, take);
        done += take;
        t->sent += take;
        if (t->sent == v->iov_len) {
            t->run++;
            t->sent = 0;
        }
    }
    return done;
}

/* Only ever back to the start. */
static int on_rewind(void *user, curl_off_t offset, int origin)
{
    vgi__transfer *t = user;
    if (offset != 0 || origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    t->run = t->sent = 0;
    return CURL_SEEKFUNC_OK;
}

/* Has anything of the request left? */
static bool has_sent(const vgi__transfer *t)
{
    long bytes = 0;
    curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
}

/* Whatever name led to it, this is the address that would be connected to. */
static curl_socket_t on_open(void *user, curlsocktype purpose, struct curl_sockaddr *to)
{
    vgi__transfer *t = user;
    (void)purpose;
    if (t->once && has_sent(t))
        return CURL_SOCKET_BAD;
    if (t->public_only && !vgi__address_is_public(&to->addr)) {
        vgi__address_text(t->refused, &to->addr);
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* ---- life ---- */

static CURLcode global_result;

static void init_library(void)
{
    global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool library_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    return global_result == CURLE_OK;
}

/* Out of memory is all that can go wrong here, and what a build of libcurl lacks. */
static bool set_texts(CURL *e, const vgi__transfer_options *o)
{
    bool ok =
        curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
        curl_easy_setopt(e, CURLOPT_USERAGENT, "vgirpc/" VGI_VERSION_STRING) == CURLE_OK;
    if (ok && o->ca_file)
        ok = curl_easy_setopt(e, CURLOPT_CAINFO, o->ca_file) == CURLE_OK;
    if (ok && o->unix_path)
        ok = curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, o->unix_path) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK;
    if (ok && o->public_only)
        ok = curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK;
    return ok;
}

static bool set_up(vgi__transfer *t, const vgi__transfer_options *o)
{
    CURL *e = t->easy;
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->why);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, SOCKET_BUFFER_BYTES);
    curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, SOCKET_BUFFER_BYTES);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, on_send);
    curl_easy_setopt(e, CURLOPT_READDATA, t);
    curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_rewind);
    curl_easy_setopt(e, CURLOPT_SEEKDATA, t);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, MOST_IDLE_S);
    if (o->insecure) {
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return set_texts(e, o);
}

int vgi__transfer_new(vgi__transfer **out, const vgi__transfer_options *options,
                      vgi_error *err)
{
    if (!library_ready())
        return vgi__fail(err, VGI_EINTERNAL, NULL, "libcurl does not start: %s",
                         curl_easy_strerror(global_result));
    vgi__transfer *t = vgi__calloc(options->allocator, 1, sizeof(*t));
    if (!t)
        return vgi__fail_nomem(err);
    t->allocator = options->allocator;
    t->public_only = options->public_only;
    t->read_ms = options->read_ms;
    vgi__buffer_init(&t->lines, t->allocator, SIZE_MAX);
    vgi__buffer_init(&t->last_lines, t->allocator, SIZE_MAX);
    vgi__buffer_init(&t->gathered, t->allocator, SIZE_MAX);
    vgi__receiver_init(&t->in, options->head_bytes, t->allocator);
    t->multi = curl_multi_init();
    t->easy = curl_easy_init();
    if (!t->multi || !t->easy || !set_up(t, options)) {
        vgi__transfer_free(t);
        return vgi__fail_nomem(err);
    }
    *out = t;
    return VGI_OK;
}

void vgi__transfer_free(vgi__transfer *t)
{
    if (!t)
        return;
    if (t->easy)
        curl_easy_cleanup(t->easy);
    if (t->multi)
        curl_multi_cleanup(t->multi);
    curl_slist_free_all(t->list);
    vgi__buffer_free(&t->lines);
    vgi__buffer_free(&t->last_lines);
    vgi__buffer_free(&t->gathered);
    vgi__receiver_free(&t->in);
    vgi__free(t->allocator, t);
}

/* ---- the request ---- */

static bool add_line(vgi__buffer *b, const vgi__http_header *h)
{
    /* libcurl's way of writing a header without a value. */
    const char *between = h->value.len ? ": " : ";";
    return vgi__buffer_append(b, h->name.data, h->name.len) &&
           vgi__buffer_str(b, between) &&
           vgi__buffer_append(b, h->value.data, h->value.len) &&
           vgi__buffer_char(b, '\0');
}

static bool make_list(vgi__transfer *t)
{
    curl_slist_free_all(t->list);
    t->list = NULL;
    vgi__buffer_clear(&t->last_lines);
    for (size_t at = 0; at < t->lines.len;) {
        const char *line = (const char *)t->lines.data + at;
        struct curl_slist *longer = curl_slist_append(t->list, line);
        if (!longer)
            return false;
        t->list = longer;
        at += strlen(line) + 1;
    }
    return vgi__buffer_append(&t->last_lines, t->lines.data, t->lines.len);
}

/* The header list of the request; most often it is that of the one before. */
static int set_headers(vgi__transfer *t, const vgi__transfer_request *rq, vgi_error *err)
{
    /* A header to leave out: no waiting for "100 Continue" before a body is sent. */
    static const char expect[] = "Expect:";
    vgi__buffer_clear(&t->lines);
    vgi__buffer_append(&t->lines, expect, sizeof(expect));
    for (size_t i = 0; i < rq->n_headers; i++)
        add_line(&t->lines, &rq->headers[i]);
    if (t->lines.failed)
        return vgi__fail_nomem(err);
    const bool same = t->list && t->last_lines.len == t->lines.len &&
                      memcmp(t->last_lines.data, t->lines.data, t->lines.len) == 0;
    if (!same && !make_list(t))
        return vgi__fail_nomem(err);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->list);
    return VGI_OK;
}

static int gather(vgi__transfer *t, vgi_error *err)
{
    vgi__buffer_clear(&t->gathered);
    for (size_t i = 0; i < t->n_body; i++)
        vgi__buffer_append(&t->gathered, t->body[i].iov_base, t->body[i].iov_len);
    return t->gathered.failed ? vgi__fail_nomem(err) : VGI_OK;
}

static int set_body(vgi__transfer *t, const vgi__transfer_request *rq, vgi_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < rq->n_body; i++)
        total += rq->body[i].iov_len;
    t->body = rq->body;
    t->n_body = rq->n_body;
    t->run = t->sent = 0;
    curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)total);
    const void *at = rq->n_body == 1 ? rq->body[0].iov_base : NULL;
    if (rq->n_body != 1 && total <= GATHER_BYTES) {
        int rc = gather(t, err);
        if (rc != VGI_OK)
            return rc;
        at = t->gathered.data ? (const void *)t->gathered.data : "";
    }
    /* Without this, libcurl calls on_send. */
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, at);
    return VGI_OK;
}

static int set_request(vgi__transfer *t, const vgi__transfer_request *rq, vgi_error *err)
{
    CURL *e = t->easy;
    int rc = set_headers(t, rq, err);
    if (rc != VGI_OK)
        return rc;
    if (curl_easy_setopt(e, CURLOPT_URL, rq->url) != CURLE_OK)
        return vgi__fail_nomem(err);
    const char *verb = NULL;
    if (rq->n_body > 0 || rq->method == VGI__HTTP_POST || rq->method == VGI__HTTP_PUT) {
        rc = set_body(t, rq, err);
        verb = rq->method == VGI__HTTP_POST ? NULL : vgi__http_verb(rq->method);
    } else if (rq->method == VGI__HTTP_HEAD) {
        curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
        verb = rq->method == VGI__HTTP_GET ? NULL : vgi__http_verb(rq->method);
    }
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, verb);
    curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)rq->max_body);
    return rc;
}

/* ---- running ---- */

static bool connected(const vgi__transfer *t)
{
    curl_off_t us = 0;
    curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &us);
    return us > 0;
}

static uint64_t progress(const vgi__transfer *t)
{
    curl_off_t up = 0;
    curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    return (uint64_t)up + t->in.head_bytes + t->in.body_len;
}

/* Until the deadline, rounded up. */
static int time_left(const vgi__transfer *t, uint64_t now)
{
    if (!t->deadline || t->deadline > now + IDLE_WAIT_MS * (uint64_t)NS_PER_MS)
        return IDLE_WAIT_MS;
    return t->deadline > now ? (int)((t->deadline - now - 1) / NS_PER_MS + 1) : 0;
}

/* How long to wait for something to happen; 0: too long already. Connecting has a timeout
 * of its own. */
static int patience(vgi__transfer *t, uint64_t *last, uint64_t *seen)
{
    const uint64_t now = vgi__clock_ns(), got = progress(t);
    const int most = time_left(t, now);
    t->late = most == 0;
    if (!t->read_ms || t->late)
        return most;
    if (got != *seen || !connected(t)) {
        *seen = got;
        *last = now;
    }
    const uint64_t waited_ms = (now - *last) / NS_PER_MS;
    const int wait_ms = waited_ms < t->read_ms ? (int)(t->read_ms - waited_ms) : 0;
    return wait_ms < most ? wait_ms : most;
}

/* Until the transfer is over. CURLE_OPERATION_TIMEDOUT: without progress for too long. */
static CURLcode drive(vgi__transfer *t)
{
    uint64_t last = vgi__clock_ns(), seen = 0;
    for (;;) {
        int running = 0, left;
        if (curl_multi_perform(t->multi, &running) != CURLM_OK)
            return CURLE_OUT_OF_MEMORY;
        if (!running) {
            const CURLMsg *m = curl_multi_info_read(t->multi, &left);
            return m ? m->data.result : CURLE_GOT_NOTHING;
        }
        if (t->stop && atomic_load(t->stop))
            return CURLE_ABORTED_BY_CALLBACK;
        const int wait_ms = patience(t, &last, &seen);
        if (wait_ms == 0)
            return CURLE_OPERATION_TIMEDOUT;
        if (curl_multi_poll(t->multi, NULL, 0, wait_ms, NULL) != CURLM_OK)
            return CURLE_OUT_OF_MEMORY;
    }
}

/* ---- failures ---- */

/* "host:port" of a URL, without what else may stand in it. */
static void name_host(char *out, size_t size, const char *url)
{
    CURLU *u = curl_url();
    char *host = NULL, *port = NULL;
    char echo[VGI_ECHO_SIZE];
    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
        curl_url_get(u, CURLUPART_HOST, &host, 0);
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
    }
    vgi__echo(echo, vgi_str_from(host ? host : "the server"));
    (void)snprintf(out, size, "%.256s%s%.8s", echo, port ? ":" : "", port ? port : "");
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
}

/* What a result of libcurl is to us; the rest is VGI_EIO. */
static const struct meaning {
    CURLcode code;
    int rc;
    bool untouched;
} meanings[] = {
    { CURLE_COULDNT_RESOLVE_HOST, VGI_ECONNECT, true },
    { CURLE_COULDNT_RESOLVE_PROXY, VGI_ECONNECT, true },
    { CURLE_COULDNT_CONNECT, VGI_ECONNECT, true },
    { CURLE_SSL_CONNECT_ERROR, VGI_ECONNECT, false },
    { CURLE_PEER_FAILED_VERIFICATION, VGI_ECONNECT, false },
    { CURLE_SSL_CACERT_BADFILE, VGI_ECONNECT, false },
    { CURLE_GOT_NOTHING, VGI_ECLOSED, false },
    { CURLE_SEND_ERROR, VGI_ECLOSED, false },
    { CURLE_RECV_ERROR, VGI_ECLOSED, false },
    { CURLE_PARTIAL_FILE, VGI_ECLOSED, false },
    { CURLE_WEIRD_SERVER_REPLY, VGI_EPROTO, false },
    { CURLE_UNSUPPORTED_PROTOCOL, VGI_EPROTO, false },
    { CURLE_URL_MALFORMAT, VGI_EINVAL, false },
    { CURLE_OUT_OF_MEMORY, VGI_ENOMEM, false },
    { CURLE_ABORTED_BY_CALLBACK, VGI_ECANCELLED, false },
};

static struct meaning meaning_of(CURLcode code)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
        if (meanings[i].code == code)
            return meanings[i];
    return (struct meaning){ code, VGI_EIO, false };
}

static int timed_out(const vgi__transfer *t, const char *host, unsigned timeout_ms,
                     bool *untouched, vgi_error *err)
{
    *untouched = !connected(t);
    if (t->late)
        return vgi__fail(err, VGI_ETIMEDOUT, NULL, "%s: it took more than %u ms", host,
                         timeout_ms);
    if (*untouched)
        return vgi__fail(err, VGI_ETIMEDOUT, NULL, "%s: connecting took too long", host);
    return vgi__fail(err, VGI_ETIMEDOUT, NULL, "%s: no byte came or went for %u ms", host,
                     t->read_ms);
}

static int failed(const vgi__transfer *t, CURLcode code, const vgi__transfer_request *rq,
                  vgi__transfer_answer *answer, vgi_error *err)
{
    char host[300], echo[VGI_ECHO_SIZE];
    name_host(host, sizeof(host), rq->url);
    if (t->in.rc != VGI_OK)
        return vgi__fail(err, t->in.rc, t->in.why.type, "%s: %s", host,
                         t->in.why.message);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return timed_out(t, host, rq->timeout_ms, &answer->untouched, err);
    if (code == CURLE_FILESIZE_EXCEEDED)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "%s: the answer is longer than the limit of %lld bytes", host,
                         (long long)rq->max_body);
    const struct meaning m = meaning_of(code);
    answer->refused = m.rc == VGI_ECONNECT && *t->refused;
    if (answer->refused)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "%s has the address %s, which is not a public one", host,
                         t->refused);
    if (m.untouched && has_sent(t))
        return vgi__fail(err, VGI_ECLOSED, NULL,
                         "%s: the connection was lost before an answer came", host);
    answer->untouched = m.untouched;
    return vgi__fail(
        err, m.rc, NULL, "%s: %s", host,
        vgi__echo(echo, vgi_str_from(*t->why ? t->why : curl_easy_strerror(code))));
}

int vgi__transfer_run(vgi__transfer *t, const vgi__transfer_request *rq,
                      vgi__transfer_answer *answer, vgi_error *err)
{
    *answer = (vgi__transfer_answer){ 0 };
    vgi__receiver_begin(&t->in, rq->into, rq->max_body);
    t->stop = rq->stop;
    t->once = rq->once;
    t->why[0] = t->refused[0] = '\0';
    t->deadline =
        rq->timeout_ms ? vgi__clock_ns() + rq->timeout_ms * (uint64_t)NS_PER_MS : 0;
    int rc = set_request(t, rq, err);
    if (rc != VGI_OK)
        return rc;
    if (curl_multi_add_handle(t->multi, t->easy) != CURLM_OK)
        return vgi__fail_nomem(err);
    const CURLcode code = drive(t);
    if (code != CURLE_OK)
        rc = failed(t, code, rq, answer, err);
    curl_multi_remove_handle(t->multi, t->easy);
    if (rc == VGI_OK)
        rc = vgi__receiver_headers(&t->in, err);
    if (rc != VGI_OK)
        return rc;
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    answer->headers = t->in.headers;
    answer->n_headers = t->in.n_headers;
    answer->body_len = t->in.body_len;
    answer->body = vgi__receiver_take(&t->in);
    return VGI_OK;
}

void vgi__transfer_wake(vgi__transfer *t)
{
    curl_multi_wakeup(t->multi);
}

vgi_str vgi__transfer_header(const vgi__transfer_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->n_headers; i++)
        if (vgi__http_equal(answer->headers[i].name, name))
            return answer->headers[i].value;
    return (vgi_str){ 0 };
}
