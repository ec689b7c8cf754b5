#include "base/decimal.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

/* The calling thread's numbers are those of C until leave. The object of "C" is a constant of the libraries, which costs
 * nothing to make; should it fail, the locale stays. */
typedef struct numbers_of_c {
    locale_t c, before;
} numbers_of_c;

static numbers_of_c enter(void)
{
    numbers_of_c numbers = {.c = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    if (numbers.c) numbers.before = uselocale(numbers.c);
    return numbers;
}

static void leave(numbers_of_c numbers)
{
    if (!numbers.c) return;
    uselocale(numbers.before);
    freelocale(numbers.c);
}

int par_decimal_print(char *out, size_t room, const char *format, ...)
{
    numbers_of_c numbers = enter();
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out, room, format, args);
    va_end(args);
    leave(numbers);
    return n;
}

double par_decimal_read(const char *text, char **end)
{
    numbers_of_c numbers = enter();
    double value = strtod(text, end);
    leave(numbers);
    return value;
}

float par_decimal_read_float(const char *text, char **end)
{
    numbers_of_c numbers = enter();
    float value = strtof(text, end);
    leave(numbers);
    return value;
}
