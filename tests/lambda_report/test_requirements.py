"""What the function is packaged with is what the tests ran with, and loads on Lambda's glibc."""

from importlib.metadata import distribution

from tests.lambda_ingest.test_requirements import LOCKED_AS_DEPLOYED, hashes, needed

LAMBDAS_GLIBC = (2, 34)
"""Of Amazon Linux 2023, which python3.13 runs on."""


def pins() -> dict[str, str]:
    return dict(hashes("lambda_report").keys())


@LOCKED_AS_DEPLOYED
def test_every_package_is_pinned_to_the_locked_version() -> None:
    assert pins() == needed("aws-lambda-powertools", "boto3", "jinja2", "vl-convert-python")


def test_compiled_packages_were_built_for_a_glibc_that_lambda_has() -> None:
    for name in pins():
        tags = [
            line.split()[1] for line in (distribution(name).read_text("WHEEL") or "").splitlines() if "Tag:" in line
        ]
        built = [tuple(map(int, tag.split("manylinux_")[1].split("_")[:2])) for tag in tags if "manylinux_" in tag]
        assert all(tag.endswith("-any") for tag in tags) or min(built) <= LAMBDAS_GLIBC, (name, tags)
