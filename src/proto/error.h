/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * error: the error replies that more than one command gives.
 *
 * Why:     clients compare these texts, so they are part of the protocol, and are defined in one place. The texts are
 *          those of Redis.
 */
#ifndef LARDER_PROTO_ERROR_H
#define LARDER_PROTO_ERROR_H

#define ERR_WRONGTYPE      "WRONGTYPE Operation against a key holding the wrong kind of value"
#define ERR_SYNTAX         "ERR syntax error"
#define ERR_NO_KEY         "ERR no such key"
#define ERR_NOT_INT        "ERR value is not an integer or out of range"
#define ERR_NOT_INT32      "ERR value is out of range, value must between -2147483648 and 2147483647"
#define ERR_NOT_POSITIVE   "ERR value is out of range, must be positive"
#define ERR_NOT_NEGATABLE  "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
#define ERR_NOT_FLOAT      "ERR value is not a valid float"
#define ERR_OUT_OF_RANGE   "ERR index out of range"
#define ERR_OFFSET         "ERR offset is out of range"
#define ERR_OVERFLOW       "ERR increment or decrement would overflow"
#define ERR_NAN_OR_INF     "ERR increment would produce NaN or Infinity"
#define ERR_DB_INDEX       "ERR DB index is out of range"
#define ERR_INVALID_DB     "ERR invalid DB index"
#define ERR_SAME_OBJECT    "ERR source and destination objects are the same"
#define ERR_TOO_LONG       "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
#define ERR_INVALID_EXPIRE "ERR invalid expire time in '%s' command"
#define ERR_NO_FIELDS      "ERR Mandatory argument FIELDS is missing or not at the right position"
#define ERR_ARITY          "ERR wrong number of arguments for '%s' command"
#define ERR_NESTED_MULTI   "ERR MULTI calls can not be nested"
#define ERR_OOM            "OOM command not allowed when used memory > 'maxmemory'."
#define ERR_NOAUTH         "NOAUTH Authentication required."
#define ERR_NOSCRIPT       "ERR This Redis command is not allowed from script"
#define ERR_LOADING        "LOADING Redis is loading the dataset in memory"
#define ERR_BUSY           "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
#define ERR_MASTERDOWN     "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
#define ERR_NO_MEMORY      "ERR out of memory"
#define ERR_EXHAUSTED      "OOM the system has no memory left for this command"
#define ERR_CLIENT_NAME    "ERR Client names cannot contain spaces, newlines or special characters."

#endif
