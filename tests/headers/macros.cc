// SPDX-License-Identifier: Apache-2.0
// What C++ may use of the public macros, expanded. Compiled, not linked.
#include <vgirpc/vgirpc.h>

#include <cstdio>

VGI_BEGIN_DECLS
int say(const char *fmt, ...) VGI_PRINTF(1, 2);
int VGI_NODISCARD must_look(void);
VGI_API int exported(void);
VGI_END_DECLS

VGI_STATIC_ASSERT(VGI_VERSION_MAJOR * 10000 + VGI_VERSION_MINOR * 100 + VGI_VERSION_PATCH >= 100,
                  "0.1.0 is the first version");
VGI_STATIC_ASSERT(sizeof(VGI_VERSION_STRING) >= sizeof("0.1.0"), "version text");
VGI_STATIC_ASSERT(VGI_ERROR_TYPE_SIZE + VGI_ERROR_MESSAGE_SIZE + sizeof(int) == 512, "vgi_error");

#define COUNT(name, number, text) +1
VGI_STATIC_ASSERT(0 VGI_STATUS_MAP(COUNT) == 14, "statuses");

vgi_str name();
vgi_limits limits();
std::size_t print(vgi_str s);

vgi_str name()
{
    return VGI_LIT("name");
}

vgi_limits limits()
{
    vgi_limits all{};
    all.schema_bytes = VGI_DEFAULT_SCHEMA_BYTES;
    all.fields = VGI_DEFAULT_FIELDS;
    all.depth = VGI_DEFAULT_DEPTH;
    all.name_bytes = VGI_DEFAULT_NAME_BYTES;
    all.message_bytes = VGI_DEFAULT_MESSAGE_BYTES;
    all.decompressed_bytes = VGI_DEFAULT_DECOMPRESSED_BYTES;
    all.dictionary_bytes = VGI_DEFAULT_DICTIONARY_BYTES;
    all.metadata_bytes = VGI_DEFAULT_METADATA_BYTES;
    all.metadata_pairs = VGI_DEFAULT_METADATA_PAIRS;
    all.arena_bytes = VGI_DEFAULT_ARENA_BYTES;
    all.log_bytes = VGI_DEFAULT_LOG_BYTES;
    return all;
}

std::size_t print(vgi_str s)
{
    char text[VGI_ERROR_ECHO_BYTES];
    VGI_SLICE(double) items = {nullptr, 0};
    std::snprintf(text, sizeof(text), VGI_STR_FMT, VGI_STR_ARG(s));
    return items.count + (vgi_type_bool.abi == VGI_TYPE_ABI);
}
