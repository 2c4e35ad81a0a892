/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file version.h
 * The version of these headers and of the library that is running.
 *
 * Semantic versioning: a new major breaks the user API; `sys/` headers may
 * change in a minor. The soname follows the major.
 */
#ifndef VGIRPC_VERSION_H
#define VGIRPC_VERSION_H

#include <vgirpc/macros.h>

VGI_BEGIN_DECLS

#define VGI_VERSION_MAJOR 0
#define VGI_VERSION_MINOR 1
#define VGI_VERSION_PATCH 0
#define VGI_VERSION_STRING "0.1.0"

/**
 * Return the version of the library that is running, as "MAJOR.MINOR.PATCH".
 *
 * Compare it with VGI_VERSION_STRING to see whether headers and library match.
 *
 * @return a string constant; never NULL. Any thread.
 * @since 0.1
 */
VGI_API const char *vgi_version(void);

VGI_END_DECLS

#endif
