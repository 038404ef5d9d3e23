"""The Kaggle token of a private dataset: read from Secrets Manager at run time, and given to kagglehub in memory only.

The secret holds a token as kaggle.com makes it today (`KGAT_...`), or the content of a kaggle.json with `username` and
`key`. No message of this module shows any part of it.
"""

from __future__ import annotations

import json

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from ingest.errors import SecretUnreadable

_EXPECTED = 'Expected a Kaggle API token, or {"username": "...", "key": "..."}'


def use_secret(arn: str) -> None:
    """Let kagglehub call Kaggle with the token in the secret `arn`; an empty ARN means that no token is needed.

    Raises SecretUnreadable where the secret does not exist, may not be read, or holds something else.
    """
    if not arn:
        return
    from kagglehub.config import set_kaggle_api_token, set_kaggle_credentials

    text = _value(arn).strip()
    if not text.startswith("{"):
        if not text or text.split() != [text]:
            raise SecretUnreadable(f"The secret {arn} holds no token. {_EXPECTED}. Fix the secret. Not retryable.")
        set_kaggle_api_token(text)
        return
    try:
        pair = json.loads(text)
        set_kaggle_credentials(str(pair["username"]), str(pair["key"]))
    except (ValueError, KeyError):
        # Not `from error`: the parser's message quotes the secret.
        raise SecretUnreadable(
            f"The secret {arn} is no kaggle.json. {_EXPECTED}. Fix the secret. Not retryable."
        ) from None


def _value(arn: str) -> str:
    try:
        return str(boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    except ClientError as error:
        found = error.response.get("Error", {})
        raise SecretUnreadable(
            f"The secret {arn} could not be read: {found.get('Code')}: {found.get('Message')}. Expected a secret in "
            "this region that the function's role may read. Compare the stack's parameter KaggleSecretArn. Not "
            "retryable, unless the code says that the service was busy."
        ) from error
    except (BotoCoreError, KeyError) as error:
        raise SecretUnreadable(
            f"The secret {arn} could not be read as text: {type(error).__name__}. {_EXPECTED} as SecretString. "
            "Retryable only where the network failed."
        ) from None
