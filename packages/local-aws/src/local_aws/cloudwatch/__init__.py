"""CloudWatch made real: statistics per period, metrics from logs and from the services, alarms that tell."""
