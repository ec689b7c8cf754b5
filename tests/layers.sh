#!/usr/bin/env bash
# Checks the plan of src/: arrows point down only, in includes and in symbols; no file needs one that needs it; lua.h stays where it
# may be; no system call outside src/os. layers.sh [objects]: a file with the paths of the compiled sources, for what only symbols tell.
set -eu
objects=${1:+$(realpath "$1")}
cd "$(dirname "${BASH_SOURCE[0]}")/../src"
allowed() { # the folders that a folder may know
  case $1 in
    base) echo "base" ;;
    os) echo "base os" ;;
    transport) echo "base transport" ;;
    view) echo "base os view" ;;
    trace) echo "base os trace" ;;
    channel) echo "base os transport view channel" ;;
    tensor) echo "base os tensor" ;;
    group) echo "base os transport channel tensor group" ;;
    codec) echo "base os tensor codec" ;;
    link) echo "base os trace transport view channel group link" ;;
    journal) echo "base os journal" ;;
    lua) echo "base os trace transport view tensor codec group link lua torch cluster journal" ;;
    api) echo "base os transport view link api parallel" ;;
    torch) echo "base os tensor codec torch" ;;
    cluster) echo "base os trace transport channel group link cluster" ;;
    *) echo "" ;;
  esac
}
# Pairs that may know each other, with the reason.
circles="
tensor/kernels_body.h tensor/kernels_reduce.h  one text in two files, compiled once for each type
"
failed=0
complain() {
  echo "$1"
  failed=$((failed + 1))
}

# Edges "from to why" that point up.
check_arrows() {
  while read -r from to why; do
    case " $(allowed "${from%%/*}") " in
      *" ${to%%/*} "*) ;;
      *) complain "$from uses $to ($why): arrows point down only" ;;
    esac
  done
}

# Of the edges "from to why" those that go round in a circle. What nothing leads to and what leads to nothing is taken away until all that
# is left is in a circle, or between two.
in_circles() {
  awk -v circles="$circles" '
    BEGIN {
      n_pairs = split(circles, lines, "\n")
      for (i = 1; i <= n_pairs; i++) if (split(lines[i], word, " ") > 1) { pair[word[1], word[2]] = pair[word[2], word[1]] = 1 }
    }
    !(($1, $2) in pair) { if (!(($1, $2) in why)) { from[++n] = $1; to[n] = $2 } why[$1, $2] = $3 }
    END {
      do {
        split("", leaves); split("", enters); changed = 0
        for (i = 1; i <= n; i++) if (!gone[i]) { leaves[from[i]] = 1; enters[to[i]] = 1 }
        for (i = 1; i <= n; i++) if (!gone[i] && (!leaves[to[i]] || !enters[from[i]])) { gone[i] = 1; changed = 1 }
      } while (changed)
      for (i = 1; i <= n; i++) if (!gone[i]) print from[i], to[i], why[from[i], to[i]]
    }'
}
check_circles() {
  while read -r from to why; do
    complain "$from uses $to ($why): a part of a circle"
  done < <(in_circles)
}

includes() { # "from to include" for each include of a file of ours
  grep -H '^#include "' -r . --include='*.[ch]' | sed -n 's,^\./\([^:]*\):#include "\([^"]*\)".*,\1 \2 include,p' | sort -u
}
symbols() { # "from to symbol" for each symbol of ours that a compiled file takes from another
  xargs -d '\n' nm -A <"$objects" | awk '
    {
      file = $0; sub(/:[^:]*$/, "", file); sub(/^.*\/src\//, "", file); sub(/\.o(bj)?$/, "", file)
      name = $NF; kind = $(NF - 1)
      if (kind == "U") uses[file " " name] = 1
      else if (kind ~ /^[TDBRGSVWC]$/) defined[name] = file
    }
    END { for (use in uses) { split(use, word, " "); file = defined[word[2]]; if (file && file != word[1]) print word[1], file, word[2] } }' |
    sort
}

# The functions of the C library that are system calls, or consist of them, as POSIX and Linux have them. Not among them: memory, text
# and printing, the environment, threads' locks, shared libraries, and the end of the process by exit and _Exit.
calls="access accept accept4 alarm bind chdir chmod chown clock_getres clock_gettime clock_nanosleep clone clone3 close close_range
  closedir closefrom connect creat daemon dup dup2 dup3 epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd execl execle execlp execv
  execve execveat execvp execvpe faccessat fallocate fchdir fchmod fcntl fdatasync fdopen fdopendir flock fopen fork forkpty freopen fstat
  fstatat fsync ftruncate futex futimens getaddrinfo getcwd getegid geteuid getgid getifaddrs getnameinfo getpeername getpgid getpgrp getpid
  getppid getpriority getrandom getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid inotify_init1 ioctl isatty kill
  killpg link linkat listen lockf lseek lstat madvise mallopt memfd_create mincore mkdir mkdirat mkdtemp mkfifo mkostemp mkstemp mlock mmap
  mprotect mremap msync munlock munmap nanosleep open openat opendir openpty pause pclose pidfd_open pidfd_send_signal pipe pipe2 poll popen
  posix_fadvise posix_fallocate posix_madvise posix_spawn posix_spawnp ppoll prctl pread preadv prlimit process_vm_readv pselect
  pthread_kill pthread_sigmask ptrace pwrite raise read readdir readlink readlinkat readv realpath recv recvfrom recvmmsg recvmsg remove
  rename renameat rmdir sched_getaffinity sched_getcpu sched_setaffinity sched_yield select sem_open semop send sendfile sendmmsg sendmsg
  sendto setns setpgid setpriority setrlimit setsid setsockopt shm_open shm_unlink shmat shmget shutdown sigaction signal signalfd
  sigprocmask sigsuspend sigtimedwait sigwait sleep socket socketpair splice stat statfs statvfs symlink sync syscall sysconf sysctl
  sysctlbyname sysinfo system tcgetattr tcsetattr tcsetpgrp time timer_create timerfd_create tmpfile truncate ttyname umask uname unlink
  unlinkat unshare usleep utimensat vfork vmsplice wait wait3 wait4 waitid waitpid write writev"
check_calls() {
  while read -r file name; do
    complain "$file calls $name: system calls belong in src/os"
  done < <(xargs -d '\n' nm -A -u <"$objects" | awk -v calls="$calls" '
    BEGIN { n = split(calls, list, /[ \n]+/); for (i = 1; i <= n; i++) call[list[i]] = 1 }
    {
      file = $0; sub(/^.*\/src\//, "", file); sub(/\.o(bj)?:.*$/, "", file)
      name = $NF; sub(/@.*$/, "", name); sub(/^__/, "", name); sub(/_chk$/, "", name); sub(/_2$/, "", name); sub(/(64|_time64|_time_bits64)$/, "", name)
      if (file !~ /^os\// && name in call) print file, $NF
    }')
}

check_arrows < <(includes)
check_circles < <(includes | grep '^[^ ]*\.h [^ ]*\.h ')
if [ -n "$objects" ]; then
  edges=$(symbols)
  [ -n "$edges" ] || complain "$objects names no compiled sources"
  check_arrows <<<"$edges"
  check_circles <<<"$edges"
  check_calls
fi

while read -r file; do
  folder=${file%%/*}
  if grep -q '#include <\(lua\|lauxlib\|lualib\|luajit\)\.h>' "$file"; then
    case $folder in
      codec | lua | torch | launcher) ;;
      *) complain "$file includes lua.h" ;;
    esac
  fi
  # System calls live in src/os: these headers are the ways to them.
  if [ "$folder" != os ] && grep -qE '#include <(sys/(socket|mman|epoll|wait|un|stat|ioctl|prctl|syscall|resource|uio|time)|spawn|poll|fcntl|sched|unistd|netdb)\.h>' "$file"; then
    complain "$file includes what system calls are declared in: they belong in src/os"
  fi
done < <(find . -name '*.[ch]' | sed 's,^\./,,' | sort)
# Who comes here for the first time finds each folder and each Lua module named, with what it is.
plan=../docs/design/architecture.md
while read -r folder; do
  [ -f "$folder/README.md" ] || [ "$folder" != "${folder%/*}" ] || complain "src/$folder has no README.md"
  grep -qF "| \`$folder\` |" $plan || complain "src/$folder is not in the table of $plan"
done < <(find . -mindepth 1 -type d | sed 's,^\./,,' | sort)
while read -r module; do
  name=${module##*/}
  grep -qF "\`${name%.lua}\`" $plan ../docs/design/pool.md || complain "lua/parallel/$module is not in the tables of $plan"
done < <(cd ../lua/parallel && find . -name '*.lua' | sed 's,^\./,,' | sort)
# A file has one subject: one of more than 400 lines is named there, with the reason.
while read -r lines file; do
  [ "$lines" -le 400 ] || [ "$file" = total ] || grep -qF "\`src/$file\`" $plan || complain "src/$file has $lines lines, and $plan does not say why"
done < <(find . -name '*.[ch]' | sed 's,^\./,,' | xargs wc -l)
exit $((failed > 0))
