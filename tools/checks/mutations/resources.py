"""Mutations of jobs, tables, schedule, retention, names, parameters and alarms."""

from __future__ import annotations

from tools.checks.mutations.edit import Mutation, in_definition, in_template
from tools.checks.project import TEMPLATE

GLUE = (
    in_template(
        "records in an unreadable format",
        "PublicationsTable",
        "org.openx.data.jsonserde.JsonSerDe",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    in_template("a Glue version that does not exist", "GlueVersion", '["5.1", "6.0"]', '["5.1", "6.1"]'),
    in_template("a job without Glue version", "ConvertParquetJob", "      GlueVersion: !Ref GlueVersion\n"),
    in_template("retries on top of the state machine's", "GlueTransformJob", "MaxRetries: 0", "MaxRetries: 2"),
    in_template("a job without time limit", "ConvertParquetJob", "      Timeout: 30 # minutes\n"),
    in_template("a worker type that does not exist", "ConvertParquetJob", "G.1X", "G.1XL"),
    in_template("workers without bound", "GlueWorkers", "MaxValue: 50", "MaxValue: 5000"),
    in_template("a script that is not deployed", "GlueTransformJob", "/glue_transform.py", "/transform.py"),
    in_template("a crawler that deletes", "Crawler", "DeleteBehavior: LOG", "DeleteBehavior: DELETE_FROM_DATABASE"),
    in_template("a crawler that creates tables", "Crawler", "InheritFromTable", "InheritFromTables"),
    in_template("a crawler's configuration that is no JSON", "Crawler", '"Version":1.0,', '"Version":1.0;'),
    in_template("a table that the crawler deprecates", "SnapshotsTable", "          compressionType: none\n"),
    in_template(
        "a partition key is missing",
        "SnapshotsTable",
        '          - { Name: subject, Type: int, Comment: "number of the volunteer, from 1" }\n',
    ),
    in_template("a location without its slash", "SnapshotsTable", "/processed/", "/processed"),
    in_template("a column that the view lacks", "View", " activity_id, activity,", " activity,"),
    in_template(
        "an index type for a column",
        "SnapshotsTable",
        "Name: activity_id, Type: int",
        "Name: activity_id, Type: string",
    ),
)

SCHEDULE = (
    in_template("a cron of five fields", "ScheduleExpression", "cron(0 8 * * ? *)", "cron(0 8 * * *)"),
    in_template("a cron with two days", "ScheduleExpression", "cron(0 8 * * ? *)", "cron(0 8 * * * *)"),
    in_template("a rate in the wrong number", "ScheduleExpression", "cron(0 8 * * ? *)", "rate(1 days)"),
    in_template("a time zone that does not exist", "ScheduleTimeZone", "Asia/Tokyo", "Asia/Tokio"),
    in_template(
        "a schedule without time zone", "Schedule", "      ScheduleExpressionTimezone: !Ref ScheduleTimeZone\n"
    ),
    in_template(
        "a schedule without dead letters",
        "Schedule",
        "        DeadLetterConfig: { Arn: !GetAtt ScheduleDeadLetters.Arn }\n",
    ),
    in_template(
        "a start retried for days",
        "Schedule",
        "MaximumEventAgeInSeconds: 3600",
        "MaximumEventAgeInSeconds: 864000",
    ),
    in_template("a schedule that cannot be disabled", "Schedule", "State: !Ref ScheduleState", "State: ENABLED"),
)

LIFE = (
    in_template(
        "managed policies beside the role",
        "ShipGlueCodeRole",
        "      Policies:\n",
        "      ManagedPolicyArns: [arn:aws:iam::aws:policy/AWSLambda_FullAccess]\n      Policies:\n",
    ),
    in_template("a bucket deleted with the stack", "DataBucket", "    DeletionPolicy: RetainExceptOnCreate\n"),
    in_template(
        "a key retained after a failed deployment",
        "DataKey",
        "DeletionPolicy: RetainExceptOnCreate",
        "DeletionPolicy: Retain",
    ),
    in_template(
        "no lifecycle for temporary objects",
        "DataBucket",
        "          - { Id: expire-scratch, Status: Enabled, Prefix: tmp/, ExpirationInDays: 7 }\n",
    ),
    in_template("a lifecycle that deletes the table", "DataBucket", "Prefix: tmp/", "Prefix: processed/"),
    in_template(
        "incomplete uploads that are kept",
        "DataBucket",
        "            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }\n",
    ),
    in_template("logs without retention", "StateMachineLogGroup", "      RetentionInDays: !Ref LogRetentionDays\n"),
    in_template(
        "a function with Lambda's default log group",
        "DownloadFunction",
        "      LoggingConfig: { LogGroup: !Ref DownloadLogGroup }\n",
    ),
    in_template("a fixed physical name", "AlarmTopic", "DisplayName: mHealth pipeline", "TopicName: mhealth-alarms"),
    in_template("a fixed name of a workgroup", "WorkGroup", "Name: !Ref AWS::StackName", "Name: mhealth"),
    in_template("a literal partition", "DownloadRole", "arn:${AWS::Partition}:states:", "arn:aws:states:"),
    in_template("a literal region", "StateMachine", "Region: !Ref AWS::Region", "Region: !Sub us-east-1"),
    in_template(
        "a literal account",
        "DownloadRole",
        "${AWS::AccountId}:execution:*",
        "123456789012:execution:*",
    ),
    in_template("a parameter without bounds", "KeepSnapshots", "    MaxValue: 1000\n"),
    in_template(
        "a parameter without description",
        "MaxFileBytes",
        "    Description: Size in bytes above which a subject's Parquet file is continued in a second one\n",
    ),
    in_template(
        "a default that does not match its pattern",
        "SourceUri",
        "Default: kaggle://nirmalsankalana/",
        "Default: kaggle:/nirmalsankalana/",
    ),
    Mutation("a parameter in no group", TEMPLATE, "", "          - ScheduleTimeZone\n", ""),
    in_template("a missing output", "ScheduleName", "  ScheduleName:", "  DailyScheduleName:"),
)

OPERATION = (
    in_template(
        "an alarm on a misspelt metric",
        "ExecutionFailedAlarm",
        "MetricName: ExecutionsFailed",
        "MetricName: ExecutionFailed",
    ),
    in_template("an alarm on a misspelt dimension", "DeadLettersAlarm", "Name: QueueName", "Name: QueueArn"),
    in_template("an alarm without the topic", "DownloadErrorsAlarm", "      AlarmActions: [!Ref AlarmTopic]\n"),
    in_template(
        "missing data treated as fresh",
        "FreshnessAlarm",
        "TreatMissingData: breaching",
        "TreatMissingData: notBreaching",
    ),
    in_template("an alarm with a range of a month", "FreshnessHours", "MaxValue: 168", "MaxValue: 720"),
    in_template("a graph of a misspelt metric", "Dashboard", '"RowsQuarantined"', '"QuarantinedRows"'),
    in_definition("a metric without its dimension", "MeasureNothingNew", '"Name": "Stack"', '"Name": "StackName"'),
    in_template("executions without log", "StateMachine", "Level: ALL", 'Level: "OFF"'),
    in_template("executions with at-least-once semantics", "StateMachine", "Type: STANDARD", "Type: EXPRESS"),
)
