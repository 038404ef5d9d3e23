"""The project's own rules: what cfn-lint, checkov, asl-validator and sam let pass.

A rule is a function from the project to its problems, one text each; its docstring says why it is there. The name of
the function is the name of the rule. They are grouped by idea, a module each.
"""
