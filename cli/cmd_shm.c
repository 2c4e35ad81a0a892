/* SPDX-License-Identifier: Apache-2.0 */
/* vgirpc shm dump: what lies in a shared-memory segment. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <vgirpc/client.h>

#include "commands.h"
#include "print.h"
#include "target.h"
#include "text.h"

static void print_json(const char *name, const vgi_shm_info *info)
{
    vgi_arena mem = { 0 };
    text t = { .mem = &mem };

    text_json_string(&t, name);
    (void)printf("{\"segment\":%.*s,\"bytes\":%" PRIu64 ",\"data_bytes\":%" PRIu64
                 ",\"used_bytes\":%" PRIu64 ",\"allocations\":[",
                 VGI_STR_ARG(text_str(&t)), info->bytes, info->data_bytes,
                 info->used_bytes);
    for (size_t i = 0; i < info->n_regions; i++)
        (void)printf("%s{\"offset\":%" PRIu64 ",\"length\":%" PRIu64 "}", i ? "," : "",
                     info->regions[i].offset, info->regions[i].length);
    (void)puts("]}");
    vgi_arena_free(&mem);
}

static void print_text(const char *name, const vgi_shm_info *info)
{
    (void)fputs("segment      ", stdout);
    print_plain(stdout, vgi_str_from(name), 0);
    (void)printf("\nbytes        %" PRIu64 ", of these %" PRIu64
                 " for data\nused         %" PRIu64 "\nallocations  %zu\n",
                 info->bytes, info->data_bytes, info->used_bytes, info->n_regions);
    if (info->n_regions > 0)
        (void)printf("\n%20s  %20s\n", "offset", "length");
    for (size_t i = 0; i < info->n_regions; i++)
        (void)printf("%20" PRIu64 "  %20" PRIu64 "\n", info->regions[i].offset,
                     info->regions[i].length);
}

static int run(const settings *s, int argc, char **argv)
{
    vgi_arena mem = { 0 };
    vgi_shm_info info;
    vgi_error err;
    int rc = EXIT_OK;

    (void)argc;
    if (strcmp(argv[0], "dump") != 0) {
        (void)fprintf(stderr, "error: shm can dump, and nothing else (see vgirpc shm "
                              "--help)\n");
        return EXIT_USAGE;
    }
    if (vgi_shm_inspect(argv[1], &info, &mem, &err) != VGI_OK)
        rc = tell_error(NULL, &err, s);
    else if (s->format == FORMAT_JSON)
        print_json(argv[1], &info);
    else
        print_text(argv[1], &info);
    vgi_arena_free(&mem);
    return rc;
}

static const option options[] = { { 0 } };

const command shm_command = {
    .name = "shm",
    .operands = "shm dump NAME [OPTIONS]",
    .summary = "show what lies in a shared-memory segment",
    .description =
        "Reads the header of a segment that a client and a worker of this machine\n"
        "share, and prints its allocations. NAME is that of a file in /dev/shm. The\n"
        "segment is not changed; while it is in use, what is printed is a moment's.\n"
        "\n"
        "Exit status: 0 done, 1 there is no such segment, 2 wrong usage.",
    .examples = "  vgirpc shm dump vgirpc-4711-0123456789abcdef\n"
                "  vgirpc shm dump vgirpc-4711-0123456789abcdef --format json\n",
    .options = options,
    .local = true,
    .min_operands = 2,
    .max_operands = 2,
    .run = run,
};
