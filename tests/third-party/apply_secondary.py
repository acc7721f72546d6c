#!/usr/bin/env python3
"""Plays Terraform: builds the primary region's cluster anew, as the variables that the bot printed say.

    apply_secondary.py MINISTACK_URL MOTO_URL < VARIABLES_JSON

Refuses variables that would not make a secondary of the DR region's writer.
"""

import json
import sys

from emulated import DR, PRIMARY, Emulators
from pair import create_cluster


def main(ministack_url, moto_url):
    variables = json.load(sys.stdin)
    if variables != {"is_aurora_secondary": "true", "aurora_source_region": DR}:
        print(f"these variables make no secondary of {DR}: {variables}")
        return 1
    aws = Emulators(ministack_url, moto_url)
    # The key is another stack's, and outlived the cluster.
    key = aws.client("kms", PRIMARY).list_keys()["Keys"][0]["KeyArn"]
    create_cluster(aws.client("rds", PRIMARY), PRIMARY, key, SourceRegion=variables["aurora_source_region"])
    print(f"a secondary of {DR} is in {PRIMARY}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
