"""The operator's client of the pipeline: one command line, `mhealth`, for the local AWS and for AWS."""
