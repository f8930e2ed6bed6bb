/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * version: which Redis this server is to its clients.
 *
 * Why:     clients choose what to send by it. Larder's own version is PACKAGE_VERSION, which INFO tells beside it.
 */
#ifndef LARDER_RUN_VERSION_H
#define LARDER_RUN_VERSION_H

#define REDIS_VERSION "7.4.0"

#endif
