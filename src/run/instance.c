/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/instance.h"

#include "base/mem.h"

void instance_init(struct instance *in, struct keyspace *ks, struct conf *conf)
{
    must_be(ks, KEYSPACE_MAGIC);
    *in = (struct instance){.magic = INSTANCE_MAGIC, .keyspace = ks, .conf = conf, .options = conf_options(conf)};
    clients_init(&in->clients);
}

void instance_fini(struct instance *in)
{
    must_be(in, INSTANCE_MAGIC);
    clients_fini(&in->clients);
    in->magic = 0;
}

bool instance_has_password(const struct instance *in)
{
    char *password = conf_dup(in->conf, OPT_requirepass);
    bool has = password[0] != 0;

    must_be(in, INSTANCE_MAGIC);
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
