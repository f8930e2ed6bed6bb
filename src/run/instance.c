/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/instance.h"

#include "base/mem.h"

bool instance_has_password(const struct instance *in)
{
    char *password = conf_dup(in->conf, OPT_requirepass);
    bool has = password[0] != 0;

    mem_free(password);
    return has;
}
