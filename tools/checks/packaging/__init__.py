"""Checks of the packages that SAM builds, in environments without the project.

`sam build` and `sam package` upload the artifacts to the local AWS, the packaged template is deployed there, and the
deployed code runs in environments that contain only what Lambda's and Glue's runtimes contain.
"""
