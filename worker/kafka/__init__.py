"""A Kafka cluster as whoever speaks to one needs it: reached, understood, cut off; for the broker and for upstream topics."""
