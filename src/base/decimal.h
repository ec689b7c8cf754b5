/* Numbers in the texts of files, with a decimal point whatever the locale of the program is: one that has called setlocale
 * has a comma there in half of the world, and what it writes would be read by nobody. Texts for people keep the locale's. */
#ifndef PAR_BASE_DECIMAL_H
#define PAR_BASE_DECIMAL_H

#include <stddef.h>

/* As snprintf, strtod and strtof. */
int par_decimal_print(char *out, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
double par_decimal_read(const char *text, char **end);
float par_decimal_read_float(const char *text, char **end);

#endif
