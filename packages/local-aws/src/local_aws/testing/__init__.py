"""What tests use to make the local AWS fail on purpose."""
