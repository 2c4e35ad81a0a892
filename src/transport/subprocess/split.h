/* SPDX-License-Identifier: Apache-2.0 */
/* A command line, split as a shell splits it. */
#ifndef VGI_TRANSPORT_SPLIT_H
#define VGI_TRANSPORT_SPLIT_H

#include <vgirpc/error.h>
#include <vgirpc/sys/alloc.h>

/* Words into *argv, NULL-terminated; one allocation, vgi__free. Blanks separate, '...' is
 * literal, "..." knows \" \\ \$ and \`, a backslash quotes the next character; nothing is
 * expanded. VGI_EINVAL: unbalanced quotes, a backslash at the end, or no word. */
int vgi__split_command(char ***argv, const char *command, const vgi_allocator *a,
                       vgi_error *err);

#endif
