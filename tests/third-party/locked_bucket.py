"""A bucket with Object Lock on an emulator of S3: locked_bucket.py URL BUCKET make|attack|download [FOLDER]."""

import pathlib
import sys
from datetime import datetime, timedelta, timezone

import boto3
from botocore.exceptions import ClientError

REGION = "us-west-2"
PREFIX = "shop/"
url, bucket, act = sys.argv[1:4]
s3 = boto3.client("s3", endpoint_url=url, region_name=REGION)


def make():
    s3.create_bucket(
        Bucket=bucket, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 2}}
    s3.put_object_lock_configuration(
        Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )


def is_refused(call, **arguments):
    try:
        call(Bucket=bucket, **arguments)
        return False
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error
        return True


def versions():
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=PREFIX)
    return [version for page in pages for version in page.get("Versions", [])]


def attack():
    """Nothing can be taken away; what can be done is to hide it, which is done."""
    found = versions()
    soon = datetime.now(timezone.utc) + timedelta(seconds=2)
    for version in found:
        of = {"Key": version["Key"], "VersionId": version["VersionId"]}
        held = s3.head_object(Bucket=bucket, **of)
        assert held["ObjectLockMode"] == "COMPLIANCE", held
        assert held["ObjectLockRetainUntilDate"] > datetime.now(timezone.utc) + timedelta(days=1), held
        assert is_refused(s3.delete_object, **of), f"{of} was deleted"
        assert is_refused(s3.delete_object, BypassGovernanceRetention=True, **of), f"{of} was deleted"
    # Last, and of one: moto lets a lock be shortened.
    shorter = {"Mode": "COMPLIANCE", "RetainUntilDate": soon}
    of = {"Key": found[0]["Key"], "VersionId": found[0]["VersionId"]}
    shortened = not is_refused(s3.put_object_retention, Retention=shorter, **of)
    checkpoint = PREFIX + "checkpoint"
    old = s3.get_object(Bucket=bucket, Key=checkpoint)
    s3.put_object(Bucket=bucket, Key=checkpoint, Body=b"nothing of the kind")
    again = s3.get_object(Bucket=bucket, Key=checkpoint, VersionId=old["VersionId"])["Body"].read()
    assert again == old["Body"].read(), "an overwritten version changed"
    for key in sorted({version["Key"] for version in found if "/entries/" in version["Key"]}):
        s3.put_object(Bucket=bucket, Key=key, Body=b"\x00\x01x")
        s3.delete_object(Bucket=bucket, Key=key)
    print(f"{len(found)} versions, none of which could be deleted; a lock could{'' if shortened else ' not'} be shortened")


def download():
    folder = pathlib.Path(sys.argv[4])
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX):
        for item in page["Contents"]:
            path = folder / item["Key"].removeprefix(PREFIX)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())


{"make": make, "attack": attack, "download": download}[act]()
