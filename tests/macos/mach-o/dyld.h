/* What macOS' header of this name declares, as far as it is used. */
#include <stdint.h>
int _NSGetExecutablePath(char *buffer, uint32_t *size);
