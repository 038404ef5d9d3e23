"""What could go wrong in the template, the definition and SAM's settings: one small edit each.

`make check` breaks a copy with each of them and fails where no check notices. A mutation that fits no longer fails too:
let it follow what it edits. docs/checks.md has the list with what catches each; `make mutations` renews it there.
"""

from __future__ import annotations

from tests.checks.mutation import DEFINITION, SAMCONFIG, TEMPLATE, Mutation


def _template(name: str, within: str, old: str, new: str = "") -> Mutation:
    return Mutation(name, TEMPLATE, within, old, new)


def _definition(name: str, within: str, old: str, new: str = "") -> Mutation:
    return Mutation(name, DEFINITION, within, old, new)


TRANSITIONS = (
    _definition("Next leads to no state", "ConvertParquet", '"Next": "GlueTransform"', '"Next": "GlueTransfrom"'),
    _definition("Catch leads to no state", "RefreshCatalog", '"Next": "ExplainFailure"', '"Next": "Explain"'),
    _definition(
        "a state that nothing leads to", "ExplainJobFailure", '"Next": "NameJobFailure"', '"Next": "NotifyFailure"'
    ),
    _definition(
        "the verification is left out",
        "ReadSnapshotSummary",
        '"Next": "VerifySnapshot"',
        '"Next": "ReadPublishedSnapshot"',
    ),
    _definition("a task without Catch", "VerifySnapshot", '"Catch": [', '"Comments": ['),
    _definition("a task without Retry", "RecordSuccess", '"Retry": [', '"Retries": ['),
    _definition("a task without time limit", "ConvertParquet", '"TimeoutSeconds": 3600,\n'),
    _definition(
        "a task's time limit below its job's", "GlueTransform", '"TimeoutSeconds": 3600', '"TimeoutSeconds": 600'
    ),
    _definition("the failed state's name is lost", "GlueTransform", '"Assign": { "failedState.$": "$$.State.Name" },'),
    _definition("a failure that nobody is told of", "PublishSnapshot", '"Next": "ExplainFailure"', '"Next": "Failed"'),
    _definition(
        "Retry on an error of the data", "ConvertParquet", '"Glue.InternalServiceException"', '"TooManyBadRows"'
    ),
    _definition(
        "Retry on every failure of a job", "GlueTransform", '"Glue.InternalServiceException"', '"States.TaskFailed"'
    ),
    _definition("no Retry on KaggleUnavailable", "DownloadCSV", '["KaggleUnavailable"]', '["Lambda.Unknown"]'),
    _definition(
        "an error of the jobs without its name", "NameJobFailure", '"*MissingSubject: *"', '"*MissingSubjects: *"'
    ),
    _definition(
        "a Fail state with a reserved name", "Failed", '"ErrorPath": "$.failure.Error"', '"Error": "States.TaskFailed"'
    ),
    _definition(
        "a metric that fails the run",
        "MeasurePublication",
        '"ResultPath": "$.unmeasured", "Next": "Published"',
        '"Next": "Failed"',
    ),
    _definition("States.Format with an argument too few", "RowCountMismatch", ", $.verified.subjects)", ")"),
    _definition("a result without a path", "GlueTransform", '"ResultPath": "$.transform"', '"ResultPath": "transform"'),
    _definition("no JSON", "DownloadCSV", '"TimeoutSeconds": 930,', '"TimeoutSeconds": 930'),
)

SUBSTITUTIONS = (
    _definition("a substitution that is not given", "GetCrawler", "${CrawlerName}", "${Crawler}"),
    _template(
        "a substitution that is missing",
        "StateMachine",
        "        VerifyStatement: !Sub",
        "        VerfyStatement: !Sub",
    ),
    _template(
        "a substitution that nobody uses",
        "StateMachine",
        "        Region: !Ref",
        "        Zone: !Ref AWS::Region\n        Region: !Ref",
    ),
    _template(
        "a literal name for a reference", "StateMachine", "CrawlerName: !Ref Crawler", "CrawlerName: mhealth-crawler"
    ),
    _template(
        "a reference to nothing", "StateMachine", "WorkGroupName: !Ref WorkGroup", "WorkGroupName: !Ref Workgroup"
    ),
    _template("the state machine's file is missing", "StateMachine", "pipeline.asl.json", "pipeline.json"),
    _template("RollBack differs from the publication", "NamedQueryRollBack", "CREATE OR REPLACE VIEW", "CREATE VIEW"),
)

SETTINGS = (
    _template("a misspelt argument of a job", "ConvertParquetJob", "--max_bad_row_ratio", "--max_bad_rows_ratio"),
    _template(
        "an argument that a job does not take",
        "GlueTransformJob",
        "        --view: mhealth\n",
        "        --view: mhealth\n        --mode: append\n",
    ),
    _definition(
        "an argument that is missing at the start",
        "GlueTransform",
        '"--execution.$": "$$.Execution.Id"',
        '"--run.$": "$$.Execution.Id"',
    ),
    _template("a variable that the function lacks", "DownloadFunction", "          RAW_PREFIX: raw\n"),
    _template(
        "a variable that nobody reads",
        "DownloadFunction",
        "RAW_PREFIX: raw",
        "RAW_PREFIX: raw\n          STAGE_PREFIX: stage",
    ),
    _template(
        "a wrong handler", "DownloadFunction", "download_and_upload.lambda_handler", "download_and_upload.handler"
    ),
    _template("a handler in no module", "ShipGlueCodeFunction", "ship_code.lambda_handler", "shipping.lambda_handler"),
    _template("no CodeUri", "DownloadFunction", "      CodeUri: ../lambda_ingest/\n"),
    _template("a CodeUri that does not exist", "ShipGlueCodeFunction", "../glue/", "../glue_jobs/"),
    _template("a runtime that does not exist", "DownloadFunction", "python3.11", "python3.111"),
    Mutation(
        "SAM's template for every command", SAMCONFIG, "", "[default.build.parameters]", "[default.global.parameters]"
    ),
    Mutation("SAM without the right to make roles", SAMCONFIG, "", 'capabilities = "CAPABILITY_IAM"\n', ""),
)

GLUE = (
    _template("a Glue version that does not exist", "GlueVersion", '["5.1", "6.0"]', '["5.1", "6.1"]'),
    _template("a job without Glue version", "ConvertParquetJob", "      GlueVersion: !Ref GlueVersion\n"),
    _template("retries on top of the state machine's", "GlueTransformJob", "MaxRetries: 0", "MaxRetries: 2"),
    _template("a job without time limit", "ConvertParquetJob", "      Timeout: 30 # minutes\n"),
    _template("a worker type that does not exist", "ConvertParquetJob", "G.1X", "G.1XL"),
    _template("workers without bound", "GlueWorkers", "MaxValue: 50", "MaxValue: 5000"),
    _template("a script that is not shipped", "GlueTransformJob", "/glue_transform.py", "/transform.py"),
    _template("a crawler that deletes", "Crawler", "DeleteBehavior: LOG", "DeleteBehavior: DELETE_FROM_DATABASE"),
    _template("a crawler that makes tables", "Crawler", "InheritFromTable", "InheritFromTables"),
    _template("a crawler's configuration that is no JSON", "Crawler", '"Version":1.0,', '"Version":1.0;'),
    _template("a table that the crawler deprecates", "SnapshotsTable", "          compressionType: none\n"),
    _template(
        "a partition key is missing",
        "SnapshotsTable",
        '          - { Name: subject, Type: int, Comment: "number of the volunteer, from 1" }\n',
    ),
    _template("a location without its slash", "SnapshotsTable", "/processed/", "/processed"),
    _template("a column that the view lacks", "View", " activity_id, activity,", " activity,"),
    _template(
        "an index type for a column",
        "SnapshotsTable",
        "Name: activity_id, Type: int",
        "Name: activity_id, Type: string",
    ),
)

SCHEDULE = (
    _template("a cron of five fields", "ScheduleExpression", "cron(0 8 * * ? *)", "cron(0 8 * * *)"),
    _template("a cron with two days", "ScheduleExpression", "cron(0 8 * * ? *)", "cron(0 8 * * * *)"),
    _template("a rate in the wrong number", "ScheduleExpression", "cron(0 8 * * ? *)", "rate(1 days)"),
    _template("a time zone that does not exist", "ScheduleTimeZone", "Asia/Tokyo", "Asia/Tokio"),
    _template("a schedule without time zone", "Schedule", "      ScheduleExpressionTimezone: !Ref ScheduleTimeZone\n"),
    _template(
        "a schedule without dead letters",
        "Schedule",
        "        DeadLetterConfig: { Arn: !GetAtt ScheduleDeadLetters.Arn }\n",
    ),
    _template(
        "a start that is tried for days",
        "Schedule",
        "MaximumEventAgeInSeconds: 3600",
        "MaximumEventAgeInSeconds: 864000",
    ),
    _template("a schedule that cannot be switched off", "Schedule", "State: !Ref ScheduleState", "State: ENABLED"),
)

PERMISSIONS = (
    _template("the state machine may not stop a job", "StateMachineRole", ", glue:BatchStopJobRun"),
    _template("the state machine may not start the crawler", "StateMachineRole", "glue:StartCrawler, "),
    _template(
        "the schedule may not start the run", "ScheduleRole", "states:StartExecution", "states:StartSyncExecution"
    ),
    _template("a role without the key", "CrawlerRole", "[kms:Decrypt]", "[kms:DescribeKey]"),
    _template(
        "the key beside every service",
        "ConvertParquetRole",
        'Condition: { StringEquals: { "kms:ViaService": !Sub "s3.${AWS::Region}.${AWS::URLSuffix}" } }',
        "",
    ),
    _template(
        "every action of a service",
        "GlueTransformRole",
        "[glue:GetTable, glue:GetPartitions, glue:BatchDeletePartition]",
        '"glue:*"',
    ),
    _template(
        "every object of everybody",
        "ShipGlueCodeRole",
        "                Action: s3:PutObject\n                Resource: !Sub ${DataBucket.Arn}/code/*",
        '                Action: s3:PutObject\n                Resource: "*"',
    ),
    _template("an action that does not exist", "DownloadRole", "logs:CreateLogStream", "logs:CreateLogStreams"),
    _template(
        "a service trusted for any account",
        "GlueTransformRole",
        'Condition: { StringEquals: { "aws:SourceAccount": !Ref AWS::AccountId } }',
        "",
    ),
    _template("two components with one role", "GlueTransformJob", "GlueTransformRole.Arn", "ConvertParquetRole.Arn"),
    _template("a function that may not log", "DownloadRole", ", logs:PutLogEvents"),
)

ENCRYPTION = (
    _template("a bucket without encryption", "DataBucket", "      BucketEncryption:\n", "      Tags: []\n      X:\n"),
    _template(
        "a bucket with a key of S3's own",
        "DataBucket",
        "{ SSEAlgorithm: aws:kms, KMSMasterKeyID: !GetAtt DataKey.Arn }",
        "{ SSEAlgorithm: AES256 }",
    ),
    _template("a topic without the key", "AlarmTopic", "      KmsMasterKeyId: !GetAtt DataKey.Arn\n"),
    _template("a queue without the key", "ScheduleDeadLetters", "      KmsMasterKeyId: !GetAtt DataKey.Arn\n"),
    _template("a log group without the key", "StateMachineLogGroup", "      KmsKeyId: !GetAtt DataKey.Arn\n"),
    _template(
        "query results with another key",
        "WorkGroup",
        "{ EncryptionOption: SSE_KMS, KmsKey: !GetAtt DataKey.Arn }",
        "{ EncryptionOption: SSE_S3 }",
    ),
    _template(
        "a workgroup whose settings a client overrides",
        "WorkGroup",
        "EnforceWorkGroupConfiguration: true",
        "EnforceWorkGroupConfiguration: false",
    ),
    _template(
        "a job without security configuration", "GlueTransformJob", "      SecurityConfiguration: !Ref GlueSecurity\n"
    ),
    _template("a key that does not rotate", "DataKey", "EnableKeyRotation: true", "EnableKeyRotation: false"),
    _template(
        "a key that the logs may not use",
        "DataKey",
        '!Sub "logs.${AWS::Region}.${AWS::URLSuffix}"',
        "sns.amazonaws.com",
    ),
    _template("a key that alarms may not use", "DataKey", "cloudwatch.amazonaws.com", "events.amazonaws.com"),
    _template("a bucket that can be made public", "DataBucket", "BlockPublicPolicy: true", "BlockPublicPolicy: false"),
    _template("a bucket open to everybody", "DataBucketPolicy", "Effect: Deny", "Effect: Allow"),
    _template(
        "a bucket without TLS", "DataBucketPolicy", '"aws:SecureTransport": "false"', '"aws:SecureTransport": "true"'
    ),
)

LIFE = (
    _template(
        "managed policies beside the role",
        "ShipGlueCodeRole",
        "      Policies:\n",
        '      ManagedPolicyArns: [!Sub "arn:${AWS::Partition}:iam::aws:policy/AWSLambda_FullAccess"]\n      Policies:\n',
    ),
    _template("a bucket that goes with the stack", "DataBucket", "    DeletionPolicy: RetainExceptOnCreate\n"),
    _template(
        "a failed deployment that leaves a key behind",
        "DataKey",
        "DeletionPolicy: RetainExceptOnCreate",
        "DeletionPolicy: Retain",
    ),
    _template(
        "no lifecycle for scratch",
        "DataBucket",
        "          - { Id: expire-scratch, Status: Enabled, Prefix: tmp/, ExpirationInDays: 7 }\n",
    ),
    _template("a lifecycle that deletes the table", "DataBucket", "Prefix: tmp/", "Prefix: processed/"),
    _template(
        "unfinished uploads that stay",
        "DataBucket",
        "            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }\n",
    ),
    _template("logs that never end", "StateMachineLogGroup", "      RetentionInDays: !Ref LogRetentionDays\n"),
    _template(
        "a function with a log group of Lambda's own",
        "DownloadFunction",
        "      LoggingConfig: { LogGroup: !Ref DownloadLogGroup }\n",
    ),
    _template("a fixed physical name", "AlarmTopic", "DisplayName: mHealth pipeline", "TopicName: mhealth-alarms"),
    _template("a fixed name of a workgroup", "WorkGroup", "Name: !Ref AWS::StackName", "Name: mhealth"),
    _template(
        "a partition that is written out", "StateMachineRole", "arn:${AWS::Partition}:states:", "arn:aws:states:"
    ),
    _template("a region that is written out", "StateMachine", "Region: !Ref AWS::Region", "Region: !Sub us-east-1"),
    _template(
        "an account that is written out",
        "StateMachineRole",
        "${AWS::AccountId}:stateMachine:*",
        "123456789012:stateMachine:*",
    ),
    _template("a parameter without bounds", "KeepSnapshots", "    MaxValue: 1000\n"),
    _template(
        "a parameter without description",
        "MaxFileBytes",
        "    Description: Size in bytes above which a subject's Parquet file is continued in another one\n",
    ),
    _template(
        "a default that its own pattern refuses",
        "DatasetHandle",
        "Default: nirmalsankalana/",
        "Default: nirmalsankalana:",
    ),
    Mutation("a parameter in no group", TEMPLATE, "", "          - ScheduleTimeZone\n", ""),
    _template("an output that users rely on is gone", "ScheduleName", "  ScheduleName:", "  DailyScheduleName:"),
)

OPERATION = (
    _template(
        "an alarm on a misspelt metric",
        "ExecutionFailedAlarm",
        "MetricName: ExecutionsFailed",
        "MetricName: ExecutionFailed",
    ),
    _template("an alarm on a misspelt dimension", "DeadLettersAlarm", "Name: QueueName", "Name: QueueArn"),
    _template("an alarm without the topic", "DownloadErrorsAlarm", "      AlarmActions: [!Ref AlarmTopic]\n"),
    _template(
        "silence that passes for freshness",
        "FreshnessAlarm",
        "TreatMissingData: breaching",
        "TreatMissingData: notBreaching",
    ),
    _template("an alarm that looks back for a month", "FreshnessHours", "MaxValue: 168", "MaxValue: 720"),
    _template("a graph of a misspelt metric", "Dashboard", '"RowsQuarantined"', '"QuarantinedRows"'),
    _definition("a metric without its dimension", "MeasureNothingNew", '"Name": "Stack"', '"Name": "StackName"'),
    _template("executions without log", "StateMachine", "Level: ALL", 'Level: "OFF"'),
    _template("executions that run at least once", "StateMachine", "Type: STANDARD", "Type: EXPRESS"),
)

MUTATIONS = (*TRANSITIONS, *SUBSTITUTIONS, *SETTINGS, *GLUE, *SCHEDULE, *PERMISSIONS, *ENCRYPTION, *LIFE, *OPERATION)
