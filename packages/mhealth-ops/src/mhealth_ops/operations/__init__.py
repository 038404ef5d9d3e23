"""What an operator does with a deployed stack: client-side commands that work against any endpoint, AWS or local."""
