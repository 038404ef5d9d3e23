"""CloudFormation: SAM templates, plans, stacks with events and rollback, resource types."""
