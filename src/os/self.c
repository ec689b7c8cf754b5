/* What a process changes in itself before it becomes somebody else. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/os.h"

int par_os_move_fd(int fd, int target, par_error *err)
{
    if (fd == target) return PAR_OK;
    if (dup2(fd, target) < 0) return par_error_system(err, "cannot take descriptor %d over", target);
    close(fd);
    return PAR_OK;
}

int par_os_set_variable(const char *name, const char *value, par_error *err)
{
    if ((value ? setenv(name, value, 1) : unsetenv(name)) == 0) return PAR_OK;
    return par_error_system(err, "cannot set the variable '%s'", name);
}

int par_os_set_directory(const char *path, par_error *err)
{
    if (chdir(path) == 0) return PAR_OK;
    return par_error_system(err, "cannot go to folder '%s'", path);
}

char *par_os_real_path(const char *path) { return realpath(path, NULL); }
