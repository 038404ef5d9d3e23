"""Lambda: each invocation is a process with the function's code, environment and role."""
