/* Assertions of what only a mistake of this library can break: never of what a peer, a user or the system did, for which there are
 * errors. On in debug builds, under the sanitizers and in the preset `stress`; a release build does not evaluate them. */
#ifndef PAR_BASE_ASSERT_H
#define PAR_BASE_ASSERT_H

#ifdef PAR_ASSERTIONS
/* Says which one is not true and where, and ends the process by SIGABRT. */
_Noreturn void par_assert_failed(const char *condition, const char *function, const char *file, int line);
#define PAR_ASSERT(condition) ((condition) ? (void)0 : par_assert_failed(#condition, __func__, __FILE__, __LINE__))
#else
#define PAR_ASSERT(condition) ((void)sizeof(!(condition))) /* compiled, so that it stays true to the code, and not run */
#endif

#endif
