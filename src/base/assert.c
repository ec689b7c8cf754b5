#include "base/assert.h"

#ifdef PAR_ASSERTIONS
#include <stdio.h>
#include <stdlib.h>

void par_assert_failed(const char *condition, const char *function, const char *file, int line)
{
    fprintf(stderr, "parallel: a mistake of the library: not true: %s (%s, %s:%d)\n", condition, function, file, line);
    fflush(NULL);
    abort();
}
#else
typedef int par_assert_unused; /* a translation unit has to declare something */
#endif
