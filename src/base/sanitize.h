/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sanitize: which sanitizer the code is compiled with.
 *
 * Role:    defines SANITIZE_ADDRESS and SANITIZE_THREAD as 1 or 0.
 * Used by: code that allocates or synchronizes in another way under a sanitizer.
 * Why:     gcc defines macros, clang has __has_feature; only this file knows.
 */
#ifndef LARDER_BASE_SANITIZE_H
#define LARDER_BASE_SANITIZE_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZE_ADDRESS 1
#endif
#if __has_feature(thread_sanitizer)
#define SANITIZE_THREAD 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZE_ADDRESS 1
#endif
#if defined(__SANITIZE_THREAD__)
#define SANITIZE_THREAD 1
#endif

#ifndef SANITIZE_ADDRESS
#define SANITIZE_ADDRESS 0
#endif
#ifndef SANITIZE_THREAD
#define SANITIZE_THREAD 0
#endif

#endif
