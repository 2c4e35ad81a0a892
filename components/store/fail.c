/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fail.h"

#include <stdarg.h>
#include <stdio.h>

/* The exception that a caller of a remote method would see. */
static const char *type_of(int code)
{
    switch (code) {
    case VGI_EINVAL:
        return "TypeError";
    case VGI_ENOMEM:
        return "MemoryError";
    case VGI_ELIMIT:
        return "LimitError";
    case VGI_EIO:
        return "OSError";
    default:
        return "RuntimeError";
    }
}

int vgi__store_fail(vgi_error *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    err->code = code;
    snprintf(err->type, sizeof(err->type), "%s", type_of(code));
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->message, sizeof(err->message), fmt, ap);
    va_end(ap);
    return code;
}

int vgi__store_nomem(vgi_error *err)
{
    return vgi__store_fail(err, VGI_ENOMEM, "out of memory");
}

const char *vgi__store_echo(char buf[VGI_STORE_ECHO_SIZE], vgi_str text)
{
    size_t n = 0;
    for (; n < text.len && n < VGI_STORE_ECHO_SIZE - 1; n++) {
        const char c = text.data[n];
        buf[n] = c >= 0x20 && c <= 0x7e ? c : '?';
    }
    buf[n] = '\0';
    return buf;
}
