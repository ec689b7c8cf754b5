/* Where the preset `stress` makes a process lose time: between a look at a word that another process writes and what follows from it,
 * so that what is a matter of nanoseconds otherwise happens often. In an ordinary build nothing stands there. */
#ifndef PAR_OS_STRESS_H
#define PAR_OS_STRESS_H

#ifdef PAR_STRESS
/* Goes on at once, after some pauses, after a yield, or after a sleep of microseconds, by chance. PARALLEL_STRESS in the environment:
 * how many of 1024 points do anything (128; 0: none). */
void par_os_stress(void);
#define PAR_STRESS_POINT() par_os_stress()
#else
#define PAR_STRESS_POINT() ((void)0)
#endif

#endif
