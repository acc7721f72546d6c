primary_region = "us-east-1"
dr_region      = "us-west-2"
domain_name    = "app.shop.example"
zone_id        = "Z0123456789SHOP"
