"""Mutations of permissions and encryption."""

from __future__ import annotations

from tools.checks.mutations.edit import in_template

PERMISSIONS = (
    in_template(
        "the state machine may not stop a job", "StateMachineRole", "                  - glue:BatchStopJobRun\n"
    ),
    in_template(
        "the state machine may not start the crawler", "StateMachineRole", "                    - glue:StartCrawler\n"
    ),
    in_template(
        "the schedule may not start the run", "ScheduleRole", "states:StartExecution", "states:StartSyncExecution"
    ),
    in_template("a role without the key", "CrawlerRole", "Action: kms:Decrypt", "Action: kms:DescribeKey"),
    in_template(
        "the key without a service condition",
        "ConvertParquetRole",
        'Condition: { StringEquals: { "kms:ViaService": !Sub "s3.${AWS::Region}.${AWS::URLSuffix}" } }',
        "",
    ),
    in_template(
        "every action of a service",
        "GlueTransformRole",
        "[glue:GetTable, glue:GetPartitions, glue:BatchDeletePartition]",
        '"glue:*"',
    ),
    in_template(
        "every object of every bucket",
        "ShipGlueCodeRole",
        "                Action: s3:PutObject\n                Resource: !Sub ${DataBucket.Arn}/code/*",
        '                Action: s3:PutObject\n                Resource: "*"',
    ),
    in_template("an action that does not exist", "DownloadRole", "logs:CreateLogStream", "logs:CreateLogStreams"),
    in_template(
        "a service trusted for any account",
        "GlueTransformRole",
        'Condition: { StringEquals: { "aws:SourceAccount": !Ref AWS::AccountId } }',
        "",
    ),
    in_template("two components with one role", "GlueTransformJob", "GlueTransformRole.Arn", "ConvertParquetRole.Arn"),
    in_template("a function that may not log", "DownloadRole", ", logs:PutLogEvents"),
)

ENCRYPTION = (
    in_template("a bucket without encryption", "DataBucket", "      BucketEncryption:\n", "      Tags: []\n      X:\n"),
    in_template(
        "a bucket with S3's own key",
        "DataBucket",
        "{ SSEAlgorithm: aws:kms, KMSMasterKeyID: !GetAtt DataKey.Arn }",
        "{ SSEAlgorithm: AES256 }",
    ),
    in_template("a topic without the key", "AlarmTopic", "      KmsMasterKeyId: !GetAtt DataKey.Arn\n"),
    in_template("a queue without the key", "ScheduleDeadLetters", "      KmsMasterKeyId: !GetAtt DataKey.Arn\n"),
    in_template("a log group without the key", "StateMachineLogGroup", "      KmsKeyId: !GetAtt DataKey.Arn\n"),
    in_template(
        "query results with another key",
        "WorkGroup",
        "{ EncryptionOption: SSE_KMS, KmsKey: !GetAtt DataKey.Arn }",
        "{ EncryptionOption: SSE_S3 }",
    ),
    in_template(
        "a workgroup whose settings a client overrides",
        "WorkGroup",
        "EnforceWorkGroupConfiguration: true",
        "EnforceWorkGroupConfiguration: false",
    ),
    in_template(
        "a job that logs elsewhere",
        "GlueTransformJob",
        "--custom-logGroup-prefix: !Sub /aws-glue/${AWS::StackName}",
        "--custom-logGroup-prefix: /aws-glue/jobs",
    ),
    in_template("a key that does not rotate", "DataKey", "EnableKeyRotation: true", "EnableKeyRotation: false"),
    in_template(
        "a key that the logs may not use",
        "DataKey",
        '!Sub "logs.${AWS::Region}.${AWS::URLSuffix}"',
        "sns.amazonaws.com",
    ),
    in_template("a key that alarms may not use", "DataKey", "cloudwatch.amazonaws.com", "events.amazonaws.com"),
    in_template(
        "a bucket that can be made public", "DataBucket", "BlockPublicPolicy: true", "BlockPublicPolicy: false"
    ),
    in_template("a public bucket", "DataBucketPolicy", "Effect: Deny", "Effect: Allow"),
    in_template(
        "a bucket without TLS", "DataBucketPolicy", '"aws:SecureTransport": "false"', '"aws:SecureTransport": "true"'
    ),
)
