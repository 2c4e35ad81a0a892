/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vgirpc/limits.h>

#include "base/text.h"
#include "base/utf8.h"

const char *vgi_status_name(int status)
{
    switch (status) {
    case VGI_OK:
        return "VGI_OK";
    case VGI_END:
        return "VGI_END";
#define NAME_CASE(name, number, text) \
    case VGI_##name: \
        return "VGI_" #name;
        VGI_STATUS_MAP(NAME_CASE)
#undef NAME_CASE
    default:
        return "VGI_?";
    }
}

const char *vgi_status_text(int status)
{
    switch (status) {
    case VGI_OK:
        return "success";
    case VGI_END:
        return "the stream is over";
#define TEXT_CASE(name, number, text) \
    case VGI_##name: \
        return text;
        VGI_STATUS_MAP(TEXT_CASE)
#undef TEXT_CASE
    default:
        return "unknown status";
    }
}

static const char *default_type(int code)
{
    switch (code) {
    case VGI_EPROTO:
        return "ArrowInvalid";
    case VGI_ELIMIT:
        return "LimitError";
    case VGI_ESCHEMA:
    case VGI_EINVAL:
        return "TypeError";
    case VGI_ENOMEM:
        return "MemoryError";
    case VGI_EIO:
        return "OSError";
    case VGI_ENOTSUP:
        return "NotImplementedError";
    default:
        return "RuntimeError";
    }
}

/* Cut what vsnprintf left at a character boundary. `want`: its result. */
static void cut(char *text, size_t size, int want)
{
    if (want >= 0 && (size_t)want >= size)
        text[vgi__utf8_cut(text, size - 1, size - 2)] = '\0';
}

int vgi__vfail(vgi_error *err, int code, const char *type, const char *fmt, va_list ap)
{
    if (!err)
        return code;
    vgi_error e = { .code =
                        code }; /* apart from *err, which the arguments may point into */
    int n = snprintf(e.type, sizeof(e.type), "%s", type ? type : default_type(code));
    cut(e.type, sizeof(e.type), n);
    n = vsnprintf(e.message, sizeof(e.message), fmt, ap);
    cut(e.message, sizeof(e.message), n);
    *err = e;
    return code;
}

int vgi__fail(vgi_error *err, int code, const char *type, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vgi__vfail(err, code, type, fmt, ap);
    va_end(ap);
    return code;
}

int vgi__fail_nomem(vgi_error *err)
{
    return vgi__fail(err, VGI_ENOMEM, NULL, "out of memory");
}

int vgi__fail_errno(vgi_error *err, int code, const char *what)
{
    int saved = errno;
    char buf[128];
    return vgi__fail(err, code, NULL, "%s: %s", what,
                     strerror_r(saved, buf, sizeof(buf)));
}

/* The length of the printable character at `p`, 0 when it has to be escaped. */
static size_t printable(const char *p, size_t n)
{
    unsigned char c = (unsigned char)p[0];
    if (c < 0x80)
        return c >= 0x20 && c != 0x7f;
    size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    bool c1_control = c == 0xc2 && n >= 2 && (unsigned char)p[1] < 0xa0;
    return len <= n && !c1_control && vgi__utf8_valid(p, len) ? len : 0;
}

const char *vgi__echo(char *buf, vgi_str text)
{
    char *out = buf;
    size_t n = text.len;
    if (n > VGI_ERROR_ECHO_BYTES)
        n = vgi__utf8_cut(text.data, n, VGI_ERROR_ECHO_BYTES);
    for (size_t i = 0; i < n;) {
        size_t len = printable(text.data + i, n - i);
        if (len > 0) {
            memcpy(out, text.data + i, len);
            out += len;
            i += len;
            continue;
        }
        memcpy(out, "\\x", 2);
        vgi__hex(out + 2, (const uint8_t *)text.data + i, 1);
        out += 4;
        i++;
    }
    if (n < text.len) {
        memcpy(out, "...", 3);
        out += 3;
    }
    *out = '\0';
    return buf;
}
