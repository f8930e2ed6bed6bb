/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sample: the table of options as people read it.
 *
 * Role:    the sample larder.conf (every option with its explanation and default) and the text of --help.
 * Owns:    nothing.
 * Threads: any.
 * Used by: main; a test compares the larder.conf that is checked in with sample_file.
 */
#ifndef LARDER_CONF_SAMPLE_H
#define LARDER_CONF_SAMPLE_H

#include "base/buf.h"

/* Appends the sample configuration file. Loading it changes nothing: each option stands in it as a comment. */
void sample_file(struct buf *out);
/* Appends usage and one line for each option. */
void sample_help(struct buf *out);

#endif
