"""IAM: each request is authorized by the policies of the role that makes it."""
