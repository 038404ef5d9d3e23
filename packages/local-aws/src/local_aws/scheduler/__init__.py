"""EventBridge Scheduler: schedules are kept, and fire when they are told to."""
