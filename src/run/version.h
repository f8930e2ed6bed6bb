/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * version: the Redis version that this server reports to clients.
 *
 * Why:     clients choose the commands they send by it. INFO also reports Larder's own version, PACKAGE_VERSION.
 */
#ifndef LARDER_RUN_VERSION_H
#define LARDER_RUN_VERSION_H

#define REDIS_VERSION "7.4.0"

#endif
