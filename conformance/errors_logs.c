/* SPDX-License-Identifier: Apache-2.0 */
/* Methods that raise, and methods that log. */
#include "types.h"

typedef struct message_params {
    vgi_str message;
} message_params;
VGI_STRUCT(message_params, VGI_FIELD(message_params, message));

static int raise_value_error(vgi_call *call, const message_params *in, vgi_str *out)
{
    (void)out;
    return vgi_fail(call, "ValueError", VGI_STR_FMT, VGI_STR_ARG(in->message));
}
VGI_UNARY(raise_value_error, message_params, vgi_str, .doc = "Raise a ValueError.");

static int raise_runtime_error(vgi_call *call, const message_params *in, vgi_str *out)
{
    (void)out;
    return vgi_fail(call, "RuntimeError", VGI_STR_FMT, VGI_STR_ARG(in->message));
}
VGI_UNARY(raise_runtime_error, message_params, vgi_str, .doc = "Raise a RuntimeError.");

static int raise_type_error(vgi_call *call, const message_params *in, vgi_str *out)
{
    (void)out;
    return vgi_fail(call, "TypeError", VGI_STR_FMT, VGI_STR_ARG(in->message));
}
VGI_UNARY(raise_type_error, message_params, vgi_str, .doc = "Raise a TypeError.");

typedef struct value_params {
    vgi_str value;
} value_params;
VGI_STRUCT(value_params, VGI_FIELD(value_params, value));

/* Log "name: value", every byte of it: printf would stop at a NUL. */
static int log_value(vgi_call *call, vgi_log_level level, const char *name, vgi_str value,
                     const vgi_pair *extra, size_t n_extra)
{
    const vgi_str parts[] = { vgi_str_from(name), VGI_LIT(": "), value };
    vgi_str message;
    const int rc = vgi_concat(call, &message, parts, 3);

    return rc != VGI_OK ? rc : vgi_log_with(call, level, message, extra, n_extra);
}

static int echo_with_info_log(vgi_call *call, const value_params *in, vgi_str *out)
{
    *out = in->value;
    return log_value(call, VGI_LOG_INFO, "info", in->value, NULL, 0);
}
VGI_UNARY(echo_with_info_log, value_params, vgi_str,
          .doc = "Echo value after one INFO log.");

static int echo_with_multi_logs(vgi_call *call, const value_params *in, vgi_str *out)
{
    int rc;

    *out = in->value;
    if ((rc = log_value(call, VGI_LOG_DEBUG, "debug", in->value, NULL, 0)) != VGI_OK ||
        (rc = log_value(call, VGI_LOG_INFO, "info", in->value, NULL, 0)) != VGI_OK)
        return rc;
    return log_value(call, VGI_LOG_WARN, "warn", in->value, NULL, 0);
}
VGI_UNARY(echo_with_multi_logs, value_params, vgi_str,
          .doc = "Echo value after DEBUG, INFO and WARN logs.");

static int echo_with_log_extras(vgi_call *call, const value_params *in, vgi_str *out)
{
    const vgi_pair extra[] = { { VGI_LIT("source"), VGI_LIT("conformance") },
                               { VGI_LIT("detail"), in->value } };

    *out = in->value;
    return log_value(call, VGI_LOG_INFO, "info", in->value, extra, 2);
}
VGI_UNARY(echo_with_log_extras, value_params, vgi_str,
          .doc = "Echo value after an INFO log with extra pairs.");

static int echo_with_all_log_levels(vgi_call *call, const value_params *in, vgi_str *out)
{
    static const struct {
        vgi_log_level level;
        const char *name;
    } logs[] = { { VGI_LOG_TRACE, "trace" },
                 { VGI_LOG_DEBUG, "debug" },
                 { VGI_LOG_INFO, "info" },
                 { VGI_LOG_WARN, "warn" },
                 { VGI_LOG_ERROR, "error" } };

    *out = in->value;
    for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
        const int rc = log_value(call, logs[i].level, logs[i].name, in->value, NULL, 0);

        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}
VGI_UNARY(echo_with_all_log_levels, value_params, vgi_str,
          .doc = "Echo value after one log of each level.");

const vgi_method *const conformance_errors_logs[] = {
    VGI_METHOD(raise_value_error),        VGI_METHOD(raise_runtime_error),
    VGI_METHOD(raise_type_error),         VGI_METHOD(echo_with_info_log),
    VGI_METHOD(echo_with_multi_logs),     VGI_METHOD(echo_with_log_extras),
    VGI_METHOD(echo_with_all_log_levels), NULL,
};
