# Where every stack's state is; `stack` tells each of them as variable `state` as well.
bucket = "shop-prod-terraform-state"
region = "us-west-2"
# Of S3 itself: no table for locks.
use_lockfile = true
encrypt      = true
