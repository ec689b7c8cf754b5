/* Libraries that are loaded when they are first needed: where one is not installed, only what it is for cannot be had. */
#ifndef PAR_OS_LIBRARY_H
#define PAR_OS_LIBRARY_H

#include <stdbool.h>

#include "base/status.h"

typedef struct par_os_symbol {
    const char *name;
    void *at; /* the pointer to a function that is set */
} par_os_symbol;

/* One library, of the process, and what is used of it. */
typedef struct par_os_library {
    const char *const *names; /* ended by NULL: the first that can be loaded is taken, and stays loaded */
    const par_os_symbol *symbols;
    unsigned n_symbols;
    const char *missing; /* what to say when none can be loaded */
    const char *too_old; /* ... and when one of the symbols is not there */
} par_os_library;

/* Loads it if it is not; once that has succeeded *loaded (false at first) is true, for all threads. PAR_E_UNSUPPORTED. */
int par_os_library_load(const par_os_library *library, bool *loaded, par_error *err);

#endif
