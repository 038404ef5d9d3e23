"""Step Functions as on AWS: what moto's interpreter leaves out or does otherwise."""
