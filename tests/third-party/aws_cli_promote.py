#!/usr/bin/env python3
"""Looks at the simulated regions with the AWS CLI, then promotes the pair with the AWS CLI alone.

    aws_cli_promote.py URL < PAIR_JSON

URL is the simulation's endpoint, PAIR_JSON the names and production figures of the pair. Exits 1 at the first answer that
is not as it must be. Whether the simulation agrees in the end is for the caller to see.
"""

import json
import subprocess
import sys
import time

PATIENCE_S = 120


class Cli:
    """The AWS CLI in one region. `cli.rds("describe-db-clusters", db_cluster_identifier=…)` returns its parsed answer."""

    def __init__(self, url, region):
        self.base = [sys.executable, "-m", "awscli", "--endpoint-url", url, "--region", region, "--output", "json"]

    def __getattr__(self, service):
        return lambda operation, *flags, **options: self.run(service.replace("_", "-"), operation, flags, options)

    def run(self, service, operation, flags, options):
        command = [*self.base, service, operation, *flags]
        for name, value in options.items():
            command.append("--" + name.replace("_", "-"))
            command += value if isinstance(value, list) else [str(value)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"aws {service} {operation} fails: {done.stderr.strip()}")
        print(f"aws {service} {operation}")
        return json.loads(done.stdout) if done.stdout.strip() else {}


def equal(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"{what}: {found!r}, not {wanted!r}")


def until(what, look):
    """Waits until `look` returns something true, as a person at a terminal would."""
    end = time.monotonic() + PATIENCE_S
    while not look():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not come about within {PATIENCE_S} s")
        time.sleep(0.5)


def look_at_database(pair, primary, dr):
    for cli in (primary, dr):
        equal("writer", writer(pair, cli), pair["primary"]["db_cluster_arn"])
    cluster = dr.rds("describe-db-clusters", db_cluster_identifier=pair["dr"]["db_cluster"])["DBClusters"][0]
    equal("DR cluster", (cluster["Status"], cluster["EngineVersion"]), ("available", pair["engine_version"]))
    instances = dr.rds("describe-db-instances", filters=f"Name=db-cluster-id,Values={pair['dr']['db_cluster']}")
    classes = {instance["DBInstanceClass"] for instance in instances["DBInstances"]}
    equal("instance classes", classes, {pair["dr"]["db_instance_class"]})
    groups = dr.rds("describe-db-subnet-groups", db_subnet_group_name=cluster["DBSubnetGroup"])["DBSubnetGroups"]
    zones = {subnet["SubnetAvailabilityZone"]["Name"] for subnet in groups[0]["Subnets"]}
    equal("zones of the subnet group", len(zones), pair["dr"]["zones"])
    key = dr.kms("describe-key", key_id=cluster["KmsKeyId"])["KeyMetadata"]
    equal("key", (key["KeyManager"], key["KeyState"]), ("CUSTOMER", "Enabled"))


def writer(pair, cli):
    """ARN of the writer; `None` while it moves."""
    found = cli.rds("describe-global-clusters", global_cluster_identifier=pair["global_cluster"])["GlobalClusters"][0]
    if "FailoverState" in found or found["Status"] != "available":
        return None
    (arn,) = [member["DBClusterArn"] for member in found["GlobalClusterMembers"] if member["IsWriter"]]
    return arn


def look_at_lag(pair, dr):
    metrics = dr.cloudwatch("list-metrics", namespace="AWS/RDS", metric_name="AuroraGlobalDBRPOLag")["Metrics"]
    wanted = {"Name": "DBClusterIdentifier", "Value": pair["dr"]["db_cluster"]}
    (metric,) = [metric for metric in metrics if wanted in metric["Dimensions"]]
    equal("region that the lag is of", source_region(metric), pair["primary"]["region"])
    query = {"Id": "lag", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
    window = {"start_time": pair["now"] - 600, "end_time": pair["now"]}
    data = dr.cloudwatch("get-metric-data", metric_data_queries=json.dumps([query]), **window)
    values = data["MetricDataResults"][0]["Values"]
    if not values or not all(0 < value < 60_000 for value in values):
        raise SystemExit(f"replication lag in milliseconds: {values}")


def source_region(metric):
    return next(one["Value"] for one in metric["Dimensions"] if one["Name"] == "SourceRegion")


def look_at_services(pair, dr):
    cluster = pair["dr"]["ecs_cluster"]
    arns = dr.ecs("list-services", cluster=cluster)["serviceArns"]
    equal("services", {arn.rsplit("/", 1)[1] for arn in arns}, set(pair["services"]))
    for service in dr.ecs("describe-services", cluster=cluster, services=list(pair["services"]))["services"]:
        figures = [service[key] for key in ("status", "desiredCount", "runningCount", "pendingCount")]
        equal(f"service {service['serviceName']}", figures, ["ACTIVE", 1, 1, 0])
    for target in dr.application_autoscaling("describe-scalable-targets", service_namespace="ecs")["ScalableTargets"]:
        equal(f"minimum of {target['ResourceId']}", target["MinCapacity"], 1)
    quota = dr.service_quotas("get-service-quota", service_code="fargate", quota_code="L-3032A538")["Quota"]
    equal("vCPU quota", quota["Value"], pair["dr"]["vcpu_quota"])


def look_at_traffic(pair, dr):
    weights = listener_weights(pair, dr)
    equal("production's weight", weights[pair["dr"]["target_group"]], 0)
    health = dr.elbv2("describe-target-health", target_group_arn=pair["dr"]["target_group"])
    states = [target["TargetHealth"]["State"] for target in health["TargetHealthDescriptions"]]
    equal("production's targets", states, ["healthy"])
    equal("record", alias(pair, dr)["DNSName"].rstrip("."), pair["primary"]["endpoint"]["dns_name"])


def listener_weights(pair, dr):
    found = dr.elbv2("describe-listeners", listener_arns=pair["dr"]["listener"])["Listeners"][0]
    groups = found["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]
    return {group["TargetGroupArn"]: group["Weight"] for group in groups}


def alias(pair, cli):
    name = pair["record"]["name"]
    records = cli.route53(
        "list-resource-record-sets",
        hosted_zone_id=pair["record"]["zone"],
        start_record_name=name,
        start_record_type="A",
        max_items=1,
    )["ResourceRecordSets"]
    equal("record's name", records[0]["Name"].rstrip("."), name)
    return records[0]["AliasTarget"]


def promote(pair, dr):
    dr.rds(
        "failover-global-cluster",
        "--allow-data-loss",
        global_cluster_identifier=pair["global_cluster"],
        target_db_cluster_identifier=pair["dr"]["db_cluster_arn"],
    )
    scale(pair, dr)
    until("the move of the writer", lambda: writer(pair, dr) == pair["dr"]["db_cluster_arn"])
    until("capacity", lambda: running(pair, dr) == pair["services"])
    switch_listener(pair, dr)
    switch_record(pair, dr)


def scale(pair, dr):
    cluster = pair["dr"]["ecs_cluster"]
    for name, tasks in pair["services"].items():
        dr.application_autoscaling(
            "register-scalable-target",
            service_namespace="ecs",
            resource_id=f"service/{cluster}/{name}",
            scalable_dimension="ecs:service:DesiredCount",
            min_capacity=tasks,
        )
        updated = dr.ecs("update-service", cluster=cluster, service=name, desired_count=tasks)
        equal(f"desired count of {name}", updated["service"]["desiredCount"], tasks)


def running(pair, dr):
    found = dr.ecs("describe-services", cluster=pair["dr"]["ecs_cluster"], services=list(pair["services"]))
    return {service["serviceName"]: service["runningCount"] for service in found["services"]}


def switch_listener(pair, dr):
    groups = [
        {"TargetGroupArn": arn, "Weight": 100 if arn == pair["dr"]["target_group"] else 0}
        for arn in listener_weights(pair, dr)
    ]
    actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
    dr.elbv2("modify-listener", listener_arn=pair["dr"]["listener"], default_actions=json.dumps(actions))
    equal("production's weight", listener_weights(pair, dr)[pair["dr"]["target_group"]], 100)


def switch_record(pair, dr):
    """DELETE and CREATE in one batch: it fails if somebody else changed the record meanwhile."""
    old = alias(pair, dr)
    endpoint = pair["dr"]["endpoint"]
    new = {**old, "DNSName": endpoint["dns_name"], "HostedZoneId": endpoint["zone"]}
    record = {"Name": pair["record"]["name"], "Type": "A"}
    changes = [
        {"Action": action, "ResourceRecordSet": {**record, "AliasTarget": target}}
        for action, target in (("DELETE", old), ("CREATE", new))
    ]
    batch = json.dumps({"Changes": changes})
    zone = pair["record"]["zone"]
    change = dr.route53("change-resource-record-sets", hosted_zone_id=zone, change_batch=batch)["ChangeInfo"]
    equal("change's state", change["Status"], "PENDING")
    until("INSYNC", lambda: dr.route53("get-change", id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC")


def main(url):
    pair = json.load(sys.stdin)
    primary, dr = (Cli(url, pair[side]["region"]) for side in ("primary", "dr"))
    equal("account", dr.sts("get-caller-identity")["Account"], pair["account"])
    look_at_database(pair, primary, dr)
    look_at_lag(pair, dr)
    look_at_services(pair, dr)
    look_at_traffic(pair, dr)
    promote(pair, dr)


if __name__ == "__main__":
    main(*sys.argv[1:])
