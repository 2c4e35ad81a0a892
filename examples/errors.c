/* SPDX-License-Identifier: Apache-2.0 */
/* Log records for the client, and failures it can act upon.
 *
 * RUN: vgirpc call exec:errors withdraw amount=30
 * OUTPUT: {"result":70}
 *
 * RUN: vgirpc call exec:errors withdraw amount=300 || echo refused
 * OUTPUT: refused
 */
#include <inttypes.h>
#include <vgirpc/vgirpc.h>

static const int64_t balance = 100;

typedef struct withdraw_params {
    int64_t amount;
} withdraw_params;
VGI_STRUCT(withdraw_params, VGI_FIELD(withdraw_params, amount));

static int withdraw(vgi_call *call, const withdraw_params *in, int64_t *out)
{
    vgi_str text;
    int rc;

    if (in->amount <= 0) /* the short way: a type and a text */
        return vgi_fail(call, "ValueError", "cannot withdraw %" PRId64, in->amount);

    if (in->amount > balance) { /* the long way: something a program can read, too */
        if ((rc = vgi_strf(call, &text, "%" PRId64 " is more than %" PRId64, in->amount,
                           balance)) != VGI_OK)
            return rc;
        return vgi_fail_with(call, &(vgi_failure){ .size = sizeof(vgi_failure),
                                                   .type = "ValueError",
                                                   .message = text.data,
                                                   .code = "FAILED_PRECONDITION",
                                                   .kind = "insufficient_funds" });
    }

    vgi_log(call, VGI_LOG_INFO, "withdrawing %" PRId64, in->amount);
    *out = balance - in->amount;
    return VGI_OK;
}
VGI_UNARY(withdraw, withdraw_params, int64_t, .doc = "Return what would be left.");

static const vgi_method *const methods[] = { VGI_METHOD(withdraw), NULL };
static const vgi_service account = { VGI_SERVICE_INIT, .name = "Account",
                                     .methods = methods };

int main(int argc, char **argv)
{
    return vgi_serve(&account, argc, argv);
}
