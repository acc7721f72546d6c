region      = "us-west-2"
name_suffix = "-dr"
# ECR replicates the repository: an image that only the dark region has is no image.
image      = "123456789012.dkr.ecr.us-west-2.amazonaws.com/shop/api:1.0.0"
production = { desired = 6, min = 6, max = 24 }
