/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file macros.h
 * Attributes and assertions that the other headers use. Nothing here declares
 * a function.
 */
#ifndef VGIRPC_MACROS_H
#define VGIRPC_MACROS_H

#ifdef __GNUC__
#pragma GCC system_header /* gcc reports a misused macro where it is used */
#endif

#ifdef __cplusplus
#define VGI_BEGIN_DECLS extern "C" {
#define VGI_END_DECLS }
/** A compile-time check with a readable message, in C and in C++. */
#define VGI_STATIC_ASSERT(cond, text) static_assert(cond, text)
#else
#define VGI_BEGIN_DECLS
#define VGI_END_DECLS
/** A compile-time check with a readable message, in C and in C++. */
#define VGI_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
#endif

/** Marks what the shared library exports; everything else is hidden. */
#if defined(__GNUC__)
#define VGI_API __attribute__((visibility("default")))
#define VGI_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define VGI_NODISCARD __attribute__((warn_unused_result))
#else
#define VGI_API
#define VGI_PRINTF(fmt, args)
#define VGI_NODISCARD
#endif

#endif
