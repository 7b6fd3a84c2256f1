"""What is pure: documents to readings to decisions. No clock, network, settings or await; everything comes in as an argument."""
