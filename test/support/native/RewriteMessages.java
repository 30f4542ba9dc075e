import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.Readable;

/** Reads `name version hex` lines with Kafka's classes, and prints what they write again, as hex. */
public class RewriteMessages {
  public static void main(String[] arguments) throws Exception {
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = lines.readLine()) != null; ) {
      var parts = line.split(" ", -1);
      var version = Short.parseShort(parts[1]);
      var from = ByteBuffer.wrap(HexFormat.of().parseHex(parts[2]));
      var data = Class.forName("org.apache.kafka.common.message." + parts[0] + "Data");
      var reader = data.getConstructor(Readable.class, short.class);
      var message = (Message) reader.newInstance(new ByteBufferAccessor(from), version);
      if (from.hasRemaining()) throw new IllegalStateException(line + ": bytes are left");
      var written = MessageUtil.toByteBufferAccessor(message, version).buffer();
      var bytes = new byte[written.remaining()];
      written.get(bytes);
      System.out.println(HexFormat.of().formatHex(bytes));
    }
  }
}
