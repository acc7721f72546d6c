region              = "us-east-1"
peer_region         = "us-west-2"
role                = "primary"
az_count            = 3
vpc_cidr            = "10.0.0.0/16"
peer_vpc_cidr       = "10.1.0.0/16"
is_aurora_secondary = false
