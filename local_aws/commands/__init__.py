"""The commands of `local-aws` that talk to a running stack: on the local AWS, or on AWS when a person says so."""
