#!/usr/bin/env python3
"""Runs ministack with what a pair needs and it leaves out:

- moto's network: ministack checks the subnets that it is told, moto those of its load balancers, and a stack has only one network, so what
  ministack asks about a subnet is answered by moto;
- what `ministack_completed.py` adds;
- endpoints of clusters as AWS names them, by account and region: a cluster that is made again has its old endpoint.

    ministack_on_moto.py MOTO_URL
"""

import re
import sys

import boto3
import ministack_completed
from botocore.exceptions import ClientError
from ministack.app import main
from ministack.core.responses import get_region
from ministack.services import ec2, rds


class MotoSubnets:
    """The subnets of moto's EC2, in the region of the request under way."""

    def __init__(self, url):
        self.url = url

    def get(self, subnet_id, default=None):
        client = boto3.client("ec2", region_name=get_region(), endpoint_url=self.url)
        try:
            return client.describe_subnets(SubnetIds=[subnet_id])["Subnets"][0]
        except ClientError:
            return default


def create_cluster_with_lasting_endpoints(parameters):
    answer = create_cluster(parameters)
    cluster = rds._clusters.get(rds._p(parameters, "DBClusterIdentifier")) or {}
    for name in {"Endpoint", "ReaderEndpoint"} & cluster.keys():
        cluster[name] = re.sub(r"(\.cluster-(?:ro-)?)[0-9a-f]{8}\.", r"\g<1>c7tj4example.", cluster[name])
    return answer


create_cluster = rds._create_db_cluster_impl

if __name__ == "__main__":
    rds._create_db_cluster_impl = create_cluster_with_lasting_endpoints
    ministack_completed.complete()
    # What is left of the arguments is ministack's own.
    ec2._subnets = MotoSubnets(sys.argv.pop(1))
    ec2._ensure_defaults_initialized = lambda: None
    main()
