/* SPDX-License-Identifier: Apache-2.0 */
/* The service: the methods of all files in one table. */
#include "types.h"

enum { METHODS = 76 };

const vgi_service *conformance_service(void)
{
    static const vgi_method *const *const groups[] = {
        conformance_unary,     conformance_errors_logs, conformance_producers,
        conformance_exchanges, conformance_headers,     conformance_cancel,
    };
    static const vgi_method *methods[METHODS + 1];
    static const vgi_service service = {
        VGI_SERVICE_INIT,   .name = "ConformanceService",
        .version = "2.0.0", .doc = "Exercises every capability of the wire protocol.",
        .methods = methods, .untyped_streams = true,
    };
    size_t n = 0;

    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
        for (size_t i = 0; groups[g][i] && n < METHODS; i++)
            methods[n++] = groups[g][i];
    }
    return &service;
}
