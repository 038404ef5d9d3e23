"""The packages as SAM makes them, and what they do where nothing else of ours is.

`sam build` and `sam package` run as anybody runs them, the artifacts go to the local AWS, the packaged template is
deployed there, and the code that arrived runs in environments that hold what Lambda's and Glue's runtimes hold.
"""
