"""IAM made real: each request is judged by the policies of the role that makes it."""
