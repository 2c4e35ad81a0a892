// SPDX-License-Identifier: Apache-2.0
// Uses both installed libraries from C++.
#include <cstdio>
#include <cstring>

#include <vgirpc/client.h>
#include <vgirpc/vgirpc.h>

int main()
{
    vgi_error err;
    vgi_builder *builder = nullptr;
    if (vgi_builder_new(&builder, "Empty", nullptr, &err) != VGI_OK)
        return 1;
    vgi_builder_free(builder);
    vgi_client *client = nullptr;
    if (vgi_client_open(&client, "unix:/nonexistent", nullptr, &err) == VGI_OK)
        return 1;
    std::printf("%s, %s\n", vgi_version(), err.message);
    return std::strcmp(vgi_version(), VGI_VERSION_STRING);
}
