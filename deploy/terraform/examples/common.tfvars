# What every stack is told.
app_name = "shop"
env      = "prod"
