#!/usr/bin/env python3
"""Puts the datapoint of replication lag that the emulator does not emit, for both directions of a pair.

    lag.py MINISTACK_URL MOTO_URL PRIMARY_CLUSTER DR_CLUSTER
"""

import sys

from emulated import DR, PRIMARY, Emulators
from pair import put_lag


def main(ministack_url, moto_url, primary_cluster, dr_cluster):
    aws = Emulators(ministack_url, moto_url)
    put_lag(aws, DR, dr_cluster, PRIMARY)
    put_lag(aws, PRIMARY, primary_cluster, DR)


if __name__ == "__main__":
    main(*sys.argv[1:])
