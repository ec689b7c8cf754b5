/* What macOS' header of this name declares, as far as it is used. */
char ***_NSGetEnviron(void);
