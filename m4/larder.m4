# SPDX-License-Identifier: BSD-3-Clause

# LARDER_MISSING(DEBIAN-PACKAGE, WHAT)
# Notes a missing dependency, to be told by LARDER_REPORT_MISSING.
AC_DEFUN([LARDER_MISSING], [
    larder_missing_packages="$larder_missing_packages $1"
    larder_missing_text="$larder_missing_text
    $2: Debian package $1"])

# LARDER_REPORT_MISSING
# Ends configure when something was noted, with the one command that installs it all.
AC_DEFUN([LARDER_REPORT_MISSING], [
    AS_IF([test -n "$larder_missing_packages"],
        [AC_MSG_ERROR([not found:$larder_missing_text
  Install what is missing with: apt-get install$larder_missing_packages])])])

# LARDER_FLAGS(CFLAGS | CPPFLAGS | LDFLAGS, VARIABLE, [FLAG]...)
# Appends to VARIABLE each flag that compiles and links a program without a warning.
AC_DEFUN([LARDER_FLAGS], [m4_foreach([larder_flag], [m4_shift2($@)],
    [_LARDER_FLAG([$1], [$2], m4_defn([larder_flag]))])])

AC_DEFUN([_LARDER_FLAG], [
    AS_VAR_PUSHDEF([larder_cache], [larder_cv_$1_$3])
    AC_CACHE_CHECK([whether $CC takes $3], [larder_cache],
        [larder_saved_cflags=$CFLAGS
         larder_saved_$1=$$1
         CFLAGS="$CFLAGS -Werror"
         $1="$$1 $3"
         AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdlib.h>]], [[return abs(0);]])],
            [AS_VAR_SET([larder_cache], [yes])], [AS_VAR_SET([larder_cache], [no])])
         $1=$larder_saved_$1
         CFLAGS=$larder_saved_cflags])
    AS_VAR_IF([larder_cache], [yes], [$2="$$2 $3"])
    AS_VAR_POPDEF([larder_cache])])
