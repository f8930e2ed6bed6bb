/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rewrite: CONFIG REWRITE.
 *
 * Role:    makes the configuration file say what is set now, and touches nothing else in it: comments, order, and
 *          every line that still holds true stay as they are; a line whose option has another value is replaced,
 *          what no line says is appended.
 * Owns:    nothing that lasts.
 * Threads: any; takes the lock CONF.
 * Used by: cmd/config_cmds.c.
 * Why:     the file is first read as the next start will read it, includes and all, and only what would come out
 *          different is changed: no guess by comparing with defaults. The new file is written beside the old one,
 *          synced, and renamed over it, so that a crash leaves one or the other.
 */
#ifndef LARDER_CONF_REWRITE_H
#define LARDER_CONF_REWRITE_H

#include "conf/conf.h"

/* False: the file is as it was, and `err` says why. */
bool rewrite_file(struct conf *c, struct conf_error *err);

#endif
