"""Rules on Glue jobs, crawler and table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from local_aws.glue.versions import GLUE_VERSIONS
from tools.checks.project import Project
from tools.checks.rules.registry import rule

WORKER_TYPES = {"G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8}
"""DPUs of each type."""

COLUMN_TYPES = {"id": "string", "timestamp": "timestamp", "activity_id": "int", "activity": "string"}
"""The types of the columns that are not sensors; sensors are double."""

PARTITION_KEYS = [("snapshot", "bigint"), ("subject", "int")]


@rule
def glue_version_is_tested(project: Project) -> Iterable[str]:
    """A job without a version gets Glue's default; an unknown version fails the deployment."""
    for name, job in project.of_type("AWS::Glue::Job").items():
        version = job.get("GlueVersion")
        parameter = project.parameters.get(version["Ref"], {}) if isinstance(version, dict) else {}
        allowed = {str(value) for value in parameter.get("AllowedValues", [version])}
        for unknown in sorted(str(each) for each in allowed - GLUE_VERSIONS.keys()):
            yield f"{name}: GlueVersion {unknown} is not one of {', '.join(sorted(GLUE_VERSIONS))}"
        if str(project.default(version)) != "5.1":
            yield f"{name}: GlueVersion is {project.default(version)} by default, expected 5.1"


@rule
def jobs_are_bounded(project: Project) -> Iterable[str]:
    """Missing limits cost money: the default is 480 minutes, and Glue's retries multiply the state machine's."""
    for name, job in project.of_type("AWS::Glue::Job").items():
        workers = job.get("NumberOfWorkers")
        if isinstance(workers, dict):
            parameter = project.parameters.get(str(workers.get("Ref")), {})
            if not 2 <= parameter.get("MinValue", 0) <= parameter.get("MaxValue", 1000) <= 100:
                yield f"{name}: NumberOfWorkers must be a parameter from 2 to 100 at most"
        elif not 2 <= (workers or 0) <= 100:
            yield f"{name}: NumberOfWorkers is {workers}, expected 2 to 100"
        if project.default(workers) != 2:
            yield f"{name}: expected 2 workers by default, found {project.default(workers)}"
        if job.get("WorkerType") != "G.1X":
            # The metrics in DPU-seconds count one DPU per worker.
            yield f"{name}: WorkerType is {job.get('WorkerType')}, expected G.1X"
        if not 0 < job.get("Timeout", 480) <= 60:
            yield f"{name}: Timeout is {job.get('Timeout')} minutes, expected 1 to 60"
        if job.get("MaxRetries") != 0:
            yield f"{name}: MaxRetries is {job.get('MaxRetries')}, expected 0: the state machine retries"
        if job.get("ExecutionProperty") != {"MaxConcurrentRuns": 1}:
            yield f"{name}: one run at a time, by ExecutionProperty"
        if (job.get("Command", {}).get("Name"), job.get("Command", {}).get("PythonVersion")) != ("glueetl", "3"):
            yield f"{name}: Command must be glueetl with PythonVersion 3"


@rule
def crawler_only_adds_partitions(project: Project) -> Iterable[str]:
    """CloudFormation owns the schema. AWS rejects a crawler on a catalog table that does not only log changes."""
    crawlers = project.of_type("AWS::Glue::Crawler")
    if set(crawlers) != {"Crawler"}:
        yield f"expected one crawler, Crawler; found {', '.join(sorted(crawlers)) or 'none'}"
    for name, crawler in crawlers.items():
        if crawler.get("Targets") != {
            "CatalogTargets": [{"DatabaseName": {"Ref": "Database"}, "Tables": [{"Ref": "SnapshotsTable"}]}]
        }:
            yield f"{name}: its one target must be the table SnapshotsTable in the catalog"
        if crawler.get("SchemaChangePolicy") != {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}:
            yield f"{name}: SchemaChangePolicy must be LOG and LOG"
        try:
            configuration = json.loads(crawler.get("Configuration", "{}"))
        except ValueError as error:
            yield f"{name}: Configuration is not valid JSON: {error}"
            continue
        if configuration.get("CrawlerOutput") != {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}:
            yield f"{name}: Configuration must let partitions inherit from the table"
        if configuration.get("Version") != 1.0:
            yield f"{name}: Configuration must name its Version 1.0"
        if "Schedule" in crawler:
            yield f"{name}: it must have no Schedule: the state machine starts it"


@rule
def records_table_reads_json(project: Project) -> Iterable[str]:
    """The named query Snapshots reads this table. An object with malformed JSON must not fail it."""
    table = project.of_type("AWS::Glue::Table").get("PublicationsTable", {}).get("TableInput", {})
    storage = table.get("StorageDescriptor", {})
    if storage.get("Location") != {"Fn::Sub": "s3://${DataBucket}/manifests/publications/"}:
        yield f"PublicationsTable: Location must be s3://${{DataBucket}}/manifests/publications/, found {storage}"
    serde = storage.get("SerdeInfo", {})
    if serde.get("SerializationLibrary") != "org.openx.data.jsonserde.JsonSerDe":
        yield f"PublicationsTable: its SerDe is {serde.get('SerializationLibrary')}, which does not read JSON"
    if serde.get("Parameters", {}).get("ignore.malformed.json") != "TRUE":
        yield "PublicationsTable: malformed JSON must be ignored"
    body = project.states.get("RecordSuccess", {}).get("Parameters", {}).get("Body", {})
    recorded = {name.removesuffix(".$") for name in body}
    for column in sorted({column["Name"] for column in storage.get("Columns", [])} ^ recorded):
        yield f"PublicationsTable and the record of RecordSuccess disagree on {column}"


@rule
def table_is_partitioned_parquet(project: Project) -> Iterable[str]:
    """A query of one subject reads one partition; without compressionType the crawler marks the table as deprecated."""
    for name, properties in project.of_type("AWS::Glue::Table").items():
        table = properties["TableInput"]
        if name == "PublicationsTable":
            continue
        keys = [(key["Name"], key["Type"]) for key in table.get("PartitionKeys", [])]
        if keys != PARTITION_KEYS:
            yield f"{name}: partition keys are {keys}, expected {PARTITION_KEYS}"
        for column in table.get("StorageDescriptor", {}).get("Columns", []):
            expected = COLUMN_TYPES.get(column["Name"], "double")
            if column["Type"] != expected:
                yield f"{name}: {column['Name']} is {column['Type']}, expected {expected}"
            if not column.get("Comment"):
                yield f"{name}: {column['Name']} has no Comment with its unit"
        parameters = table.get("Parameters", {})
        if parameters.get("compressionType") != "none" or parameters.get("classification") != "parquet":
            yield f"{name}: Parameters must have classification parquet and compressionType none"
        storage = table.get("StorageDescriptor", {})
        if storage.get("Location") != {"Fn::Sub": "s3://${DataBucket}/processed/"}:
            # Without the final slash it would include every prefix that begins with processed.
            yield f"{name}: Location must be s3://${{DataBucket}}/processed/, found {storage.get('Location')}"
        classes = (
            storage.get("InputFormat", ""),
            storage.get("OutputFormat", ""),
            storage.get("SerdeInfo", {}).get("SerializationLibrary", ""),
        )
        for each, suffix in zip(
            classes, ("MapredParquetInputFormat", "MapredParquetOutputFormat", "ParquetHiveSerDe"), strict=True
        ):
            if not each.endswith(f".{suffix}"):
                yield f"{name}: expected the class {suffix}, found {each or 'none'}"


@rule
def view_matches_the_table(project: Project) -> Iterable[str]:
    """The view lists its columns: an unknown column fails the publication, a missing one is invisible to readers."""
    table = project.template["Resources"]["SnapshotsTable"]["Properties"]["TableInput"]
    columns = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
    every = [column["Name"] for column in columns]
    shown = re.split(r",\s*", project.template["Mappings"]["View"]["Select"]["Columns"].strip())
    if shown != every:
        differing = sorted(set(shown) ^ set(every)) or ["the order"]
        yield f"the view's columns are not the table's: {', '.join(differing)}"


@rule
def rollback_matches_publication(project: Project) -> Iterable[str]:
    """The rollback is the publishing statement with another number, which has one placeholder."""
    publish = project.substitutions().get("PublishStatement", {}).get("Fn::Sub", ["", {}])
    rollback = project.template["Resources"].get("NamedQueryRollBack", {}).get("Properties", {})
    text, own = rollback.get("QueryString", {}).get("Fn::Sub", ["", {}])
    if (text, own) != (publish[0].replace("{}", "YYYYMMDDHHMMSS"), publish[1]):
        yield "the named query RollBack is not PublishStatement with YYYYMMDDHHMMSS in place of {}"
    for name in ("PublishStatement", "VerifyStatement"):
        statement = str(project.substitutions().get(name, ""))
        if statement.count("{}") != 1:
            yield f"{name} needs one {{}} for the number of the snapshot"
    columns = project.template["Mappings"]["View"]["Select"]["Columns"]
    if re.search(r"['\"\\{}]", columns):
        yield "the view's columns are inside single quotes of States.Format: no quotes, backslashes or braces"
