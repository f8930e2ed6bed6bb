/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sample: the table of options as documentation.
 *
 * Role:    generates the sample larder.conf (every option with its explanation and default) and the text of --help.
 * Owns:    nothing.
 * Threads: any.
 * Used by: main. A test compares larder.conf in the source tree with sample_file.
 */
#ifndef LARDER_CONF_SAMPLE_H
#define LARDER_CONF_SAMPLE_H

#include "base/buf.h"

/* Appends the sample configuration file. Loading it changes nothing, since all options are commented out. */
void sample_file(struct buf *out);
/* Appends usage and one line for each option. */
void sample_help(struct buf *out);

#endif
