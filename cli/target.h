/* SPDX-License-Identifier: Apache-2.0 */
/* The connection of a command, and what is told on stderr. */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include <vgirpc/client.h>

#include "options.h"

/* What is needed besides connections; says what is wrong. False: it is not there. */
bool prepare_targets(settings *s);
void release_targets(settings *s);
/* Connect; says what is wrong. Returns an exit status. */
int open_target(vgi_client **out, const char *url, const settings *s);
/* "error: ValueError: text", and with --verbose what else the server said. Returns
 * EXIT_FAILED. */
int tell_error(const vgi_client *client, const vgi_error *err, const settings *s);

#endif
