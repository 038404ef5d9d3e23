"""CloudWatch Logs: keys of log groups, and log lines of services."""
