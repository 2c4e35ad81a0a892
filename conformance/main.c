/* SPDX-License-Identifier: Apache-2.0 */
/* The worker that the reference's conformance suites run against. */
#include "types.h"

int main(int argc, char **argv)
{
    const vgi_service *const services[] = { conformance_service(), NULL };
    vgi_server_options options = { .size = sizeof(options) };
    struct vgi_external *external = NULL;
    int64_t threshold = 0;

#ifdef CONFORMANCE_STORAGE
    threshold = conformance_storage(&argc, argv, &external);
#endif
#ifdef CONFORMANCE_HTTP
    conformance_http(&argc, argv, threshold);
#endif
    (void)threshold;
    options.external = external;
    const int ended = vgi_serve_with(services, &options, argc, argv);
#ifdef CONFORMANCE_STORAGE
    conformance_storage_end(external);
#endif
    return ended;
}
