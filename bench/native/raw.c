/* What the disk itself gives: overwrites a recycled file step by step, each step made durable, as
 * the journal does with its groups. One line of output: the seconds that took.
 *
 *   raw overwrite FILE STEP_BYTES TOTAL_BYTES FILE_BYTES
 *   raw drop FILE...   takes clean pages of the files out of the page cache
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void put(int fd, const char *bytes, size_t length, off_t at) {
  while (length > 0) {
    ssize_t put = pwrite(fd, bytes, length, at);
    if (put <= 0) fail("pwrite");
    bytes += put;
    at += put;
    length -= (size_t)put;
  }
}

static void fill(int fd, size_t file_bytes) {
  struct stat found;
  if (fstat(fd, &found) != 0) fail("fstat");
  if ((size_t)found.st_size >= file_bytes) return;
  size_t step = 1 << 20;
  char *zeros = calloc(1, step);
  for (size_t at = 0; at < file_bytes; at += step) put(fd, zeros, step, (off_t)at);
  if (fsync(fd) != 0) fail("fsync");
  free(zeros);
}

static void overwrite(const char *path, size_t step, size_t total, size_t file_bytes) {
  int fd = open(path, O_RDWR | O_CREAT, 0640);
  if (fd < 0) fail(path);
  fill(fd, file_bytes);
  char *bytes = malloc(step);
  if (bytes == NULL) fail("malloc");
  memset(bytes, 'k', step);
  size_t at = 0;
  double begun = seconds();
  for (size_t written = 0; written < total; written += step) {
    if (at + step > file_bytes) at = 0;
    put(fd, bytes, step, (off_t)at);
    if (fdatasync(fd) != 0) fail("fdatasync");
    at += step;
  }
  printf("%.6f\n", seconds() - begun);
}

static void drop(const char *path) {
  int fd = open(path, O_RDONLY);
  if (fd < 0) fail(path);
  if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0) fail("posix_fadvise");
  close(fd);
}

int main(int count, char **args) {
  if (count == 6 && strcmp(args[1], "overwrite") == 0) {
    overwrite(args[2], strtoull(args[3], NULL, 10), strtoull(args[4], NULL, 10),
              strtoull(args[5], NULL, 10));
    return 0;
  }
  if (count >= 2 && strcmp(args[1], "drop") == 0) {
    for (int i = 2; i < count; i++) drop(args[i]);
    return 0;
  }
  fprintf(stderr, "usage: raw overwrite FILE STEP TOTAL FILE_BYTES | raw drop FILE...\n");
  return 2;
}
