"""Lambda: functions run in processes with their code, environment and role."""
