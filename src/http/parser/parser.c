/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.
 *
 * llhttp reports pieces of names and values as pointers into the bytes just fed. Each is
 * noted as an offset from the start of the head; the bytes themselves are copied once per
 * feed, all together, after llhttp has seen them. A piece that continues in the next feed
 * is then simply longer, and pointers are made when the whole head is in one place.
 *
 *   fed       "POST /add HTTP/1.1\r\nHo" "st: a\r\n\r\n"
 *   head       POST /add HTTP/1.1\r\nHo   st: a\r\n\r\n
 *   spans      target 5+4, name 20+4, value 26+1
 *
 * What a request is refused for does not depend on how it was cut into pieces: all checks
 * of ours happen where a header, the head or a piece of body data ends or begins.
 *
 * Chunk extensions, trailers and padding of chunk sizes are skipped, but they are bytes
 * that no body limit sees. So the framing of a chunked body may take as much as a head,
 * and FRAMING_PER_BYTE times the body; one-byte chunks stay below that.
 */
#include "http/parser/parser.h"

#include <stdio.h>

#include <llhttp.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "http/proto/fields.h"

#define TARGET_BYTES ((size_t)8 << 10)
#define FRAMING_PER_BYTE 8
/* An idle connection keeps what most heads fit into. */
#define KEEP_HEAD_BYTES 2048
#define KEEP_HEADERS 32

typedef struct header_span {
    uint32_t name, name_len;
    uint32_t value, value_len;
} header_span;

typedef enum phase { PHASE_HEAD, PHASE_BODY, PHASE_OVER, PHASE_BAD } phase;

/* Of one message; all zero before its first byte. */
typedef struct message {
    phase phase;
    uint32_t target, target_len;
    header_span span; /* the header that is being read */
    size_t n_spans;
    vgi_str authority; /* of a target in absolute form */
    unsigned seen;     /* rules[] that a header of this head fell under */
    bool expects;      /* 100-continue */
    int64_t length;    /* declared; -1: chunked */
    uint64_t received; /* body bytes */
    uint64_t consumed; /* bytes behind the head, of all feeds but the running one */
    int status;        /* of a refusal */
} message;

struct vgi__http_parser {
    llhttp_t llhttp;
    message m;
    const uint8_t *fed; /* by the running feed */
    vgi__buffer head;
    header_span *spans;
    vgi__http_header *headers;
    size_t spans_cap, headers_cap;
    vgi__http_request request;
    vgi__http_parser_limits limits;
    vgi__http_body_sink *sink;
    void *user;
    const vgi_allocator *allocator;
    char reason[120];
};

VGI_PRINTF(3, 4)
static bool refuse(vgi__http_parser *p, int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->reason, sizeof(p->reason), fmt, ap);
    va_end(ap);
    p->m.phase = PHASE_BAD;
    p->m.status = status;
    return false;
}

static bool refuse_nomem(vgi__http_parser *p)
{
    return refuse(p, 503, "out of memory for the request");
}

/* ---- llhttp's callbacks: 0, or -1 after a refusal */

static uint32_t offset_of(const vgi__http_parser *p, const char *at)
{
    return (uint32_t)(p->head.len + (size_t)((const uint8_t *)at - p->fed));
}

static void extend(uint32_t *start, uint32_t *len, uint32_t at, size_t n)
{
    if (*len == 0)
        *start = at;
    *len += (uint32_t)n;
}

static int on_target(llhttp_t *llhttp, const char *at, size_t n)
{
    vgi__http_parser *p = llhttp->data;
    extend(&p->m.target, &p->m.target_len, offset_of(p, at), n);
    return 0;
}

static int on_name(llhttp_t *llhttp, const char *at, size_t n)
{
    vgi__http_parser *p = llhttp->data;
    if (p->m.phase == PHASE_HEAD) /* trailers come here too */
        extend(&p->m.span.name, &p->m.span.name_len, offset_of(p, at), n);
    return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t n)
{
    vgi__http_parser *p = llhttp->data;
    if (p->m.phase == PHASE_HEAD)
        extend(&p->m.span.value, &p->m.span.value_len, offset_of(p, at), n);
    return 0;
}

static int on_header(llhttp_t *llhttp)
{
    vgi__http_parser *p = llhttp->data;
    if (p->m.phase != PHASE_HEAD)
        return 0;
    if (p->m.n_spans == p->limits.headers) {
        refuse(p, 431, "more than %zu headers", p->limits.headers);
        return -1;
    }
    if (p->m.n_spans == p->spans_cap &&
        !vgi__grow(p->allocator, (void **)&p->spans, &p->spans_cap, p->m.n_spans + 1,
                   sizeof(*p->spans))) {
        refuse_nomem(p);
        return -1;
    }
    p->spans[p->m.n_spans++] = p->m.span;
    p->m.span = (header_span){ 0 };
    return 0;
}

static int on_end(llhttp_t *llhttp)
{
    (void)llhttp;
    return HPE_PAUSED;
}

/* `position`: bytes behind the head so far. */
static bool check_framing(vgi__http_parser *p, uint64_t position)
{
    uint64_t framing = position - p->m.received;
    if (framing > p->limits.head_bytes + FRAMING_PER_BYTE * p->m.received)
        return refuse(p, 400, "too much chunk framing: %llu bytes",
                      (unsigned long long)framing);
    return true;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t n)
{
    vgi__http_parser *p = llhttp->data;
    size_t before = (size_t)((const uint8_t *)at - p->fed);
    uint64_t left = (uint64_t)p->limits.body_bytes - p->m.received;
    if (!check_framing(p, p->m.consumed + before))
        return -1;
    /* llhttp's content_length: what is still to come of this chunk. */
    if (n > left || llhttp->content_length > left - n) {
        refuse(p, 413, "the request body is over the limit of %lld bytes",
               (long long)p->limits.body_bytes);
        return -1;
    }
    p->m.received += n;
    if (p->sink(p->user, (const uint8_t *)at, n) != VGI_OK) {
        refuse_nomem(p);
        return -1;
    }
    return 0;
}

static const llhttp_settings_t settings = {
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_header,
    .on_headers_complete = on_end,
    .on_body = on_body,
    .on_message_complete = on_end,
};

/* ---- our own rules about a head */

static bool is_host_char(char c)
{
    static const char others[] = "-_~%!$&'()*+,;=";
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           c == '.' || (c != ':' && memchr(others, c, sizeof(others) - 1));
}

static bool is_address_char(char c)
{
    return c == ':' || is_host_char(c);
}

/* A name or address, "[...]" around one with colons, then perhaps a port. */
static bool is_authority(vgi_str s)
{
    size_t i = 0;
    if (s.len > 0 && s.data[0] == '[') {
        for (i = 1; i < s.len && is_address_char(s.data[i]); i++)
            ;
        if (i == 1 || i == s.len || s.data[i++] != ']')
            return false;
    } else {
        while (i < s.len && is_host_char(s.data[i]))
            i++;
    }
    if (i == 0 || i == s.len)
        return i > 0;
    if (s.data[i++] != ':' || s.len - i > 5)
        return false;
    while (i < s.len && s.data[i] >= '0' && s.data[i] <= '9')
        i++;
    return i == s.len;
}

static bool check_host(vgi__http_parser *p, vgi_str value)
{
    return is_authority(value) || refuse(p, 400, "invalid Host header");
}

static bool check_coding(vgi__http_parser *p, vgi_str value)
{
    if (p->request.minor == 0)
        return refuse(p, 400, "Transfer-Encoding in an HTTP/1.0 request");
    return vgi__http_equal(value, "chunked") ||
           refuse(p, 400, "Transfer-Encoding is not chunked alone");
}

static bool check_expect(vgi__http_parser *p, vgi_str value)
{
    if (!vgi__http_equal(value, "100-continue"))
        return refuse(p, 417, "Expect is not 100-continue");
    p->m.expects = p->request.minor == 1;
    return true;
}

/* Headers that may come once. */
static const struct {
    vgi_str name;
    bool (*check)(vgi__http_parser *p, vgi_str value);
} rules[] = {
    { { "Host", 4 }, check_host },     { { "Content-Type", 12 }, NULL },
    { { "Authorization", 13 }, NULL }, { { "Transfer-Encoding", 17 }, check_coding },
    { { "Expect", 6 }, check_expect },
};
#define SEEN_HOST 1u

static bool check_header(vgi__http_parser *p, const vgi__http_header *h)
{
    for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (h->name.len != rules[i].name.len ||
            !vgi__http_equal(h->name, rules[i].name.data))
            continue;
        if (p->m.seen & 1u << i)
            return refuse(p, 400, "more than one %s header", rules[i].name.data);
        p->m.seen |= 1u << i;
        return !rules[i].check || rules[i].check(p, h->value);
    }
    return true;
}

static vgi_str text_at(const vgi__http_parser *p, uint32_t start, uint32_t len)
{
    return (vgi_str){ (const char *)p->head.data + start, len };
}

static bool take_headers(vgi__http_parser *p)
{
    if (!vgi__grow(p->allocator, (void **)&p->headers, &p->headers_cap, p->m.n_spans,
                   sizeof(*p->headers)))
        return refuse_nomem(p);
    for (size_t i = 0; i < p->m.n_spans; i++) {
        const header_span *span = &p->spans[i];
        vgi__http_header *h = &p->headers[i];
        h->name = text_at(p, span->name, span->name_len);
        h->value = text_at(p, span->value, span->value_len);
        while (h->value.len > 0 && (h->value.data[h->value.len - 1] == ' ' ||
                                    h->value.data[h->value.len - 1] == '\t'))
            h->value.len--;
        if (!check_header(p, h))
            return false;
        if (p->m.authority.data && vgi__http_equal(h->name, rules[0].name.data))
            h->value = p->m.authority; /* RFC 9112, 3.2.2 */
    }
    p->request.headers = p->headers;
    p->request.n_headers = p->m.n_spans;
    if (p->request.minor == 1 && !(p->m.seen & SEEN_HOST))
        return refuse(p, 400, "no Host header");
    return true;
}

/* Length of "http://" or "https://" at the start of a target; 0: neither is there. */
static size_t scheme_of(vgi_str target)
{
    static const char *const schemes[] = { "http://", "https://" };
    for (size_t i = 0; i < 2; i++) {
        vgi_str start = { target.data, strlen(schemes[i]) };
        if (start.len <= target.len && vgi__http_equal(start, schemes[i]))
            return start.len;
    }
    return 0;
}

/* Absolute form: what is behind scheme and authority is left of *target. */
static bool take_authority(vgi__http_parser *p, vgi_str *target)
{
    size_t start = scheme_of(*target), end = start;
    while (end < target->len && !memchr("/?", target->data[end], 2))
        end++;
    p->m.authority = (vgi_str){ target->data + start, end - start };
    *target = (vgi_str){ target->data + end, target->len - end };
    return start > 0 && is_authority(p->m.authority);
}

static bool take_target(vgi__http_parser *p)
{
    vgi_str target = text_at(p, p->m.target, p->m.target_len);
    vgi__http_request *rq = &p->request;
    if (target.len > TARGET_BYTES)
        return refuse(p, 414, "a request target of %zu bytes is over the limit of %zu",
                      target.len, TARGET_BYTES);
    bool whole_server = rq->method == VGI__HTTP_OPTIONS && vgi_str_eq(target, "*");
    bool absolute = target.data[0] != '/' && !whole_server;
    if ((absolute && !take_authority(p, &target)) ||
        (target.len > 0 && memchr(target.data, '#', target.len)))
        return refuse(p, 400, "the request target is neither a path nor an HTTP URL");
    const char *mark = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
    rq->path = target;
    rq->query = (vgi_str){ 0 };
    if (mark) {
        rq->path.len = (size_t)(mark - target.data);
        rq->query = (vgi_str){ mark + 1, target.len - rq->path.len - 1 };
    }
    if (rq->path.len == 0) /* "http://host" */
        rq->path = rq->method == VGI__HTTP_OPTIONS && !mark ? VGI_LIT("*") : VGI_LIT("/");
    return true;
}

static vgi__http_method method_of(uint8_t method)
{
    switch (method) {
    case HTTP_GET:
        return VGI__HTTP_GET;
    case HTTP_HEAD:
        return VGI__HTTP_HEAD;
    case HTTP_POST:
        return VGI__HTTP_POST;
    case HTTP_PUT:
        return VGI__HTTP_PUT;
    case HTTP_DELETE:
        return VGI__HTTP_DELETE;
    case HTTP_OPTIONS:
        return VGI__HTTP_OPTIONS;
    default:
        return VGI__HTTP_OTHER;
    }
}

/* llhttp knows other protocols too, and lets more than one space pass. */
static bool check_line(vgi__http_parser *p)
{
    static const char version[] = " HTTP/1.";
    const size_t n = sizeof(version) - 1;
    size_t end = (size_t)p->m.target + p->m.target_len;
    if (p->head.data[p->m.target - 2] == ' ')
        return refuse(p, 400, "more than one space before the request target");
    if (p->head.len - end < n || memcmp(p->head.data + end, version, n) != 0 ||
        p->llhttp.http_minor > 1)
        return refuse(p, 400, "the HTTP version is not 1.0 or 1.1");
    return true;
}

static bool take_head(vgi__http_parser *p)
{
    llhttp_t *llhttp = &p->llhttp;
    vgi__http_request *rq = &p->request;
    if (!check_line(p))
        return false;
    if (llhttp->method == HTTP_CONNECT)
        return refuse(p, 400, "this is no proxy");
    llhttp->upgrade = 0; /* an offer of another protocol may be ignored: RFC 9110, 7.8 */
    rq->method = method_of(llhttp->method);
    rq->verb = vgi_str_from(llhttp_method_name((llhttp_method_t)llhttp->method));
    rq->minor = llhttp->http_minor;
    rq->keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    if (!take_target(p) || !take_headers(p))
        return false;
    bool chunked = llhttp->flags & F_CHUNKED;
    if (!chunked && llhttp->content_length > (uint64_t)p->limits.body_bytes)
        return refuse(p, 413, "a request body of %llu bytes is over the limit of %lld",
                      (unsigned long long)llhttp->content_length,
                      (long long)p->limits.body_bytes);
    p->m.length = chunked ? -1 : (int64_t)llhttp->content_length;
    p->m.expects = p->m.expects && p->m.length != 0;
    p->m.phase = PHASE_BODY;
    return true;
}

/* ---- feeding */

/* Run llhttp. False: refused. *used: bytes before the pause, or all. */
static bool execute(vgi__http_parser *p, const uint8_t *bytes, size_t n, size_t *used,
                    bool *paused)
{
    p->fed = bytes;
    llhttp_errno_t rc = llhttp_execute(&p->llhttp, (const char *)bytes, n);
    *paused = rc == HPE_PAUSED;
    if (rc == HPE_OK || *paused) {
        const char *end = *paused ? llhttp_get_error_pos(&p->llhttp) : NULL;
        *used = end ? (size_t)((const uint8_t *)end - bytes) : n;
        return true;
    }
    if (p->m.phase != PHASE_BAD)
        refuse(p, 400, "%s", llhttp_get_error_reason(&p->llhttp));
    return false;
}

static vgi__http_step feed_head(vgi__http_parser *p, const uint8_t *bytes, size_t n,
                                size_t *used)
{
    size_t room = p->limits.head_bytes - p->head.len;
    bool complete;
    if (!execute(p, bytes, n < room ? n : room, used, &complete))
        return VGI__HTTP_BAD;
    if (!vgi__buffer_append(&p->head, bytes, *used)) {
        refuse_nomem(p);
        return VGI__HTTP_BAD;
    }
    if (complete)
        return take_head(p) ? VGI__HTTP_HEAD_DONE : VGI__HTTP_BAD;
    if (*used < room)
        return VGI__HTTP_MORE;
    if (p->m.target_len > TARGET_BYTES)
        refuse(p, 414, "the request target is over the limit of %zu bytes", TARGET_BYTES);
    else
        refuse(p, 431, "the request head is over the limit of %zu bytes",
               p->limits.head_bytes);
    return VGI__HTTP_BAD;
}

static vgi__http_step feed_body(vgi__http_parser *p, const uint8_t *bytes, size_t n,
                                size_t *used)
{
    bool complete;
    llhttp_resume(&p->llhttp);
    if (!execute(p, bytes, n, used, &complete))
        return VGI__HTTP_BAD;
    p->m.consumed += *used;
    if (!check_framing(p, p->m.consumed))
        return VGI__HTTP_BAD;
    if (!complete)
        return VGI__HTTP_MORE;
    p->m.phase = PHASE_OVER;
    return VGI__HTTP_DONE;
}

vgi__http_step vgi__http_parser_feed(vgi__http_parser *p, const uint8_t *bytes, size_t n,
                                     size_t *used)
{
    static const uint8_t none[1] = { 0 };
    *used = 0;
    if (n == 0)
        bytes = none;
    switch (p->m.phase) {
    case PHASE_HEAD:
        return feed_head(p, bytes, n, used);
    case PHASE_BODY:
        return feed_body(p, bytes, n, used);
    case PHASE_OVER:
        return VGI__HTTP_DONE;
    default:
        return VGI__HTTP_BAD;
    }
}

/* ---- the object */

int vgi__http_parser_new(vgi__http_parser **out, const vgi__http_parser_limits *limits,
                         vgi__http_body_sink *sink, void *user, const vgi_allocator *a,
                         vgi_error *err)
{
    vgi__http_parser *p = vgi__calloc(a, 1, sizeof(*p));
    if (!p)
        return vgi__fail_nomem(err);
    p->limits = *limits;
    if (p->limits.head_bytes > UINT32_MAX) /* offsets are 32 bits wide */
        p->limits.head_bytes = UINT32_MAX;
    p->sink = sink;
    p->user = user;
    p->allocator = a;
    vgi__buffer_init(&p->head, a, SIZE_MAX);
    vgi__http_parser_reset(p);
    *out = p;
    return VGI_OK;
}

void vgi__http_parser_free(vgi__http_parser *p)
{
    if (!p)
        return;
    vgi__buffer_free(&p->head);
    vgi__free(p->allocator, p->spans);
    vgi__free(p->allocator, p->headers);
    vgi__free(p->allocator, p);
}

void vgi__http_parser_reset(vgi__http_parser *p)
{
    llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
    p->llhttp.data = p;
    p->m = (message){ 0 };
    p->request = (vgi__http_request){ 0 };
    vgi__buffer_clear(&p->head);
}

void vgi__http_parser_shrink(vgi__http_parser *p)
{
    if (!vgi__http_parser_fresh(p))
        return;
    if (p->head.cap > KEEP_HEAD_BYTES)
        vgi__buffer_free(&p->head);
    if (p->spans_cap > KEEP_HEADERS) {
        vgi__free(p->allocator, p->spans);
        vgi__free(p->allocator, p->headers);
        p->spans = NULL;
        p->headers = NULL;
        p->spans_cap = p->headers_cap = 0;
    }
}

const vgi__http_request *vgi__http_parser_head(const vgi__http_parser *p)
{
    return &p->request;
}

int64_t vgi__http_parser_length(const vgi__http_parser *p)
{
    return p->m.length;
}

bool vgi__http_parser_expects(const vgi__http_parser *p)
{
    return p->m.expects;
}

bool vgi__http_parser_fresh(const vgi__http_parser *p)
{
    return p->m.phase == PHASE_HEAD && p->head.len == 0;
}

int vgi__http_parser_status(const vgi__http_parser *p)
{
    return p->m.status;
}

const char *vgi__http_parser_reason(const vgi__http_parser *p)
{
    return p->reason;
}
