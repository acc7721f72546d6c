#!/usr/bin/env python3
"""Runs moto with what Terraform's provider waits for, or the bot looks at, and moto leaves out:

- the state of a custom domain in API Gateway, and the regional name that aliases point at, which is an address on loopback here, where a test
  can answer; and its update, which is accepted and changes nothing;
- the tags of a scalable target, of which there are none;
- the quota of Fargate's vCPUs.

    moto_completed.py [MOTO'S ARGUMENTS…]
"""

import json

from emulated import ENDPOINT
from moto.apigatewayv2.models import DomainName
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.server import main
from moto.servicequotas.models import ServiceQuotasBackend

VCPUS = {"ServiceCode": "fargate", "QuotaCode": "L-3032A538", "Value": 100.0, "Unit": "None", "Adjustable": True}

create = DomainName.__init__


def create_available(self, *args, backend, **more):
    create(self, *args, backend=backend, **more)
    endpoint = ENDPOINT[backend.region_name]
    for configuration in self.domain_name_configurations:
        configuration.update(
            domainNameStatus="AVAILABLE", apiGatewayDomainName=endpoint["dns_name"], hostedZoneId=endpoint["zone"]
        )


def get_service_quota(self, service_code, quota_code):
    if (service_code, quota_code) == (VCPUS["ServiceCode"], VCPUS["QuotaCode"]):
        return VCPUS
    return known_quota(self, service_code, quota_code)


known_quota = ServiceQuotasBackend.get_service_quota

if __name__ == "__main__":
    ServiceQuotasBackend.get_service_quota = get_service_quota
    DomainName.__init__ = create_available
    ApiGatewayV2Response.update_domain_name = ApiGatewayV2Response.get_domain_name
    ApplicationAutoScalingResponse.list_tags_for_resource = lambda self: json.dumps({"Tags": {}})
    main()
