"""Mutations of the state machine, and of its references to the template and the code."""

from __future__ import annotations

from tools.checks.mutations.edit import Mutation, in_definition, in_template
from tools.checks.project import SAMCONFIG

TRANSITIONS = (
    in_definition("Next leads to no state", "ConvertParquet", '"Next": "GlueTransform"', '"Next": "GlueTransfrom"'),
    in_definition("Catch leads to no state", "RefreshCatalog", '"Next": "ExplainFailure"', '"Next": "Explain"'),
    in_definition(
        "a state that nothing leads to", "ExplainJobFailure", '"Next": "FindErrorClass"', '"Next": "ReportFailure"'
    ),
    in_definition(
        "the verification is skipped",
        "ReadSnapshotSummary",
        '"Next": "VerifySnapshot"',
        '"Next": "ReadPublishedSnapshot"',
    ),
    in_definition("a publication in a loop", "PublishSnapshot", '"Next": "RecordSuccess"', '"Next": "RefreshCatalog"'),
    in_definition("a task without Catch", "VerifySnapshot", '"Catch": [', '"Comments": ['),
    in_definition("a task without Retry", "RecordSuccess", '"Retry": [', '"Retries": ['),
    in_definition("a task without time limit", "ConvertParquet", '"TimeoutSeconds": 3600,\n'),
    in_definition(
        "a task's time limit below its job's", "GlueTransform", '"TimeoutSeconds": 3600', '"TimeoutSeconds": 600'
    ),
    in_definition(
        "the failed state's name is lost", "GlueTransform", '"Assign": { "failedState.$": "$$.State.Name" },'
    ),
    in_definition(
        "a failure without a notification", "PublishSnapshot", '"Next": "ExplainFailure"', '"Next": "Failed"'
    ),
    in_definition(
        "Retry on an error of the data", "ConvertParquet", '"Glue.InternalServiceException"', '"TooManyBadRows"'
    ),
    in_definition(
        "Retry on every failure of a job", "GlueTransform", '"Glue.InternalServiceException"', '"States.TaskFailed"'
    ),
    in_definition(
        "a report that fails the run", "WriteReport", '"Next": "PublishedWithoutReport"', '"Next": "ExplainFailure"'
    ),
    in_definition(
        "a report that hides the failure", "ReportFailure", '"Next": "FailedWithoutReport"', '"Next": "ExplainFailure"'
    ),
    in_definition("a failure without a report", "ExplainJobEnd", '"Next": "ReportFailure"', '"Next": "NotifyFailure"'),
    in_definition("an output without the rows", "PublishedWithoutReport", '"rows.$"', '"count.$"'),
    in_definition("no Retry on SourceUnavailable", "DownloadCSV", '["SourceUnavailable", ', "["),
    in_definition("an error of the jobs without its name", "NameJobFailure", '" MissingSubject"', '" MissingSubjects"'),
    in_definition(
        "a Fail state with a reserved name", "Failed", '"ErrorPath": "$.failure.Error"', '"Error": "States.TaskFailed"'
    ),
    in_definition(
        "a metric that fails the run",
        "MeasurePublication",
        '"ResultPath": "$.unmeasured", "Next": "WriteReport"',
        '"Next": "Failed"',
    ),
    in_definition("States.Format with an argument too few", "RowCountMismatch", ", $.verified.subjects)", ")"),
    in_definition(
        "a result without a path", "GlueTransform", '"ResultPath": "$.transform"', '"ResultPath": "transform"'
    ),
    in_definition("no JSON", "DownloadCSV", '"TimeoutSeconds": 930,', '"TimeoutSeconds": 930'),
)

PROMISES = (
    in_definition(
        "an argument that a service requires is gone", "GetCrawler", '"Name": "${CrawlerName}"', '"Nom": "x"'
    ),
    in_definition("two names in one", "RefreshCatalog", '"${CrawlerName}"', '"${CrawlerName}${CrawlerName}"'),
    in_definition("a metric without its unit", "MeasureNothingNew", '"Unit": "Count",'),
    in_definition("a state without a next state", "CountWait", '"Next": "WaitForCrawler"', '"End": false'),
    in_definition(
        "an error without documentation", "CrawlerFailed", '"Error": "CrawlerFailed"', '"Error": "CrawlFailed"'
    ),
    in_definition("a notice without advice", "NotifyFailure", '"what_to_do.$"', '"advice.$"'),
    in_definition("a retry that waits for hours", "RecordSuccess", '"BackoffRate": 2', '"BackoffRate": 9'),
    in_template("a pattern that matches anything", "AlarmEmail", r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$", "^.*$"),
    in_template(
        "a policy of 2008",
        "CrawlerRole",
        '''PolicyDocument:
            Version: "2012-10-17"''',
        '''PolicyDocument:
            Version: "2008-10-17"''',
    ),
    in_template("a statement that is no SQL", "NamedQuerySnapshots", "GROUP BY snapshot", "GROUP snapshot"),
    in_template(
        "a query of another workgroup", "NamedQuerySnapshots", "WorkGroup: !Ref WorkGroup", "WorkGroup: primary"
    ),
    in_template(
        "query results kept for two weeks",
        "DataBucket",
        "athena-results/, ExpirationInDays: 7",
        "athena-results/, ExpirationInDays: 14",
    ),
    in_template("queries without a bound", "WorkGroup", "        BytesScannedCutoffPerQuery: !Ref MaxBytesScanned\n"),
    in_template("a function without its /tmp size", "DownloadFunction", "      EphemeralStorage: { Size: 2048 }\n"),
    in_template(
        "a secret's key for every secret",
        "DownloadRole",
        "                      kms:EncryptionContext:SecretARN: !Ref KaggleSecretArn\n",
    ),
    in_definition(
        "published when the run began", "RecordSuccess", '"$$.State.EnteredTime"', '"$$.Execution.StartTime"'
    ),
)

SUBSTITUTIONS = (
    in_definition("a substitution without a value", "GetCrawler", "${CrawlerName}", "${Crawler}"),
    in_template(
        "a substitution that is missing",
        "StateMachine",
        "        VerifyStatement: !Sub",
        "        VerfyStatement: !Sub",
    ),
    in_template(
        "an unused substitution",
        "StateMachine",
        "        Region: !Ref",
        "        Zone: !Ref AWS::Region\n        Region: !Ref",
    ),
    in_template(
        "a literal name for a reference",
        "StateMachine",
        "!If [CrawlerRegisters, !Ref Crawler, none]",
        "mhealth-crawler",
    ),
    in_template(
        "a reference to nothing",
        "StateMachine",
        "WorkGroupName: !Ref PipelineWorkGroup",
        "WorkGroupName: !Ref Workgroup",
    ),
    in_template("the state machine's file is missing", "StateMachine", "pipeline.asl.json", "pipeline.json"),
    in_template("RollBack differs from the publication", "NamedQueryRollBack", "CREATE OR REPLACE VIEW", "CREATE VIEW"),
)

SETTINGS = (
    in_template("a misspelt argument of a job", "ConvertParquetJob", "--max_bad_row_ratio", "--max_bad_rows_ratio"),
    in_template(
        "an argument unknown to the job",
        "GlueTransformJob",
        "        --view: mhealth\n",
        "        --view: mhealth\n        --mode: append\n",
    ),
    in_definition(
        "an argument missing at the job's start",
        "GlueTransform",
        '"--execution.$": "$$.Execution.Id"',
        '"--run.$": "$$.Execution.Id"',
    ),
    in_template("a missing environment variable", "DownloadFunction", "          RAW_PREFIX: raw\n"),
    in_template(
        "an unused environment variable",
        "DownloadFunction",
        "RAW_PREFIX: raw",
        "RAW_PREFIX: raw\n          STAGE_PREFIX: stage",
    ),
    in_template(
        "a wrong handler", "DownloadFunction", "download_and_upload.lambda_handler", "download_and_upload.handler"
    ),
    in_template(
        "a handler in no module", "ShipGlueCodeFunction", "ship_code.lambda_handler", "shipping.lambda_handler"
    ),
    in_template("no CodeUri", "DownloadFunction", "      CodeUri: ../lambda_ingest/\n"),
    in_template("a CodeUri that does not exist", "ShipGlueCodeFunction", "../glue/", "../glue_jobs/"),
    in_template("a runtime that does not exist", "DownloadFunction", "python3.13", "python3.131"),
    Mutation(
        "SAM's template for every command", SAMCONFIG, "", "[default.build.parameters]", "[default.global.parameters]"
    ),
    Mutation("SAM without the capability to create roles", SAMCONFIG, "", 'capabilities = "CAPABILITY_IAM"\n', ""),
)
