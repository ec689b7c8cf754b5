#include "base/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int par_error_vset(par_error *err, int code, const char *format, va_list args)
{
    err->code = code;
    err->sys = 0;
    vsnprintf(err->text, sizeof err->text, format, args);
    return code;
}

int par_error_set(par_error *err, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    par_error_vset(err, code, format, args);
    va_end(args);
    return code;
}

static int code_of(int error)
{
    if (error == EMFILE || error == ENFILE) return PAR_E_LIMIT;
    return error == ENOMEM ? PAR_E_NOMEM : PAR_E_SYSTEM;
}

/* What to do about a limit of the system. */
static const char *advice(int number)
{
    switch (number) {
    case EMFILE: return " (close files, or raise the limit: ulimit -n)";
    case EFBIG: return " (raise the limit of file sizes: ulimit -f)";
    default: return "";
    }
}

int par_error_system(par_error *err, const char *format, ...)
{
    int saved = errno;
    va_list args;
    va_start(args, format);
    par_error_vset(err, code_of(saved), format, args);
    va_end(args);
    err->sys = saved;
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s%s", strerror(saved), advice(saved));
    return err->code;
}
