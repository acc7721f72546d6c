#!/usr/bin/env python3
"""Sets up an active/passive pair on two emulators, and prints what a configuration needs of it as JSON.

    pair.py MINISTACK_URL MOTO_URL
"""

import json
import sys

from emulated import (
    APPLICATION,
    DB_CLUSTER,
    DR,
    ECS_CLUSTER,
    ENDPOINT,
    GLOBAL_CLUSTER,
    MAX_TASKS,
    PRIMARY,
    RECORD,
    REGIONS,
    SERVICES,
    WARM,
    ZONE_NAME,
    Emulators,
)

ENGINE = {"Engine": "aurora-postgresql", "EngineVersion": "16.11"}
INSTANCE_CLASS = "db.r6g.large"


def create_database(aws):
    """A global cluster with the writer in the primary region and an encrypted secondary in DR."""
    rds = {region: aws.client("rds", region) for region in REGIONS}
    keys = {region: create_key(aws, region) for region in REGIONS}
    for region in REGIONS:
        create_subnet_group(aws, rds[region], region)
    rds[PRIMARY].create_global_cluster(GlobalClusterIdentifier=GLOBAL_CLUSTER, StorageEncrypted=True, **ENGINE)
    create_cluster(rds[PRIMARY], PRIMARY, keys[PRIMARY], MasterUsername="shop", MasterUserPassword="not-a-secret")
    create_cluster(rds[DR], DR, keys[DR], SourceRegion=PRIMARY)


def create_cluster(rds, region, key, **role):
    """A region's member of the global cluster, with its instance; `role` makes it the writer or a secondary."""
    rds.create_db_cluster(
        DBClusterIdentifier=DB_CLUSTER[region],
        GlobalClusterIdentifier=GLOBAL_CLUSTER,
        DBSubnetGroupName=APPLICATION,
        DeletionProtection=True,
        StorageEncrypted=True,
        KmsKeyId=key,
        **ENGINE,
        **role,
    )
    rds.create_db_instance(
        DBInstanceIdentifier=f"{DB_CLUSTER[region]}-1",
        DBClusterIdentifier=DB_CLUSTER[region],
        DBInstanceClass=INSTANCE_CLASS,
        Engine=ENGINE["Engine"],
    )


def create_key(aws, region):
    key = aws.client("kms", region).create_key(Description="Aurora storage")
    return key["KeyMetadata"]["Arn"]


def create_subnet_group(aws, rds, region):
    rds.create_db_subnet_group(
        DBSubnetGroupName=APPLICATION, DBSubnetGroupDescription="Aurora", SubnetIds=subnets(aws.client("ec2", region))
    )


def subnets(ec2):
    """The subnets of the emulated default network."""
    return [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]


def put_lag(aws, region, cluster, source):
    """One datapoint of the metric that a secondary emits, since the emulator emits none."""
    dimensions = {"DBClusterIdentifier": cluster, "SourceRegion": source}
    aws.client("cloudwatch", region).put_metric_data(
        Namespace="AWS/RDS",
        MetricData=[
            {
                "MetricName": "AuroraGlobalDBRPOLag",
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
                "Unit": "Milliseconds",
                "Value": 250.0,
            }
        ],
    )


def create_balancer(aws, region):
    """A load balancer whose listener forwards to blue: production's group in the primary, an idle page's in DR."""
    elb = aws.client("elbv2", region)
    balancer = elb.create_load_balancer(Name=APPLICATION, Subnets=subnets(aws.moto("ec2", region)))["LoadBalancers"][0]
    groups = {}
    for colour in ("blue", "green"):
        created = elb.create_target_group(
            Name=f"{APPLICATION}-{colour}", Protocol="HTTP", Port=80, VpcId=balancer["VpcId"], TargetType="ip"
        )
        groups[colour] = created["TargetGroups"][0]["TargetGroupArn"]
    weights = [
        {"TargetGroupArn": groups["blue"], "Weight": 100},
        {"TargetGroupArn": groups["green"], "Weight": 0},
    ]
    listener = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}],
    )
    return {"arn": listener["Listeners"][0]["ListenerArn"], "target_group": groups["green"]}


def create_services(aws, region):
    """The ECS cluster with its services and their scalable targets, at production size or warm."""
    ecs = aws.client("ecs", region)
    moto_ecs = aws.moto("ecs", region)
    scaling = aws.client("application-autoscaling", region)
    network = {"awsvpcConfiguration": {"subnets": subnets(aws.client("ec2", region))}}
    for client in (ecs, moto_ecs):
        client.create_cluster(clusterName=ECS_CLUSTER)
    for name, production in SERVICES.items():
        desired = production if region == PRIMARY else WARM
        create_service(ecs, name, desired, launchType="FARGATE", networkConfiguration=network)
        create_service(moto_ecs, name, desired)
        scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=f"service/{ECS_CLUSTER}/{name}",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=desired,
            MaxCapacity=MAX_TASKS,
        )


def create_service(ecs, name, desired, **placement):
    task = ecs.register_task_definition(
        family=f"{APPLICATION}-{name}",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="512",
        memory="1024",
        containerDefinitions=[{"name": name, "image": f"registry.test/{APPLICATION}/{name}:1.0", "essential": True}],
    )
    arn = task["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(
        cluster=ECS_CLUSTER, serviceName=name, taskDefinition=arn, desiredCount=desired, **placement
    )


def create_record(aws):
    """The hosted zone, with the one record that says which region serves. Returns the zone's id."""
    route53 = aws.client("route53", PRIMARY)
    zone = route53.create_hosted_zone(Name=ZONE_NAME, CallerReference=APPLICATION)["HostedZone"]["Id"]
    alias = {
        "HostedZoneId": ENDPOINT[PRIMARY]["zone"],
        "DNSName": ENDPOINT[PRIMARY]["dns_name"],
        "EvaluateTargetHealth": False,
    }
    record = {"Name": RECORD, "Type": "A", "AliasTarget": alias}
    route53.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )
    return zone.removeprefix("/hostedzone/")


def main(ministack_url, moto_url):
    aws = Emulators(ministack_url, moto_url)
    create_database(aws)
    put_lag(aws, DR, DB_CLUSTER[DR], PRIMARY)
    # Read on the way back only, once the primary region's cluster is the secondary.
    put_lag(aws, PRIMARY, DB_CLUSTER[PRIMARY], DR)
    listeners = {region: create_balancer(aws, region) for region in REGIONS}
    for region in REGIONS:
        create_services(aws, region)
    pair = {
        "application": APPLICATION,
        "global_cluster": GLOBAL_CLUSTER,
        "account": aws.client("sts", DR).get_caller_identity()["Account"],
        "ecs_cluster": ECS_CLUSTER,
        "services": SERVICES,
        "record": {"zone": create_record(aws), "name": RECORD},
        "listener": listeners[DR],
        "primary": {"region": PRIMARY, "db_cluster": DB_CLUSTER[PRIMARY], "endpoint": ENDPOINT[PRIMARY]},
        "dr": {"region": DR, "db_cluster": DB_CLUSTER[DR], "endpoint": ENDPOINT[DR]},
    }
    json.dump(pair, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
