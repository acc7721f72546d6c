#!/usr/bin/env python3
"""Runs ministack with moto's network: ministack checks the subnets that it is told, moto those of its load balancers, and a stack has only one
network. What ministack asks about a subnet is answered by moto.

    ministack_on_moto.py MOTO_URL
"""

import sys

import boto3
from botocore.exceptions import ClientError
from ministack.app import main
from ministack.core.responses import get_region
from ministack.services import ec2


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


if __name__ == "__main__":
    # What is left of the arguments is ministack's own.
    ec2._subnets = MotoSubnets(sys.argv.pop(1))
    ec2._ensure_defaults_initialized = lambda: None
    main()
