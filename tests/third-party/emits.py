#!/usr/bin/env python3
"""Puts what a pair that lives would show, and the emulators do not: a datapoint of replication lag in both directions, and as many healthy targets
behind each load balancer as production has tasks.

    emits.py MINISTACK_URL MOTO_URL PRIMARY_CLUSTER DR_CLUSTER TASKS
"""

import sys

from emulated import DR, PRIMARY, REGIONS, Emulators
from pair import put_lag


def register_targets(aws, region, tasks):
    elb = aws.client("elbv2", region)
    for group in elb.describe_target_groups()["TargetGroups"]:
        targets = [{"Id": f"10.0.0.{10 + task}", "Port": group["Port"]} for task in range(tasks)]
        elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=targets)


def main(ministack_url, moto_url, primary_cluster, dr_cluster, tasks):
    aws = Emulators(ministack_url, moto_url)
    put_lag(aws, DR, dr_cluster, PRIMARY)
    put_lag(aws, PRIMARY, primary_cluster, DR)
    for region in REGIONS:
        register_targets(aws, region, int(tasks))


if __name__ == "__main__":
    main(*sys.argv[1:])
