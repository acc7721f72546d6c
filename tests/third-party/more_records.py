#!/usr/bin/env python3
"""Gives the emulated pair an AAAA beside its A, and a second name in a second hosted zone that takes a role; or says where all of them point.

    more_records.py MINISTACK_URL MOTO_URL < PAIR_JSON
    more_records.py MINISTACK_URL MOTO_URL REGION < PAIR_JSON

Without REGION the records are made, and the second one's zone, name and role are printed as JSON. With REGION every record must be an alias of that
region's endpoint, and each keeps its EvaluateTargetHealth; exits 1 if one is not.
"""

import json
import sys

from emulated import ENDPOINT, PRIMARY, RECORD, Emulators

SECOND = "api.partners.test"
ROLE = "arn:aws:iam::210987654321:role/standby-dns"


def alias(region, evaluate):
    endpoint = ENDPOINT[region]
    return {"HostedZoneId": endpoint["zone"], "DNSName": endpoint["dns_name"], "EvaluateTargetHealth": evaluate}


def create(route53, zone, name, kind, evaluate):
    record = {"Name": name, "Type": kind, "AliasTarget": alias(PRIMARY, evaluate)}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)


def make(route53, pair):
    create(route53, pair["record"]["zone"], RECORD, "AAAA", True)
    zone = route53.create_hosted_zone(Name="partners.test", CallerReference="partners")["HostedZone"]["Id"]
    zone = zone.removeprefix("/hostedzone/")
    create(route53, zone, SECOND, "A", False)
    return {"zone": zone, "name": SECOND, "role_arn": ROLE}


def zone_named(route53, name):
    zones = route53.list_hosted_zones()["HostedZones"]
    return next(zone["Id"].removeprefix("/hostedzone/") for zone in zones if zone["Name"] == f"{name}.")


def check(route53, pair, region):
    wanted = [
        (pair["record"]["zone"], RECORD, "A", False),
        (pair["record"]["zone"], RECORD, "AAAA", True),
        (zone_named(route53, "partners.test"), SECOND, "A", False),
    ]
    good = True
    for zone, name, kind, evaluate in wanted:
        sets = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        found = [each["AliasTarget"] for each in sets if each["Name"].rstrip(".") == name and each["Type"] == kind]
        points = [(each["DNSName"].rstrip("."), each["EvaluateTargetHealth"]) for each in found]
        is_good = points == [(ENDPOINT[region]["dns_name"].rstrip("."), evaluate)]
        print("ok  " if is_good else "FAIL", name, kind, points)
        good = good and is_good
    return 0 if good else 1


def main(ministack_url, moto_url, region=None):
    route53 = Emulators(ministack_url, moto_url).client("route53", PRIMARY)
    pair = json.load(sys.stdin)
    if region:
        return check(route53, pair, region)
    print(json.dumps(make(route53, pair)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
