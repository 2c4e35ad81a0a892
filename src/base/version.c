/* SPDX-License-Identifier: Apache-2.0 */
#include <vgirpc/version.h>

const char *vgi_version(void)
{
    return VGI_VERSION_STRING;
}
