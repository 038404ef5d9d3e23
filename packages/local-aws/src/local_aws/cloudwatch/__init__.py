"""CloudWatch: statistics per period, metrics from logs and from services, alarms with actions."""
