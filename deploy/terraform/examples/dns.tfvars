# Route 53's control plane stands in us-east-1.
region         = "us-east-1"
primary_region = "us-east-1"
