"""What could go wrong, one small edit each, and which check notices it.

`make check` breaks a copy of the project with each of them and fails where no check notices. A mutation that fits no
longer fails too: let it follow what it edits. docs/checks.md has the list with what catches each; `make mutations`
renews it there.
"""
