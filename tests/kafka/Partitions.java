// Reads a key as hex and a count of partitions a line; writes what Kafka's own class makes of it: hash and partition.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HexFormat;
import org.apache.kafka.common.utils.Utils;

class Partitions {
  public static void main(String[] arguments) throws Exception {
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      var words = line.split(" ");
      var hash = Utils.murmur2(HexFormat.of().parseHex(words[0]));
      System.out.println(Integer.toUnsignedString(hash) + " " + Utils.toPositive(hash) % Integer.parseInt(words[1]));
    }
  }
}
