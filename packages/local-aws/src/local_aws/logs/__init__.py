"""CloudWatch Logs: keys of log groups, and how services write into them."""
