"""EventBridge: rules deliver to functions, state machines, queues, topics and log groups."""
