"""The broker on Apache Kafka: each commit one transaction, each shard one transactional.id."""
