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

bool instance_denies(const struct instance *in, bool is_local)
{
    return !is_local && OPT(in->options, protected_mode) && !instance_has_password(in);
}

bool instance_is_open_to(const struct instance *in, bool is_local)
{
    return !instance_has_password(in) && (is_local || !OPT(in->options, protected_mode));
}
