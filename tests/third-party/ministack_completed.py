#!/usr/bin/env python3
"""Runs ministack with copies of DB cluster snapshots, which it leaves out."""

from ministack.app import main
from ministack.services import rds


def copy_cluster_snapshot(parameters):
    source = rds._p(parameters, "SourceDBClusterSnapshotIdentifier").split(":cluster-snapshot:")[-1]
    target = rds._p(parameters, "TargetDBClusterSnapshotIdentifier")
    snapshots = rds._db_cluster_snapshots
    if source not in snapshots:
        return rds._error("DBClusterSnapshotNotFoundFault", f"DB cluster snapshot {source} not found.", 404)
    if target in snapshots:
        return rds._error("DBClusterSnapshotAlreadyExistsFault", f"DB cluster snapshot {target} already exists.", 400)
    arn = snapshots[source]["DBClusterSnapshotArn"].replace(source, target)
    copy = {**snapshots[source], "DBClusterSnapshotIdentifier": target, "DBClusterSnapshotArn": arn}
    snapshots[target] = copy
    shown = f"<DBClusterSnapshot>{rds._cluster_snapshot_xml(copy)}</DBClusterSnapshot>"
    result = f"<CopyDBClusterSnapshotResult>{shown}</CopyDBClusterSnapshotResult>"
    return rds._xml(200, "CopyDBClusterSnapshotResponse", result)


def complete():
    rds._ACTION_MAP["CopyDBClusterSnapshot"] = copy_cluster_snapshot


if __name__ == "__main__":
    complete()
    main()
