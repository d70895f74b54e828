// Loaded before libc (LD_PRELOAD): the disk under $TORTURE_FOLDER does what the file $TORTURE_FAULT says.
//   full   nothing grows (ENOSPC)
//   fsync  nothing is made durable (EIO)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int fault_is(const char *wanted) {
  const char *path = getenv("TORTURE_FAULT");
  char word[16] = "";
  int fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return 0;
  ssize_t length = read(fd, word, sizeof word - 1);
  close(fd);
  return length > 0 && strcmp(word, wanted) == 0;
}

static int is_on_disk(int fd) {
  const char *folder = getenv("TORTURE_FOLDER");
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (!folder || length < 0) return 0;
  path[length] = 0;
  return strncmp(path, folder, strlen(folder)) == 0;
}

static int is_full(int fd, off_t end) {
  struct stat now;
  if (!fault_is("full") || !is_on_disk(fd) || fstat(fd, &now) != 0 || end <= now.st_size) return 0;
  errno = ENOSPC;
  return 1;
}

static int fails_sync(int fd) {
  if (!fault_is("fsync") || !is_on_disk(fd)) return 0;
  errno = EIO;
  return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  return is_full(fd, at + count) ? -1 : NEXT(pwrite64)(fd, bytes, count, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return is_full(fd, at + count) ? -1 : NEXT(pwrite)(fd, bytes, count, at);
}
ssize_t write(int fd, const void *bytes, size_t count) {
  struct stat now;
  off_t end = fstat(fd, &now) == 0 && S_ISREG(now.st_mode) ? now.st_size + (off_t)count : 0;
  return is_full(fd, end) ? -1 : NEXT(write)(fd, bytes, count);
}
int ftruncate64(int fd, off64_t size) { return is_full(fd, size) ? -1 : NEXT(ftruncate64)(fd, size); }
int ftruncate(int fd, off_t size) { return is_full(fd, size) ? -1 : NEXT(ftruncate)(fd, size); }
int posix_fallocate64(int fd, off64_t at, off64_t count) {
  return is_full(fd, at + count) ? ENOSPC : NEXT(posix_fallocate64)(fd, at, count);
}
int fsync(int fd) { return fails_sync(fd) ? -1 : NEXT(fsync)(fd); }
int fdatasync(int fd) { return fails_sync(fd) ? -1 : NEXT(fdatasync)(fd); }
