#!/usr/bin/env python3
"""Takes the former primary out of the global cluster, as a forced failover leaves it: alone, with stale data, and with the snapshot that Aurora took of it.

    detach.py MINISTACK_URL MOTO_URL [GLOBAL_CLUSTER DB_CLUSTER]
"""

import sys

from emulated import DB_CLUSTER, DR, GLOBAL_CLUSTER, PRIMARY, Emulators


def main(ministack_url, moto_url, global_cluster=GLOBAL_CLUSTER, db_cluster=DB_CLUSTER[PRIMARY]):
    aws = Emulators(ministack_url, moto_url)
    primary = aws.client("rds", PRIMARY)
    stale = primary.describe_db_clusters(DBClusterIdentifier=db_cluster)["DBClusters"][0]
    own = f"rds:unplanned-global-failover-{db_cluster}-2026-11-28-10-00"
    primary.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=own, DBClusterIdentifier=db_cluster)
    left = aws.client("rds", DR).remove_from_global_cluster(
        GlobalClusterIdentifier=global_cluster, DbClusterIdentifier=stale["DBClusterArn"]
    )
    print("members left:", [member["DBClusterArn"] for member in left["GlobalCluster"]["GlobalClusterMembers"]])


if __name__ == "__main__":
    main(*sys.argv[1:])
