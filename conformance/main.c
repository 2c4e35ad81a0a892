/* SPDX-License-Identifier: Apache-2.0 */
/* The worker that the reference's conformance suites run against. */
#include "types.h"

int main(int argc, char **argv)
{
#ifdef CONFORMANCE_HTTP
    conformance_http(&argc, argv);
#endif
    return vgi_serve(conformance_service(), argc, argv);
}
