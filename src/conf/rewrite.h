/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rewrite: CONFIG REWRITE.
 *
 * Role:    updates the configuration file to the current values. Comments, order, and lines whose value is current do
 *          not change. A line whose option has another value is replaced; an option that no line sets is appended.
 * Owns:    nothing that lasts.
 * Threads: any; takes the lock CONF.
 * Used by: CONFIG REWRITE, DEBUG CONFIG-REWRITE-FORCE-ALL.
 * Why:     the file is first loaded as the next start will load it, with its includes, and only options that would
 *          differ are changed; comparing with the defaults would be a guess. The new file is written to a temporary
 *          name, synced, and renamed over the old one, so that a crash leaves one of the two.
 */
#ifndef LARDER_CONF_REWRITE_H
#define LARDER_CONF_REWRITE_H

#include "conf/conf.h"

/* all: also appends the options that have their default value. False: the file is unchanged, and `err` has the reason.
 */
bool rewrite_file(struct conf *c, bool all, struct conf_error *err);

#endif
