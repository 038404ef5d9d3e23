"""What is left out of moto's import changes nothing of what moto has."""

from __future__ import annotations

import boto3

import local_aws.cloudformation  # noqa: F401 - imports moto

PARTITIONS = ("aws", "aws-us-gov", "aws-cn")


def test_moto_has_the_regions_that_the_service_model_of_ec2_leads_to() -> None:
    # Only now: the import of moto above is the subject.
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

    session = boto3.Session()
    assert session._session.get_service_data("ec2")["operations"]  # the whole model again
    real = [name for each in PARTITIONS for name in session.get_available_regions("ec2", partition_name=each)]
    assert "us-east-1" in real
    assert [region.name for region in RegionsAndZonesBackend.regions] == real
