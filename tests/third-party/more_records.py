#!/usr/bin/env python3
"""Gives the emulated pair an AAAA beside its A, and a second name in a second hosted zone that takes a role; or says where all of them point.

    more_records.py MINISTACK_URL MOTO_URL < PAIR_JSON
    more_records.py MINISTACK_URL MOTO_URL REGION < PAIR_JSON

Without REGION the records are made, and the second one's zone, name and role are printed as JSON. With REGION every record must be an alias of that
region's endpoint, and each keeps its EvaluateTargetHealth; exits 1 if one is not.
"""

import json
import sys

import boto3
from emulated import ENDPOINT, PRIMARY, RECORD, Emulators

SECOND = "api.partners.test"
ROLE = "arn:aws:iam::210987654321:role/standby-dns"


def of_the_role(aws):
    """Route 53 with the role, whose account the second zone is in: the emulator keeps accounts apart."""
    session = aws.client("sts", PRIMARY).assume_role(RoleArn=ROLE, RoleSessionName="more-records")["Credentials"]
    keys = {
        "aws_access_key_id": session["AccessKeyId"],
        "aws_secret_access_key": session["SecretAccessKey"],
        "aws_session_token": session["SessionToken"],
    }
    return boto3.client("route53", region_name=PRIMARY, endpoint_url=aws.ministack_url, **keys)


def alias(region, evaluate):
    endpoint = ENDPOINT[region]
    return {"HostedZoneId": endpoint["zone"], "DNSName": endpoint["dns_name"], "EvaluateTargetHealth": evaluate}


def create(route53, zone, name, kind, evaluate):
    record = {"Name": name, "Type": kind, "AliasTarget": alias(PRIMARY, evaluate)}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)


def make(route53, other, pair):
    create(route53, pair["record"]["zone"], RECORD, "AAAA", True)
    zone = other.create_hosted_zone(Name="partners.test", CallerReference="partners")["HostedZone"]["Id"]
    zone = zone.removeprefix("/hostedzone/")
    create(other, zone, SECOND, "A", False)
    return {"zone": zone, "name": SECOND, "role_arn": ROLE}


def zone_named(route53, name):
    zones = route53.list_hosted_zones()["HostedZones"]
    return next(zone["Id"].removeprefix("/hostedzone/") for zone in zones if zone["Name"] == f"{name}.")


def check(route53, other, pair, region):
    wanted = [
        (route53, pair["record"]["zone"], RECORD, "A", False),
        (route53, pair["record"]["zone"], RECORD, "AAAA", True),
        (other, zone_named(other, "partners.test"), SECOND, "A", False),
    ]
    good = True
    for client, zone, name, kind, evaluate in wanted:
        sets = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        found = [each["AliasTarget"] for each in sets if each["Name"].rstrip(".") == name and each["Type"] == kind]
        points = [(each["DNSName"].rstrip("."), each["EvaluateTargetHealth"]) for each in found]
        is_good = points == [(ENDPOINT[region]["dns_name"].rstrip("."), evaluate)]
        print("ok  " if is_good else "FAIL", name, kind, points)
        good = good and is_good
    return 0 if good else 1


def main(ministack_url, moto_url, region=None):
    aws = Emulators(ministack_url, moto_url)
    route53, other = aws.client("route53", PRIMARY), of_the_role(aws)
    pair = json.load(sys.stdin)
    if region:
        return check(route53, other, pair, region)
    print(json.dumps(make(route53, other, pair)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
