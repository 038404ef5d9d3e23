"""Names of Glue's log groups, by the developer guide."""

from local_aws.glue import log_groups

ROLE = "arn:aws:iam::123456789012:role/MyRole"


def test_a_jobs_groups_are_below_its_prefix() -> None:
    assert log_groups.of_job("output", {}, None, ROLE) == "/aws-glue/jobs/output"
    assert log_groups.of_job("error", {"--custom-logGroup-prefix": "/aws-glue/my"}, None, ROLE) == "/aws-glue/my/error"


def test_a_security_configuration_moves_the_groups() -> None:
    assert log_groups.of_job("output", {}, "sealed", ROLE) == "/aws-glue/jobs/sealed-role/MyRole/output"
    assert log_groups.of_crawler(ROLE, "sealed") == "/aws-glue/crawlers-role/MyRole-sealed"
    assert log_groups.of_crawler(ROLE, None) == "/aws-glue/crawlers"
