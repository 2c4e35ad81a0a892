/* SPDX-License-Identifier: Apache-2.0 */
/* The closed vocabularies of the wire: log levels and error codes. */
#include <string.h>

#include "wire/wire.h"

static const char *const level_names[] = {
    [VGI_LOG_TRACE] = "TRACE", [VGI_LOG_DEBUG] = "DEBUG",
    [VGI_LOG_INFO] = "INFO",   [VGI_LOG_WARN] = "WARN",
    [VGI_LOG_ERROR] = "ERROR", [VGI_LOG_EXCEPTION] = "EXCEPTION",
};

static const char *const codes[] = {
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

const char *vgi__level_name(vgi_log_level level)
{
    return level >= VGI_LOG_TRACE && level <= VGI_LOG_EXCEPTION ? level_names[level]
                                                                : NULL;
}

vgi_log_level vgi__level_parse(vgi_str name)
{
    for (int level = VGI_LOG_TRACE; level <= VGI_LOG_EXCEPTION; level++)
        if (vgi_str_eq(name, level_names[level]))
            return (vgi_log_level)level;
    return (vgi_log_level)0;
}

bool vgi__code_valid(const char *code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}
