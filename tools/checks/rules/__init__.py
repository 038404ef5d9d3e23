"""The project's own rules, for faults that cfn-lint, checkov, asl-validator and sam do not detect.

A rule is a function from the project to its problems, one string each. Its docstring gives the reason for the rule;
its name is the rule's name. Each module has the rules of one topic.
"""
