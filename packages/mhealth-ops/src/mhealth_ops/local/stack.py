"""The project's stack on a local AWS, with a copy of Kaggle that serves a dataset."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from local_aws.client import LocalAwsError
from local_aws.server import KeptSpark, LocalAws, Sidecar, own_runtime, read_template
from mhealth_ops.kaggle.api import served
from mhealth_ops.project import STACK, TEMPLATE


def local_parameters(tell: Callable[[str], None] = lambda _: None) -> dict[str, str]:
    """Local values of parameters that differ from the template's defaults.

    A crawl takes less than a second here. The jobs run on the Glue version of this Python, whatever the default is.
    """
    glue = own_runtime().glue
    if glue.name == read_template(TEMPLATE.read_text())["Parameters"]["GlueVersion"]["Default"]:
        return {"CrawlerPollSeconds": "5"}
    tell(f"Python {glue.python}: the jobs run on Glue {glue.name} (Spark {glue.spark})")
    return {"CrawlerPollSeconds": "5", "GlueVersion": glue.name}


_OF_THE_REAL_KAGGLE = (
    *("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN"),
    *("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"),
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
)


def local_stack(
    dataset: str = "synthetic",
    *,
    scale: int = 1,
    template: Path | None = TEMPLATE,
    stack_name: str = STACK,
    parameters: Mapping[str, str] | None = None,
    port: int = 0,
    region: str = "us-east-1",
    folder: Path | None = None,
    spark: KeptSpark | None = None,
    warm_spark: bool = False,
    athena: str = "duckdb",
    tell: Callable[[str], None] = lambda _: None,
) -> LocalAws:
    """Settings of a local AWS with the template deployed (None: no stack).

    `dataset` is the dataset of Kaggle: `synthetic` (`scale` times its ten subjects), `kaggle` (the real one) or a
    directory. The other fields are those of LocalAws.
    """
    here = local_parameters(tell) if template == TEMPLATE else {}
    return LocalAws(
        template=template,
        stack_name=stack_name,
        parameters=here | dict(parameters or {}),
        port=port,
        region=region,
        folder=folder,
        sidecar=kaggle(dataset, scale=scale, tell=tell),
        spark=spark,
        warm_spark=warm_spark,
        athena=athena,
        tell=tell,
    )


def kaggle(dataset: str, *, scale: int = 1, tell: Callable[[str], None] = lambda _: None) -> Sidecar:
    """The Kaggle of the functions. Its start raises LocalAwsError for a missing dataset."""

    @contextlib.contextmanager
    def started(folder: Path) -> Iterator[Mapping[str, str]]:
        tell("making the synthetic dataset" if dataset == "synthetic" else f"dataset: {dataset}")
        with contextlib.ExitStack() as ending:
            try:
                environment = ending.enter_context(served(dataset, folder, scale=scale))
            except NotADirectoryError as error:
                raise LocalAwsError(str(error)) from None
            if dataset == "kaggle":
                environment = {name: os.environ[name] for name in _OF_THE_REAL_KAGGLE if name in os.environ}
            yield environment

    return started
