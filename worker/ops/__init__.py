"""What the worker tells its operators: logs now; numbers come in from the service, nothing here asks for them."""
