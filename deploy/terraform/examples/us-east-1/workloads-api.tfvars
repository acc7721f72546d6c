region     = "us-east-1"
image      = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:1.0.0"
production = { desired = 6, min = 6, max = 24 }
