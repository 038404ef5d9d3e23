"""Mutation tests of template and state machine: one small edit each, which a check must detect.

`make check` applies each mutation to a copy of the project and fails if no check detects it. It also fails for a
mutation whose text is no longer in the file: update the mutation. docs/checks.md lists which checks detect each;
`make mutations` updates that list.
"""
