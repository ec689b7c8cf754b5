/* Libraries that are loaded when they are first needed: where one is not installed, only what it is for cannot be had. */
#ifndef PAR_OS_LIBRARY_H
#define PAR_OS_LIBRARY_H

#include <stdbool.h>

typedef struct par_os_symbol {
    const char *name;
    void *at; /* the pointer to a function that is set */
} par_os_symbol;

/* The first of these names (ended by NULL) that can be loaded; NULL: none. It stays loaded. */
void *par_os_library_open(const char *const *names);
/* Sets n pointers; false: one of them is not there, as in an older release. */
bool par_os_library_symbols(void *library, const par_os_symbol *symbols, unsigned n);

#endif
