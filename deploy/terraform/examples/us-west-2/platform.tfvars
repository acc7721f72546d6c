region      = "us-west-2"
peer_region = "us-east-1"
role        = "dr"
name_suffix = "-dr"
# Ask before you choose a region: aws ec2 describe-availability-zones --region us-west-2
az_count      = 2
vpc_cidr      = "10.1.0.0/16"
peer_vpc_cidr = "10.0.0.0/16"
# Until a promote switches the listener, a request that strays here is answered 503, not by tasks on a read-only database.
live                 = "blue"
is_aurora_secondary  = true
aurora_source_region = "us-east-1"
