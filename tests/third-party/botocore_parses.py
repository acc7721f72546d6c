#!/usr/bin/env python3
"""Calls every operation that the simulated regions know, with boto3, and checks each answer against botocore's model.

    botocore_parses.py URL < PAIR_JSON

botocore's parsers are lenient, so the parsed answer is validated besides: every member that the model requires is there,
every value is of its type. And the parts named in the table must have been found, as an element under a wrong name is
silently skipped. Refusals are in the table too: botocore must find AWS's error code. Prints each call; exits 1 if any
fails.
"""

import datetime
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator


def reading(pair):
    """Service, operation, parameters, and what must be in the answer: a path of members, lists by their first element."""
    dr = pair["dr"]
    cluster = {"cluster": dr["ecs_cluster"]}
    service = next(iter(pair["services"]))
    resource = f"service/{dr['ecs_cluster']}/{service}"
    scaling = {"ServiceNamespace": "ecs", "ResourceId": resource, "ScalableDimension": "ecs:service:DesiredCount"}
    now = datetime.datetime.fromtimestamp(pair["now"], datetime.timezone.utc)
    window = {"StartTime": now - datetime.timedelta(minutes=10), "EndTime": now}
    dimensions = [
        {"Name": "DBClusterIdentifier", "Value": dr["db_cluster"]},
        {"Name": "SourceRegion", "Value": pair["primary"]["region"]},
    ]
    lag = {"Namespace": "AWS/RDS", "MetricName": "AuroraGlobalDBRPOLag", "Dimensions": dimensions}
    query = {"Id": "lag", "MetricStat": {"Metric": lag, "Period": 60, "Stat": "Maximum"}}
    zone = {"Id": pair["record"]["zone"]}
    role = {"RoleArn": f"arn:aws:iam::{pair['account']}:role/standby", "RoleSessionName": "check"}
    return [
        ("rds", "describe_global_clusters", {}, "GlobalClusters.GlobalClusterMembers.DBClusterArn"),
        ("rds", "describe_db_clusters", {}, "DBClusters.DBClusterMembers.DBInstanceIdentifier"),
        ("rds", "describe_db_instances", {}, "DBInstances.DBSubnetGroup.Subnets.SubnetAvailabilityZone.Name"),
        ("rds", "describe_db_subnet_groups", {}, "DBSubnetGroups.Subnets.SubnetIdentifier"),
        ("rds", "describe_events", {"Duration": 60}, "Events"),
        ("ecs", "describe_clusters", {"clusters": [dr["ecs_cluster"]]}, "clusters.clusterName"),
        ("ecs", "list_services", cluster, "serviceArns"),
        ("ecs", "describe_services", {**cluster, "services": [service]}, "services.deployments.taskDefinition"),
        ("ecs", "describe_services", {**cluster, "services": [pair["task_sets"]]}, "services.taskSets.scale.value"),
        ("ecs", "describe_service_revisions", {"serviceRevisionArns": [pair["revision"]]}, "serviceRevisions.resolvedConfiguration.loadBalancers.targetGroupArn"),
        ("ecs", "list_tasks", {**cluster, "serviceName": service, "desiredStatus": "STOPPED"}, "taskArns"),
        ("ecs", "list_tasks", {**cluster, "serviceName": service}, "taskArns"),
        ("ecs", "describe_tasks", {**cluster, "tasks": [pair["task"]]}, "tasks.lastStatus"),
        ("ecs", "describe_task_definition", {"taskDefinition": pair["task_definition"]}, "taskDefinition.cpu"),
        ("application-autoscaling", "describe_scalable_targets", {"ServiceNamespace": "ecs"}, "ScalableTargets.MinCapacity"),
        ("application-autoscaling", "describe_scheduled_actions", {"ServiceNamespace": "ecs"}, "ScheduledActions"),
        ("application-autoscaling", "describe_scaling_policies", {"ServiceNamespace": "ecs"}, "ScalingPolicies"),
        ("elbv2", "describe_load_balancers", {}, "LoadBalancers.AvailabilityZones.ZoneName"),
        ("elbv2", "describe_listeners", {"ListenerArns": [dr["listener"]]}, "Listeners.DefaultActions.ForwardConfig.TargetGroups.Weight"),
        ("elbv2", "describe_rules", {"ListenerArn": dr["listener"]}, "Rules.RuleArn"),
        ("elbv2", "describe_target_groups", {"TargetGroupArns": [dr["target_group"]]}, "TargetGroups.LoadBalancerArns"),
        ("elbv2", "describe_target_health", {"TargetGroupArn": dr["target_group"]}, "TargetHealthDescriptions.TargetHealth.State"),
        ("route53", "list_hosted_zones", {}, "HostedZones.Id"),
        ("route53", "get_hosted_zone", zone, "DelegationSet.NameServers"),
        *protections(zone),
        ("route53", "list_resource_record_sets", {"HostedZoneId": zone["Id"]}, "ResourceRecordSets.Name"),
        ("apigatewayv2", "get_domain_names", {}, "Items.DomainNameConfigurations.ApiGatewayDomainName"),
        ("apigatewayv2", "get_domain_name", {"DomainName": pair["record"]["name"]}, "DomainNameConfigurations.HostedZoneId"),
        ("apigateway", "get_domain_names", {}, "items.regionalDomainName"),
        ("apigateway", "get_domain_name", {"domainName": pair["record"]["name"]}, "regionalHostedZoneId"),
        ("cloudwatch", "list_metrics", {"Namespace": "AWS/RDS"}, "Metrics.Dimensions.Name"),
        ("cloudwatch", "get_metric_data", {"MetricDataQueries": [query], **window}, "MetricDataResults.Values"),
        ("kms", "describe_key", {"KeyId": dr["kms_key"]}, "KeyMetadata.KeyState"),
        ("service-quotas", "get_service_quota", {"ServiceCode": "fargate", "QuotaCode": "L-3032A538"}, "Quota.Value"),
        ("service-quotas", "get_service_quota", {"ServiceCode": "fargate", "QuotaCode": "L-36FBB829"}, "Quota.Value"),
        ("service-quotas", "get_aws_default_service_quota", {"ServiceCode": "fargate", "QuotaCode": "L-36FBB829"}, "Quota.Value"),
        ("service-quotas", "list_service_quotas", {"ServiceCode": "fargate"}, "Quotas.QuotaCode"),
        ("sts", "get_caller_identity", {}, "Account"),
        ("sts", "assume_role", role, "Credentials.SessionToken"),
        ("ecr", "describe_images", {"repositoryName": pair["repository"]}, "imageDetails.imageDigest"),
        ("ecr", "describe_pull_through_cache_rules", {}, "pullThroughCacheRules.ecrRepositoryPrefix"),
        ("secretsmanager", "describe_secret", {"SecretId": pair["secret"]}, "ReplicationStatus.Status"),
        ("ssm", "describe_parameters", {"ParameterFilters": [pair["parameter"]]}, "Parameters.Name"),
        ("logs", "describe_log_groups", {"logGroupNamePrefix": pair["log_group"]}, "logGroups.logGroupName"),
        ("acm", "describe_certificate", {"CertificateArn": pair["certificate"]}, "Certificate.NotAfter"),
        ("ec2", "describe_subnets", {"SubnetIds": pair["subnets"]}, "Subnets.AvailableIpAddressCount"),
        # Changes, each to what holds already where that can be.
        ("application-autoscaling", "register_scalable_target", {**scaling, "MinCapacity": 1}, "ScalableTargetARN"),
        ("ecs", "update_service", {**cluster, "service": service, "desiredCount": 1}, "service.desiredCount"),
        ("elbv2", "describe_rules", {"RuleArns": [pair["rule"]["RuleArn"]]}, "Rules.Actions.ForwardConfig.TargetGroups.Weight"),
        ("elbv2", "modify_rule", {"RuleArn": pair["rule"]["RuleArn"], "Actions": pair["rule"]["Actions"]}, "Rules.Conditions.Field"),
        ("elbv2", "modify_listener", {"ListenerArn": dr["listener"], "DefaultActions": forward(dr)}, "Listeners.ListenerArn"),
        ("route53", "change_resource_record_sets", {"HostedZoneId": zone["Id"], "ChangeBatch": text_record(pair)}, "ChangeInfo.Id"),
        ("route53", "get_change", {"Id": pair["change"]}, "ChangeInfo.Status"),
    ]


def protections(zone):
    """An operation that botocore knows from 1.44.8 on, as it does the features of a zone; older ones leave it out."""
    known = hasattr(boto3.client("route53", region_name="us-east-1"), "list_resource_record_set_protections")
    call = ("route53", "list_resource_record_set_protections", {"HostedZoneId": zone["Id"]}, "ResourceRecordSetProtections")
    features = ("route53", "get_hosted_zone", zone, "HostedZone.Features.ChangeGuardrails.Name")
    return [call, features] if known else []


def forward(dr):
    return [{"Type": "forward", "TargetGroupArn": dr["target_group"]}]


def text_record(pair):
    record = {"Name": f"check.{pair['record']['name']}", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"check"'}]}
    return {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}


def moving(pair):
    """The same for what AWS takes in the region of the current writer."""
    switchover = {
        "GlobalClusterIdentifier": pair["global_cluster"],
        "TargetDbClusterIdentifier": pair["dr"]["db_cluster_arn"],
    }
    return [("rds", "switchover_global_cluster", switchover, "GlobalCluster.FailoverState.Status")]


def refused(pair):
    """Service, operation, parameters, and AWS's code for the refusal."""
    switchover = {
        "GlobalClusterIdentifier": pair["global_cluster"],
        "TargetDbClusterIdentifier": pair["primary"]["db_cluster_arn"],
    }
    unknown_service = {"cluster": pair["dr"]["ecs_cluster"], "service": "nobody", "desiredCount": 1}
    return [
        ("rds", "describe_global_clusters", {"GlobalClusterIdentifier": "nobody"}, "GlobalClusterNotFoundFault"),
        ("rds", "describe_db_clusters", {"DBClusterIdentifier": "nobody"}, "DBClusterNotFoundFault"),
        ("rds", "switchover_global_cluster", switchover, "InvalidGlobalClusterStateFault"),
        ("ecs", "update_service", unknown_service, "ServiceNotFoundException"),
        ("ecs", "describe_services", {"cluster": "nobody", "services": ["web"]}, "ClusterNotFoundException"),
        ("elbv2", "describe_target_health", {"TargetGroupArn": "arn:aws:nobody"}, "TargetGroupNotFound"),
        ("elbv2", "describe_listeners", {"LoadBalancerArn": "arn:aws:nobody"}, "LoadBalancerNotFound"),
        ("apigatewayv2", "get_domain_name", {"DomainName": "nobody.example"}, "NotFoundException"),
        ("apigateway", "get_domain_name", {"domainName": "nobody.example"}, "NotFoundException"),
        ("elbv2", "describe_rules", {"RuleArns": ["arn:aws:nobody"]}, "RuleNotFound"),
        ("route53", "get_change", {"Id": "C0NOBODY"}, "NoSuchChange"),
        ("route53", "get_hosted_zone", {"Id": "Z0NOBODY"}, "NoSuchHostedZone"),
        ("ecr", "describe_images", {"repositoryName": "nobody"}, "RepositoryNotFoundException"),
        ("secretsmanager", "describe_secret", {"SecretId": "nobody"}, "ResourceNotFoundException"),
        ("ec2", "describe_subnets", {"SubnetIds": ["subnet-nobody"]}, "InvalidSubnetID.NotFound"),
        ("kms", "describe_key", {"KeyId": "00000000-0000-0000-0000-000000000000"}, "NotFoundException"),
        ("service-quotas", "get_service_quota", {"ServiceCode": "fargate", "QuotaCode": "L-0"}, "NoSuchResourceException"),
    ]


class Clients:
    def __init__(self, url, region):
        self.url = url
        self.region = region

    def call(self, service, operation, parameters):
        """The answer, and what botocore's model has against it."""
        config = Config(retries={"total_max_attempts": 1}, read_timeout=20)
        client = boto3.client(service, region_name=self.region, endpoint_url=self.url, config=config)
        answer = getattr(client, operation)(**parameters)
        answer.pop("ResponseMetadata")
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
        return answer, ParamValidator().validate(answer, model.output_shape)


def at(answer, path):
    """What stands at that path; of a list its first element."""
    for name in path.split("."):
        while isinstance(answer, list):
            answer = answer[0]
        answer = answer[name]
    return answer


def problem_of_reading(clients, service, operation, parameters, path):
    try:
        answer, report = clients.call(service, operation, parameters)
        found = at(answer, path)
    except (KeyError, IndexError) as missing:
        return f"nothing at {path}: {missing!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if report.has_errors():
        return report.generate_report()
    return None if found is not None else f"nothing at {path}"


def problem_of_refusal(clients, service, operation, parameters, code):
    try:
        clients.call(service, operation, parameters)
    except ClientError as error:
        found = error.response["Error"]
        return None if found["Code"] == code and found["Message"] else f"{found}, not {code}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return f"accepted, not refused as {code}"


def main(url):
    pair = json.load(sys.stdin)
    dr = Clients(url, pair["dr"]["region"])
    primary = Clients(url, pair["primary"]["region"])
    prepare(dr, pair)
    checks = [(problem_of_reading, dr, row) for row in reading(pair)]
    checks += [(problem_of_refusal, dr, row) for row in refused(pair)]
    checks += [(problem_of_reading, primary, row) for row in moving(pair)]
    failed = 0
    for check, clients, (service, operation, parameters, wanted) in checks:
        problem = check(clients, service, operation, parameters, wanted)
        failed += problem is not None
        print(f"{'ok   ' if problem is None else 'WRONG'} {service} {operation}: {problem or wanted}")
    return 1 if failed else 0


def prepare(clients, pair):
    """Adds what can only be learned by asking: a running task with its definition, and a change of a record."""
    cluster = pair["dr"]["ecs_cluster"]
    listed, _ = clients.call("ecs", "list_tasks", {"cluster": cluster})
    pair["task"] = listed["taskArns"][0]
    described, _ = clients.call("ecs", "describe_services", {"cluster": cluster, "services": list(pair["services"])})
    services = described["services"]
    pair["revision"] = next(s["currentServiceRevisions"][0]["arn"] for s in services if s.get("currentServiceRevisions"))
    pair["task_sets"] = next(s["serviceName"] for s in services if s.get("taskSets"))
    rules, _ = clients.call("elbv2", "describe_rules", {"ListenerArn": pair["dr"]["listener"]})
    pair["rule"] = rules["Rules"][0]
    described, _ = clients.call("ecs", "describe_tasks", {"cluster": cluster, "tasks": [pair["task"]]})
    pair["task_definition"] = described["tasks"][0]["taskDefinitionArn"]
    needed(clients, pair)
    batch = {"HostedZoneId": pair["record"]["zone"], "ChangeBatch": text_record(pair)}
    changed, _ = clients.call("route53", "change_resource_record_sets", batch)
    pair["change"] = changed["ChangeInfo"]["Id"]


def needed(clients, pair):
    """Adds what the tasks need, as their definition and their service name it."""
    definition, _ = clients.call("ecs", "describe_task_definition", {"taskDefinition": pair["task_definition"]})
    container = definition["taskDefinition"]["containerDefinitions"][0]
    pair["repository"] = container["image"].split("/", 1)[1].split(":")[0]
    secret, parameter = (secret["valueFrom"] for secret in container["secrets"])
    pair["secret"] = ":".join(secret.split(":")[:7])
    pair["parameter"] = {"Key": "Name", "Option": "Equals", "Values": [parameter.split(":parameter")[1]]}
    pair["log_group"] = container["logConfiguration"]["options"]["awslogs-group"]
    described, _ = clients.call("ecs", "describe_services", {"cluster": pair["dr"]["ecs_cluster"], "services": [next(iter(pair["services"]))]})
    pair["subnets"] = described["services"][0]["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
    listeners, _ = clients.call("elbv2", "describe_listeners", {"ListenerArns": [pair["dr"]["listener"]]})
    pair["certificate"] = listeners["Listeners"][0]["Certificates"][0]["CertificateArn"]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
