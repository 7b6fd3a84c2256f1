// Keeps each article as it is now in memory: read anew from the start of the topic whenever a partition is assigned.
//
// Where the articles go into a database, store each partition's next offset in the transaction of what was made of the record,
// and seek there in onPartitionsAssigned, as news_reader.py does; the group then only shares out the partitions, as here.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

class NewsReader implements ConsumerRebalanceListener {
  /** What a partition has told: an article's events are all in one, so it can be dropped and read anew as a whole. */
  record Held(Map<String, JsonNode> articles, Map<String, Set<String>> seen) {}

  final ObjectMapper json = new ObjectMapper();
  final Map<Integer, Held> partitions = new HashMap<>();
  final KafkaConsumer<String, byte[]> consumer;

  NewsReader(String bootstrap, String prefix) {
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", bootstrap,
        "group.id", prefix + "example-java",
        "isolation.level", "read_committed", // nothing of a transaction that was given up
        "enable.auto.commit", false);
    consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    consumer.subscribe(List.of(prefix + "news.articles.v1", prefix + "news.rejects.v1"), this);
  }

  void take(ConsumerRecord<String, byte[]> record) throws Exception {
    if (header(record, "reject_code") != null) {
      System.out.println("rejected " + header(record, "reject_code") + " " + header(record, "reject_entry_key")
          + " " + record.value().length + " bytes");
      return;
    }
    var held = partitions.computeIfAbsent(record.partition(), number -> new Held(new HashMap<>(), new HashMap<>()));
    var article = record.key();
    if (record.value() == null) { // a tombstone: nothing may be left of it
      held.articles.remove(article);
      held.seen.remove(article);
      System.out.println("forgotten " + article);
    } else if (!held.seen.computeIfAbsent(article, id -> new HashSet<>()).add(header(record, "ce_id"))) {
      System.out.println("repeated " + article);
    } else { // created, updated or withdrawn, it is how the article is now; the first that is met may be any of them
      var event = json.readTree(record.value());
      held.articles.put(article, event);
      var headline = event.at("/item/headlines/0/value").asText(); // missing stays missing
      System.out.println((header(record, "ce_type").split("\\.")[2] + " " + article
          + " v" + event.get("version").asInt() + " " + headline).strip());
    }
  }

  static String header(ConsumerRecord<?, ?> record, String name) {
    var found = record.headers().lastHeader(name);
    return found == null ? null : new String(found.value(), java.nio.charset.StandardCharsets.UTF_8);
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
    consumer.seekToBeginning(assigned);
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
    revoked.stream().filter(one -> one.topic().endsWith("news.articles.v1")).map(TopicPartition::partition).forEach(partitions::remove);
  }

  boolean atEnd() {
    var ends = consumer.endOffsets(consumer.assignment());
    return !ends.isEmpty() && ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
  }

  void read(boolean once) throws Exception {
    while (!(once && atEnd())) {
      for (var record : consumer.poll(Duration.ofSeconds(1))) {
        take(record);
      }
    }
    System.out.println(partitions.values().stream().mapToInt(held -> held.articles.size()).sum() + " articles");
  }

  public static void main(String[] arguments) throws Exception {
    var once = List.of(arguments).contains("--once"); // end when all was read
    var given = List.of(arguments).stream().filter(word -> !word.equals("--once")).toList();
    if (given.isEmpty() || given.size() > 2) {
      System.err.println("NewsReader.java HOST:9092 [PREFIX] [--once]");
      System.exit(2);
    }
    System.setOut(new java.io.PrintStream(System.out, true, java.nio.charset.StandardCharsets.UTF_8));
    var reader = new NewsReader(given.get(0), given.size() == 2 ? given.get(1) : "");
    try (var consumer = reader.consumer) {
      reader.read(once);
    }
  }
}
