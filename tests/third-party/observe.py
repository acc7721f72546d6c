#!/usr/bin/env python3
"""Prints the state of the emulated pair as JSON, without what a rebuilt resource may have anew (ids, times).

    observe.py MINISTACK_URL MOTO_URL < PAIR_JSON

PAIR_JSON is what pair.py printed. Two states can be compared as they are.
"""

import json
import sys

from emulated import (
    DB_CLUSTER,
    DR,
    ECS_CLUSTER,
    GLOBAL_CLUSTER,
    PRIMARY,
    RECORD,
    REGIONS,
    SERVICES,
    Emulators,
)


def members(aws):
    """Who is in the global cluster, and who writes."""
    found = aws.client("rds", DR).describe_global_clusters(GlobalClusterIdentifier=GLOBAL_CLUSTER)["GlobalClusters"][0]
    described = (
        {
            "cluster": member["DBClusterArn"],
            "writer": member["IsWriter"],
            "synchronization": member.get("SynchronizationStatus"),
        }
        for member in found["GlobalClusterMembers"]
    )
    return sorted(described, key=lambda member: member["cluster"])


def cluster(aws, region):
    found = aws.client("rds", region).describe_db_clusters(DBClusterIdentifier=DB_CLUSTER[region])["DBClusters"][0]
    return {
        "status": found["Status"],
        "deletion protection": found["DeletionProtection"],
        "instances": [member["DBInstanceIdentifier"] for member in found["DBClusterMembers"]],
    }


def service(aws, region, name):
    found = aws.client("ecs", region).describe_services(cluster=ECS_CLUSTER, services=[name])["services"][0]
    target = aws.client("application-autoscaling", region).describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[f"service/{ECS_CLUSTER}/{name}"]
    )["ScalableTargets"][0]
    return {
        "desired": found["desiredCount"],
        "running": found["runningCount"],
        "min": target["MinCapacity"],
        "max": target["MaxCapacity"],
        "suspended": target.get("SuspendedState"),
    }


def record(aws, pair):
    found = aws.client("route53", PRIMARY).list_resource_record_sets(
        HostedZoneId=pair["record"]["zone"], StartRecordName=RECORD, StartRecordType="A", MaxItems="1"
    )
    alias = found["ResourceRecordSets"][0]["AliasTarget"]
    return {**alias, "DNSName": alias["DNSName"].rstrip(".")}


def listener(aws, pair):
    found = aws.client("elbv2", DR).describe_listeners(ListenerArns=[pair["listener"]["arn"]])["Listeners"][0]
    groups = found["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]
    return {group["TargetGroupArn"]: group.get("Weight") for group in groups}


def main(ministack_url, moto_url):
    aws = Emulators(ministack_url, moto_url)
    pair = json.load(sys.stdin)
    state = {
        "global cluster": members(aws),
        "clusters": {region: cluster(aws, region) for region in REGIONS},
        "services": {region: {name: service(aws, region, name) for name in SERVICES} for region in REGIONS},
        "record": record(aws, pair),
        "listener": listener(aws, pair),
    }
    json.dump(state, sys.stdout, indent=2, sort_keys=True)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
