/* SPDX-License-Identifier: Apache-2.0 */
/* The worker that the reference's conformance suites run against. */
#include "types.h"

int main(int argc, char **argv)
{
    return vgi_serve(conformance_service(), argc, argv);
}
