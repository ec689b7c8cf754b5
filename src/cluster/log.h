/* What people have to know and nobody waits for: lines on standard error. */
#ifndef PAR_CLUSTER_LOG_H
#define PAR_CLUSTER_LOG_H

/* One line, "parallel: ...". A stranger may cause as many as he likes: after some the rest is not told. */
void par_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
