/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that a stranger may send us to, and others. */
#ifndef VGI_HTTP_CLIENT_ADDRESS_H
#define VGI_HTTP_CLIENT_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#define VGI__ADDRESS_TEXT_BYTES 48

/* Can everybody reach it? Not loopback, private, link-local, multicast and reserved
 * ranges, in whatever form of IPv6 they are wrapped. */
bool vgi__address_is_public(const struct sockaddr *a);
/* As text, NUL-terminated. */
void vgi__address_text(char out[VGI__ADDRESS_TEXT_BYTES], const struct sockaddr *a);

#endif
