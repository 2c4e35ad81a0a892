/* SPDX-License-Identifier: Apache-2.0 */
#include "http/proto/message.h"

#include "http/proto/fields.h"

static const char *const verbs[] = {
    [VGI__HTTP_OTHER] = "",          [VGI__HTTP_GET] = "GET",
    [VGI__HTTP_HEAD] = "HEAD",       [VGI__HTTP_POST] = "POST",
    [VGI__HTTP_PUT] = "PUT",         [VGI__HTTP_DELETE] = "DELETE",
    [VGI__HTTP_OPTIONS] = "OPTIONS",
};

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    { 100, "Continue" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 422, "Unprocessable Content" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
};

/* The next header of that name, from *at on; *at moves behind it. */
static vgi_str next_line(const vgi__http_request *rq, const char *name, size_t *at)
{
    const size_t len = strlen(name);
    while (*at < rq->n_headers) {
        const vgi__http_header *h = &rq->headers[(*at)++];
        if (h->name.len == len && vgi__http_equal(h->name, name))
            return h->value;
    }
    return (vgi_str){ 0 };
}

vgi_str vgi__http_find(const vgi__http_request *rq, const char *name)
{
    size_t at = 0;
    return next_line(rq, name, &at);
}

int vgi__http_list(const vgi__http_request *rq, const char *name, vgi_arena *mem,
                   vgi_str *value)
{
    const vgi_str first = vgi__http_find(rq, name);
    size_t at = 0, len = 0;
    vgi_str line;
    while ((line = next_line(rq, name, &at)).data)
        len += line.len + 2;
    *value = first;
    if (len <= first.len + 2)
        return VGI_OK;
    char *to = vgi_arena_alloc(mem, len);
    *value = (vgi_str){ to, to ? len - 2 : 0 };
    for (at = 0; to && (line = next_line(rq, name, &at)).data; to += line.len + 2) {
        memcpy(to, line.data, line.len);
        memcpy(to + line.len, ", ", 2);
    }
    return value->data ? VGI_OK : VGI_ENOMEM;
}

void vgi__http_response_init(vgi__http_response *rs, const vgi_allocator *a)
{
    *rs = (vgi__http_response){ .status = 200 };
    vgi__buffer_init(&rs->head, a, SIZE_MAX);
    vgi__buffer_init(&rs->body, a, SIZE_MAX);
}

void vgi__http_response_reset(vgi__http_response *rs)
{
    rs->status = 200;
    vgi__buffer_clear(&rs->head);
    vgi__buffer_clear(&rs->body);
    rs->iov = NULL;
    rs->n_iov = 0;
    rs->close = false;
}

void vgi__http_response_free(vgi__http_response *rs)
{
    vgi__buffer_free(&rs->head);
    vgi__buffer_free(&rs->body);
    rs->iov = NULL;
    rs->n_iov = 0;
}

void vgi__http_set(vgi__http_response *rs, const char *name, vgi_str value)
{
    if (!vgi__http_is_value(value)) {
        rs->head.failed = true;
        return;
    }
    size_t n = strlen(name);
    uint8_t *to = vgi__buffer_extend(&rs->head, n + value.len + 4);
    if (!to)
        return;
    memcpy(to, name, n);
    memcpy(to + n, ": ", 2);
    if (value.len > 0)
        memcpy(to + n + 2, value.data, value.len);
    memcpy(to + n + 2 + value.len, "\r\n", 2);
}

size_t vgi__http_body_bytes(const vgi__http_response *rs)
{
    if (rs->n_iov == 0)
        return rs->body.len;
    size_t total = 0;
    for (size_t i = 0; i < rs->n_iov; i++)
        total += rs->iov[i].iov_len;
    return total;
}

const char *vgi__http_reason(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

const char *vgi__http_verb(vgi__http_method m)
{
    return verbs[m];
}
