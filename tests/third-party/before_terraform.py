#!/usr/bin/env python3
"""Makes what is there before the first apply, and prints the hosted zone's id:

- the public hosted zone, which is the team's own;
- in each region's registry, the image that the tasks run: who looks for it before a promote must find it;
- in moto's ECS, the services that a stack will create in ministack's: moto's scalable targets want one to be there.

    before_terraform.py MINISTACK_URL MOTO_URL CLUSTER SERVICE…
"""

import sys

from emulated import APPLICATION, PRIMARY, REGIONS, ZONE_NAME, Emulators


def main(ministack_url, moto_url, cluster, *services):
    aws = Emulators(ministack_url, moto_url)
    zone = aws.client("route53", PRIMARY).create_hosted_zone(Name=ZONE_NAME, CallerReference=APPLICATION)["HostedZone"]
    for region in REGIONS:
        ecr = aws.client("ecr", region)
        for service in services:
            # As the examples of `deploy/terraform` name it.
            repository = f"{APPLICATION}/{service}"
            ecr.create_repository(repositoryName=repository)
            ecr.put_image(repositoryName=repository, imageManifest="{}", imageTag="1.0.0")
        ecs = aws.moto("ecs", region)
        ecs.create_cluster(clusterName=cluster)
        container = {"name": "shadow", "image": "shadow:1", "memory": 128}
        ecs.register_task_definition(family="shadow", containerDefinitions=[container])
        for service in services:
            ecs.create_service(cluster=cluster, serviceName=service, taskDefinition="shadow", desiredCount=1)
    print(zone["Id"].removeprefix("/hostedzone/"))


if __name__ == "__main__":
    main(*sys.argv[1:])
