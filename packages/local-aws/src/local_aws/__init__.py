"""Local AWS emulator: moto extended with working Athena, Glue, Lambda, Step Functions, IAM and CloudFormation.

Development and tests only.
"""
