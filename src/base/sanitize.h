/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sanitize: which sanitizer the code is compiled for.
 *
 * Role:    SANITIZE_ADDRESS and SANITIZE_THREAD are 1 or 0.
 * Used by: what has to show a sanitizer who owns which bytes.
 * Why:     gcc defines a macro, clang answers a question; asked once, here.
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
