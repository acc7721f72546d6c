#!/usr/bin/env python3
"""Looks at the emulated pair with boto3 and says whether it is as a promote must leave it.

    assert_promoted.py MINISTACK_URL MOTO_URL < PAIR_JSON

PAIR_JSON is what pair.py printed. Prints each thing looked at; exits 1 if any is not as it must be.
"""

import json
import sys

from emulated import (
    DB_CLUSTER,
    DR,
    ECS_CLUSTER,
    ENDPOINT,
    GLOBAL_CLUSTER,
    MAX_TASKS,
    PRIMARY,
    RECORD,
    SERVICES,
    Emulators,
)


def writers(aws):
    """The writer as each region tells it."""
    for region in (PRIMARY, DR):
        found = aws.client("rds", region).describe_global_clusters(GlobalClusterIdentifier=GLOBAL_CLUSTER)
        members = found["GlobalClusters"][0]["GlobalClusterMembers"]
        writers = [member["DBClusterArn"].split(":")[3:] for member in members if member["IsWriter"]]
        names = [(region, name) for region, _account, _cluster, name in writers]
        yield f"writer as {region} tells it", names, [(DR, DB_CLUSTER[DR])]


def services(aws, region, desired):
    """Desired and running tasks, and the scalable target's minimum, of each service."""
    ecs = aws.client("ecs", region)
    scaling = aws.client("application-autoscaling", region)
    for name, production in SERVICES.items():
        want = desired(production)
        service = ecs.describe_services(cluster=ECS_CLUSTER, services=[name])["services"][0]
        yield f"tasks of {name} in {region}", (service["desiredCount"], service["runningCount"]), (want, want)
        target = scaling.describe_scalable_targets(
            ServiceNamespace="ecs", ResourceIds=[f"service/{ECS_CLUSTER}/{name}"]
        )["ScalableTargets"][0]
        yield f"scaling of {name} in {region}", (target["MinCapacity"], target["MaxCapacity"]), (want, MAX_TASKS)


def listener(aws, pair):
    found = aws.client("elbv2", DR).describe_listeners(ListenerArns=[pair["listener"]["arn"]])
    forward = found["Listeners"][0]["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]
    serving = [group["TargetGroupArn"] for group in forward if group.get("Weight", 1) > 0]
    yield "target groups with weight", serving, [pair["listener"]["target_group"]]
    yield "target groups kept", len(forward), 2


def record(aws, pair):
    found = aws.client("route53", PRIMARY).list_resource_record_sets(
        HostedZoneId=pair["record"]["zone"], StartRecordName=RECORD, StartRecordType="A", MaxItems="1"
    )
    alias = found["ResourceRecordSets"][0]["AliasTarget"]
    target = (alias["DNSName"].rstrip("."), alias["HostedZoneId"])
    yield f"alias of {RECORD}", target, (ENDPOINT[DR]["dns_name"], ENDPOINT[DR]["zone"])


def main(ministack_url, moto_url):
    aws = Emulators(ministack_url, moto_url)
    pair = json.load(sys.stdin)
    findings = [
        *writers(aws),
        *services(aws, DR, lambda production: production),
        *services(aws, PRIMARY, lambda _production: 0),
        *listener(aws, pair),
        *record(aws, pair),
    ]
    wrong = 0
    for what, found, wanted in findings:
        good = found == wanted
        wrong += not good
        print(f"{'ok   ' if good else 'WRONG'} {what}: {found}" + ("" if good else f", not {wanted}"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
