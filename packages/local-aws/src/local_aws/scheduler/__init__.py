"""EventBridge Scheduler: schedules are stored, and fire on request only."""
