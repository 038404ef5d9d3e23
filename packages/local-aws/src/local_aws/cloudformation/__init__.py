"""CloudFormation made real: SAM templates, plans, stacks with events and rollback, every resource type of ours."""
