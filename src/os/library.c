#include "os/library.h"

#include <dlfcn.h>
#include <string.h>

void *par_os_library_open(const char *const *names)
{
    void *library = NULL;
    for (; *names && !library; names++) library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    return library;
}

/* A pointer to a function is copied as bytes, which is how dlsym is meant. */
bool par_os_library_symbols(void *library, const par_os_symbol *symbols, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol) return false;
        memcpy(symbols[i].at, &symbol, sizeof symbol);
    }
    return true;
}
