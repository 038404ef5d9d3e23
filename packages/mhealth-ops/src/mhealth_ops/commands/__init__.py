"""The commands of `mhealth` that talk to a deployed stack: on the local AWS, or with `--aws` on AWS."""
