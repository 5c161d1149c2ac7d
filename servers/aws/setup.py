"""What sets AWS up for SkyLedger: a Data Export of the FOCUS table and a role that reads it, as templates to run."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from servers.aws.permissions import policy
from servers.aws.settings import AwsSettings, load_aws_settings
from servers.kit.live.setup import LiveSetup, Wanted
from shared_models.errors import FinOpsError, MissingExtraError

ROLE: Final = "SkyLedgerReadOnly"
_PREFIX: Final = "exports"
_NO_BUCKET: Final = "BUCKET-FOR-BILLS"
_NOBODY: Final = "arn:aws:iam::ACCOUNT:role/WHERE-SKYLEDGER-RUNS"
_COLUMNS: Final = Path(__file__).parent / "vocabulary" / "focus_1_2_columns.txt"


def live_setup() -> LiveSetup:
    """Live AWS as the environment sets it.

    Raises:
        InvalidArgumentError: a SKYLEDGER_AWS_ variable that cannot be used.

    """
    settings = load_aws_settings()
    return LiveSetup(
        switch="SKYLEDGER_AWS_LIVE",
        on=settings.live,
        documents={"policy": _policy, "cloudformation": _cloudformation, "terraform": _terraform},
        said=_said(settings),
        wrong=_wrong(settings) if settings.live else (),
    )


def _policy(wanted: Wanted) -> str:
    said = policy(wanted.storage or _NO_BUCKET, f"{_PREFIX}/", wanted.partition or "aws")
    return json.dumps(said, indent=2)


def _cloudformation(wanted: Wanted) -> str:
    bucket, trusted = wanted.storage or _NO_BUCKET, wanted.principal or _NOBODY
    return cloudformation(trusted, bucket, _PREFIX, wanted.partition or "aws")


def _terraform(wanted: Wanted) -> str:
    bucket, trusted = wanted.storage or _NO_BUCKET, wanted.principal or _NOBODY
    return terraform(trusted, bucket, _PREFIX, wanted.partition or "aws")


def _said(settings: AwsSettings) -> tuple[str, ...]:
    """What is set, in words; the external id only as being there."""
    exports = ", ".join(f"s3://{place.bucket}/{place.prefix}" for place in settings.export_locations)
    told = {
        "profile": settings.profile,
        "role": settings.role,
        "with": "an external id" if settings.external_id else None,
        "own profiles for": f"{len(settings.profiles)} accounts" if settings.profiles else None,
        "payers": ", ".join(settings.payers),
        "regions": ", ".join(settings.regions or ()),
        "exports in": exports,
    }
    return tuple(f"{what} {value}" for what, value in told.items() if value)


def _wrong(settings: AwsSettings) -> tuple[str, ...]:
    """What shows without asking AWS: an SDK that is not installed, profiles that are not there."""
    if find_spec("boto3") is None:
        missing = MissingExtraError("aws", needed_for="Live AWS data")
        return (f"{missing.message} {missing.hint}",)
    from servers.aws.sdk import require_profile  # noqa: PLC0415 - loads the SDK

    wrong: list[str] = []
    for profile in dict.fromkeys([settings.profile, *settings.profiles.values()]):
        try:
            require_profile(profile)
        except FinOpsError as error:
            wrong.append(f"{error.message} {error.hint}")
    return tuple(wrong)


def _trust(principal: str, external_id: object) -> dict[str, Any]:
    """Who may take the role: one principal, with the external id that the template asks for."""
    condition = {"StringEquals": {"sts:ExternalId": external_id}}
    allow = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": principal},
        "Condition": condition,
    }
    return {"Version": "2012-10-17", "Statement": [allow]}


def cloudformation(principal: str, bucket: str, prefix: str, partition: str = "aws") -> str:
    """A template for the payer's account: the bucket, the Data Export of the FOCUS table, the role."""
    resources = {
        "Bills": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}},
        "BillsPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "Bills"}, "PolicyDocument": _delivery(bucket, partition)},
        },
        "Export": {
            "Type": "AWS::BCMDataExports::Export",
            "DependsOn": "BillsPolicy",
            "Properties": {"Export": _export(bucket, prefix)},
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": ROLE,
                "AssumeRolePolicyDocument": _trust(principal, {"Ref": "ExternalId"}),
                "Policies": [{"PolicyName": "skyledger", "PolicyDocument": policy(bucket, f"{prefix}/", partition)}],
            },
        },
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "SkyLedger: a Data Export of the FOCUS table, and a role that reads it. Read-only.",
        "Parameters": {"ExternalId": {"Type": "String", "NoEcho": True, "MinLength": 16}},
        "Resources": resources,
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }
    return json.dumps(template, indent=2)


def terraform(principal: str, bucket: str, prefix: str, partition: str = "aws") -> str:
    """The same as the CloudFormation template, in Terraform's JSON syntax (`skyledger.tf.json`)."""
    trusted = _trust(principal, "${var.external_id}")
    export = _export(bucket, prefix)
    where = export["DestinationConfigurations"]["S3Destination"]
    output = where["S3OutputConfigurations"]
    module: dict[str, Any] = {
        "variable": {"external_id": {"type": "string", "sensitive": True}},
        "resource": {
            "aws_s3_bucket": {"bills": {"bucket": bucket}},
            "aws_s3_bucket_policy": {
                "bills": {"bucket": "${aws_s3_bucket.bills.id}", "policy": json.dumps(_delivery(bucket, partition))}
            },
            "aws_bcmdataexports_export": {
                "focus": {
                    "depends_on": ["aws_s3_bucket_policy.bills"],
                    "export": {
                        "name": export["Name"],
                        "data_query": {
                            "query_statement": export["DataQuery"]["QueryStatement"],
                            "table_configurations": export["DataQuery"]["TableConfigurations"],
                        },
                        "destination_configurations": {
                            "s3_destination": {
                                "s3_bucket": bucket,
                                "s3_prefix": where["S3Prefix"],
                                "s3_region": where["S3Region"],
                                "s3_output_configurations": {
                                    "overwrite": output["Overwrite"],
                                    "format": output["Format"],
                                    "compression": output["Compression"],
                                    "output_type": output["OutputType"],
                                },
                            }
                        },
                        "refresh_cadence": {"frequency": "SYNCHRONOUS"},
                    },
                }
            },
            "aws_iam_role": {"skyledger": {"name": ROLE, "assume_role_policy": json.dumps(trusted)}},
            "aws_iam_role_policy": {
                "skyledger": {
                    "role": "${aws_iam_role.skyledger.id}",
                    "policy": json.dumps(policy(bucket, f"{prefix}/", partition)),
                }
            },
        },
    }
    return json.dumps(module, indent=2)


def _export(bucket: str, prefix: str) -> dict[str, Any]:
    return {
        "Name": "skyledger-focus",
        "DataQuery": {
            "QueryStatement": f"SELECT {', '.join(_COLUMNS.read_text(encoding='utf-8').split())} FROM FOCUS_1_2_AWS",
            "TableConfigurations": {"FOCUS_1_2_AWS": {"TIME_GRANULARITY": "DAILY"}},
        },
        "DestinationConfigurations": {
            "S3Destination": {
                "S3Bucket": bucket,
                "S3Prefix": prefix,
                "S3Region": "us-east-1",
                "S3OutputConfigurations": {
                    "OutputType": "CUSTOM",
                    "Format": "PARQUET",
                    "Compression": "PARQUET",
                    "Overwrite": "OVERWRITE_REPORT",
                },
            }
        },
        "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
    }


def _delivery(bucket: str, partition: str) -> dict[str, Any]:
    """AWS's billing services may write into the bucket."""
    services = ["billingreports.amazonaws.com", "bcm-data-exports.amazonaws.com"]
    places = [f"arn:{partition}:s3:::{bucket}", f"arn:{partition}:s3:::{bucket}/*"]
    actions = ["s3:PutObject", "s3:GetBucketPolicy"]
    allow = {"Effect": "Allow", "Principal": {"Service": services}, "Action": actions, "Resource": places}
    return {"Version": "2012-10-17", "Statement": [allow]}
