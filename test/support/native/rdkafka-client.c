/* A verifiable librdkafka client: prints one JSON line per acknowledged or consumed record, so that
 * tests can compare what was promised with what is there. kcat prints no acknowledged offsets.
 *
 *   rdkafka-client produce TOPIC PARTITIONS COUNT RATE PREFIX PAD_BYTES name=value...
 *   rdkafka-client consume TOPIC PARTITIONS name=value...
 *
 * produce: record n goes to partition n % PARTITIONS with value PREFIX.n; COUNT -1 and RATE 0 mean
 * no limit. On SIGTERM it stops producing, waits for what is in flight, and ends.
 * consume: reads all partitions from their beginning, through outages, until SIGTERM. */
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t running = 1;
static long long failed = 0;

static void on_signal(int number) {
  (void)number;
  running = 0;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
  (void)rk;
  (void)opaque;
  const char *value = message->payload;
  int length = (int)message->len;
  if (message->err) {
    failed++;
    printf("{\"name\":\"error\",\"value\":\"%.*s\",\"error\":\"%s\"}\n", length, value,
           rd_kafka_err2name(message->err));
  } else {
    printf("{\"name\":\"acked\",\"partition\":%d,\"offset\":%lld,\"value\":\"%.*s\"}\n",
           message->partition, (long long)message->offset, length, value);
  }
}

static void stop_with(const char *what) {
  fprintf(stderr, "rdkafka-client: %s\n", what);
  exit(2);
}

static rd_kafka_t *open_client(rd_kafka_type_t type, int count, char **settings) {
  char error[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  for (int i = 0; i < count; i++) {
    char *equals = strchr(settings[i], '=');
    if (!equals) stop_with("settings are name=value");
    *equals = 0;
    if (rd_kafka_conf_set(conf, settings[i], equals + 1, error, sizeof error) != RD_KAFKA_CONF_OK)
      stop_with(error);
  }
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  rd_kafka_t *rk = rd_kafka_new(type, conf, error, sizeof error);
  if (!rk) stop_with(error);
  return rk;
}

static double now_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int produce(const char *topic, char **args, int settings_count, char **settings) {
  int partitions = atoi(args[0]);
  long long count = atoll(args[1]);
  double rate = atof(args[2]);
  const char *prefix = args[3];
  size_t pad_bytes = (size_t)atoll(args[4]);
  char *pad = malloc(pad_bytes + 1);
  memset(pad, 'x', pad_bytes);
  rd_kafka_t *rk = open_client(RD_KAFKA_PRODUCER, settings_count, settings);
  double started = now_seconds();
  long long sent = 0;
  while (running && (count < 0 || sent < count)) {
    if (rate > 0 && (double)sent > (now_seconds() - started) * rate) {
      rd_kafka_poll(rk, 1);
      continue;
    }
    char value[256];
    int length = snprintf(value, sizeof value, "%s.%lld", prefix, sent);
    rd_kafka_resp_err_t error = rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION((int32_t)(sent % partitions)),
        RD_KAFKA_V_VALUE(value, (size_t)length), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADER("pad", pad, (ssize_t)pad_bytes), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(rk, 10);
      continue;
    }
    if (error) stop_with(rd_kafka_err2name(error));
    sent++;
    if (sent % 64 == 0) rd_kafka_poll(rk, 0);
  }
  rd_kafka_resp_err_t flushed = rd_kafka_flush(rk, 60 * 1000);
  char fatal[512] = "";
  rd_kafka_fatal_error(rk, fatal, sizeof fatal);
  printf("{\"name\":\"done\",\"sent\":%lld,\"failed\":%lld,\"flush\":\"%s\",\"fatal\":\"%s\"}\n",
         sent, failed, rd_kafka_err2name(flushed), fatal);
  fflush(stdout);
  rd_kafka_destroy(rk);
  free(pad);
  return flushed || failed ? 1 : 0;
}

static int consume(const char *topic, int partitions, int settings_count, char **settings) {
  rd_kafka_t *rk = open_client(RD_KAFKA_CONSUMER, settings_count, settings);
  rd_kafka_poll_set_consumer(rk);
  rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; i++)
    rd_kafka_topic_partition_list_add(all, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  if (rd_kafka_assign(rk, all)) stop_with("assign failed");
  while (running) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 100);
    if (!message) {
      fflush(stdout);
      continue;
    }
    if (message->err) {
      printf("{\"name\":\"error\",\"partition\":%d,\"error\":\"%s\"}\n", message->partition,
             rd_kafka_err2name(message->err));
    } else {
      printf("{\"name\":\"read\",\"partition\":%d,\"offset\":%lld,\"value\":\"%.*s\"}\n",
             message->partition, (long long)message->offset, (int)message->len,
             (const char *)message->payload);
    }
    rd_kafka_message_destroy(message);
  }
  fflush(stdout);
  rd_kafka_topic_partition_list_destroy(all);
  rd_kafka_consumer_close(rk);
  rd_kafka_destroy(rk);
  return 0;
}

int main(int argc, char **argv) {
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  if (argc >= 8 && strcmp(argv[1], "produce") == 0) {
    setvbuf(stdout, NULL, _IOLBF, 0); /* an acknowledgement must be out before the next one */
    return produce(argv[2], argv + 3, argc - 8, argv + 8);
  }
  if (argc >= 4 && strcmp(argv[1], "consume") == 0)
    return consume(argv[2], atoi(argv[3]), argc - 4, argv + 4);
  stop_with("usage: produce TOPIC PARTITIONS COUNT RATE PREFIX PAD_BYTES name=value... |"
            " consume TOPIC PARTITIONS name=value...");
}
