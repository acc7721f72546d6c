"""Clients and names that pair.py and assert_promoted.py share."""

import boto3

APPLICATION = "shop"
PRIMARY = "us-east-1"
DR = "us-west-2"
REGIONS = (PRIMARY, DR)

GLOBAL_CLUSTER = "shop-global"
DB_CLUSTER = {PRIMARY: "shop-primary", DR: "shop-dr"}
ECS_CLUSTER = "shop"
# Tasks that each service runs in production; in DR one of each is kept warm.
SERVICES = {"web": 4, "worker": 3}
WARM = 1
MAX_TASKS = 12

ZONE_NAME = "shop.test"
# A name that no resolver knows (RFC 6761): verification has to go to the DR endpoint by itself.
RECORD = "app.shop.test"
# What the alias points to. Nothing answers at the primary's address; the test's health server stands at DR's.
ENDPOINT = {
    PRIMARY: {"dns_name": "127.0.0.3", "zone": "Z1UJRXOUMOOFQ8"},
    DR: {"dns_name": "127.0.0.2", "zone": "Z2OJLYMUO9EFXC"},
}


# Services that moto answers for: ministack has no Application Auto Scaling, and its load balancers forget the weights of
# a listener's target groups.
MOTO_SERVICES = ("application-autoscaling", "elbv2")


class Emulators:
    """boto3 clients of the two emulators."""

    def __init__(self, ministack_url, moto_url):
        self.ministack_url = ministack_url
        self.moto_url = moto_url

    def client(self, service, region):
        """The client that the bot's own configuration of endpoints would give."""
        if service in MOTO_SERVICES:
            return self.moto(service, region)
        return boto3.client(service, region_name=region, endpoint_url=self.ministack_url)

    def moto(self, service, region):
        """moto's own: its scalable targets want its own ECS services, its load balancers its own subnets."""
        return boto3.client(service, region_name=region, endpoint_url=self.moto_url)
