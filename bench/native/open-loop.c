/* An open-loop load: requests leave at their time, whether earlier ones were answered or not, and
 * a latency counts from the time at which a request was due. The requests are made by
 * bench/open-loop.ts and come in a file, each with its size in front.
 *
 *   open-loop PORT CONNECTIONS PER_SECOND WARM_UP_S SECONDS ERROR_AT FILE [IN_FLIGHT]
 *
 * PER_SECOND is of each connection. With IN_FLIGHT it is a closed loop, as fast as the broker
 * answers: so many requests of each connection are unanswered at any time. ERROR_AT is where an answer holds its error code (i16). Prints
 * one JSON object; latencies in microseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { IN_FLIGHT_MAX = 4096, ANSWER_MAX = 4096, FRAMES_MAX = 1024, CLOSED_SAMPLES_MAX = 1 << 22 };

struct frame {
  char *bytes;
  size_t length;
};

struct connection {
  int fd;
  double next; /* when the next request is due */
  size_t turn; /* which frame it is */
  const struct frame *sending;
  size_t sent;
  double due[IN_FLIGHT_MAX]; /* ring: answers come in order */
  uint32_t asked, answered;
  char answer[ANSWER_MAX];
  size_t have;
};

static struct frame frames[FRAMES_MAX];
static size_t frame_count;
static double *samples;
static size_t sample_count, sample_max;
static uint64_t errors, late_sends, requests;
static size_t error_at;
static int error_code; /* of the last request that failed */
static double measured_from;
static uint32_t in_flight; /* 0: an open loop */

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void read_frames(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail(path);
  unsigned char size[4];
  while (frame_count < FRAMES_MAX && fread(size, 1, 4, file) == 4) {
    size_t length = 4 + ((size_t)size[0] << 24 | size[1] << 16 | size[2] << 8 | size[3]);
    char *bytes = malloc(length);
    if (bytes == NULL) fail("malloc");
    memcpy(bytes, size, 4);
    if (fread(bytes + 4, 1, length - 4, file) != length - 4) fail("a frame is cut short");
    frames[frame_count++] = (struct frame){bytes, length};
  }
  fclose(file);
  if (frame_count == 0) fail("no frames");
}

static int dial(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) fail("connect");
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

/* True where more is to be sent and the socket takes no more now. */
static int flush(struct connection *each) {
  while (each->sending != NULL) {
    ssize_t put = send(each->fd, each->sending->bytes + each->sent,
                       each->sending->length - each->sent, MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 1;
    if (put < 0) fail("send");
    each->sent += (size_t)put;
    if (each->sent < each->sending->length) continue;
    each->sending = NULL;
  }
  return 0;
}

static void ask_next(struct connection *each, double due) {
  each->due[each->asked++ % IN_FLIGHT_MAX] = due;
  requests++;
  each->sending = &frames[each->turn++ % frame_count];
  each->sent = 0;
  flush(each);
}

static void ask(struct connection *each, double now, double every) {
  while (each->asked - each->answered < in_flight && each->sending == NULL) ask_next(each, now);
  if (in_flight > 0) return;
  while (each->next <= now && each->sending == NULL) {
    if (each->asked - each->answered == IN_FLIGHT_MAX) fail("too many requests are unanswered");
    if (now - each->next > 0.002) late_sends++;
    double due = each->next;
    each->next += every;
    ask_next(each, due);
  }
}

static void answered(struct connection *each, const char *frame, size_t length, double now) {
  if (length < error_at + 2 || frame[error_at] != 0 || frame[error_at + 1] != 0) {
    errors++;
    error_code = length < error_at + 2 ? -2 : (unsigned char)frame[error_at + 1];
  }
  double due = each->due[each->answered++ % IN_FLIGHT_MAX];
  if (due >= measured_from && sample_count < sample_max) samples[sample_count++] = now - due;
}

static void receive(struct connection *each) {
  for (;;) {
    ssize_t got = recv(each->fd, each->answer + each->have, ANSWER_MAX - each->have, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0) fail("the broker closed a connection");
    double now = seconds();
    each->have += (size_t)got;
    size_t at = 0;
    while (each->have - at >= 4) {
      const unsigned char *size = (unsigned char *)each->answer + at;
      size_t length = 4 + ((size_t)size[0] << 24 | size[1] << 16 | size[2] << 8 | size[3]);
      if (length > ANSWER_MAX) fail("an answer is too long");
      if (each->have - at < length) break;
      answered(each, each->answer + at, length, now);
      at += length;
    }
    memmove(each->answer, each->answer + at, each->have - at);
    each->have -= at;
  }
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double quantile(double part) {
  if (sample_count == 0) return -1;
  size_t at = (size_t)(part * (double)sample_count);
  return samples[at < sample_count ? at : sample_count - 1] * 1e6;
}

int main(int count, char **args) {
  if (count != 8 && count != 9) {
    fprintf(stderr, "usage: open-loop PORT CONNECTIONS PER_SECOND WARM_UP_S S ERROR_AT FILE [N]\n");
    return 2;
  }
  int port = atoi(args[1]), connection_count = atoi(args[2]);
  in_flight = count == 9 ? (uint32_t)atoi(args[8]) : 0;
  double every = 1 / atof(args[3]), warm_up = atof(args[4]), wanted = atof(args[5]);
  error_at = (size_t)atoi(args[6]);
  read_frames(args[7]);
  sample_max = in_flight > 0 ? CLOSED_SAMPLES_MAX
                             : (size_t)((wanted + 1) * connection_count / every) + 1024;
  samples = malloc(sample_max * sizeof *samples);
  struct connection *all = calloc((size_t)connection_count, sizeof *all);
  int poll = epoll_create1(0);
  for (int i = 0; i < connection_count; i++) {
    all[i].fd = dial(port);
    all[i].turn = (size_t)i;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &all[i]};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &event) != 0) fail("epoll_ctl");
  }
  prctl(PR_SET_TIMERSLACK, 1); /* ns; the usual 50 us would be counted as the broker's */
  double begun = seconds() + 0.05;
  measured_from = begun + warm_up;
  double until = measured_from + wanted;
  for (int i = 0; i < connection_count; i++) all[i].next = begun + every * i / connection_count;
  struct epoll_event events[256];
  for (;;) {
    double now = seconds(), next = now + 0.1;
    for (int i = 0; i < connection_count; i++) {
      if (now < until) ask(&all[i], now, every);
      if (in_flight == 0 && all[i].sending == NULL && all[i].next < next) next = all[i].next;
    }
    uint64_t open = 0;
    for (int i = 0; i < connection_count; i++) open += all[i].asked - all[i].answered;
    if (now >= until && (open == 0 || now > until + 10)) break;
    double wait = next - seconds();
    if (wait < 0 || now >= until) wait = now >= until ? 0.001 : 0;
    struct timespec pause = {(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)};
    int ready = epoll_pwait2(poll, events, 256, &pause, NULL);
    for (int i = 0; i < ready; i++) {
      if (events[i].events & EPOLLOUT) flush(events[i].data.ptr);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(events[i].data.ptr);
    }
  }
  uint64_t lost = 0;
  for (int i = 0; i < connection_count; i++) lost += all[i].asked - all[i].answered;
  qsort(samples, sample_count, sizeof *samples, compare);
  printf("{\"requests\":%llu,\"samples\":%zu,\"errors\":%llu,\"errorCode\":%d,"
         "\"unanswered\":%llu,\"late\":%llu,"
         "\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}\n",
         (unsigned long long)requests, sample_count, (unsigned long long)errors, error_code,
         (unsigned long long)lost, (unsigned long long)late_sends, quantile(0.5), quantile(0.9),
         quantile(0.99), quantile(0.999), quantile(1));
  return errors + lost > 0;
}
