"""The commands of `mhealth` that talk to a deployed stack: on the local AWS, or on AWS when a person says so."""
