import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;

/**
 * Numbers come in; each goes, over a repartition topic, to one of fifty buckets. For each number
 * the bucket's new count and sum go out, so that the output tells of every record lost or doubled.
 *
 * CountApp BOOTSTRAP APPLICATION-ID INPUT OUTPUT STATE-FOLDER
 */
public final class CountApp {
  private static final int BUCKETS = 50;

  private CountApp() {}

  public static void main(String[] args) {
    String input = args[2];
    String output = args[3];
    var builder = new StreamsBuilder();
    var strings = Serdes.String();
    builder.stream(input, Consumed.with(strings, strings))
        .mapValues(value -> value.substring(value.indexOf('.') + 1))
        .selectKey((key, number) -> "bucket-" + Long.parseLong(number) % BUCKETS)
        .repartition(
            Repartitioned.with(strings, strings).withName("buckets").withNumberOfPartitions(3))
        .groupByKey()
        .aggregate(() -> "0 0", (key, number, old) -> add(old, number), Materialized.as("counts"))
        .toStream()
        .to(output, Produced.with(strings, strings));
    var streams = new KafkaStreams(builder.build(), settings(args));
    streams.setStateListener((now, before) -> System.out.println("state " + now));
    streams.setUncaughtExceptionHandler(
        error -> {
          System.out.println("error " + error);
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(20))));
    streams.start();
  }

  /** The count and sum before, and a number, make the count and sum after. */
  private static String add(String old, String number) {
    int space = old.indexOf(' ');
    long count = Long.parseLong(old.substring(0, space)) + 1;
    long sum = Long.parseLong(old.substring(space + 1)) + Long.parseLong(number);
    return count + " " + sum;
  }

  private static Properties settings(String[] args) {
    var settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, args[1]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, Path.of(args[4]).toString());
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    // Every update goes out: a cache would let the last of several speak for all.
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    // What was repartitioned and processed is deleted this often (DeleteRecords), not each 30 s.
    settings.put(StreamsConfig.REPARTITION_PURGE_INTERVAL_MS_CONFIG, 1000);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    // A member that comes again at once takes its place; else its group would wait for the dead.
    settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), "one");
    return settings;
  }
}
