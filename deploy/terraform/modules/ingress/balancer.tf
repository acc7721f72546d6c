# The internal load balancer: only the VPC link reaches it.

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:API Gateway in front of it logs every request
  #checkov:skip=CKV2_AWS_20:there is no port 80 to redirect from
  #checkov:skip=CKV2_AWS_28:it is internal; a web ACL belongs in front of API Gateway, by the application's needs
  name                       = var.name
  internal                   = true
  load_balancer_type         = "application"
  subnets                    = var.private_subnet_ids
  security_groups            = [aws_security_group.balancer.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
}

resource "aws_lb_target_group" "this" {
  for_each    = toset(["blue", "green"])
  name        = "${var.name}-${each.key}"
  vpc_id      = var.vpc_id
  target_type = "ip"
  port        = var.app_port
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; behind it is the private subnet and the tasks' own security group
  protocol             = "HTTP"
  deregistration_delay = 30

  health_check {
    path                = var.health_path
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type = "forward"
    forward {
      dynamic "target_group" {
        for_each = ["blue", "green"]
        content {
          arn    = aws_lb_target_group.this[target_group.value].arn
          weight = target_group.value == var.live ? 100 : 0
        }
      }
    }
  }

  lifecycle {
    # Blue/green deployments move the weights, and so does the bot on promote: an apply must not move them back.
    ignore_changes = [default_action]
  }
}

resource "aws_security_group" "balancer" {
  name        = "${var.name}-balancer"
  description = "Internal load balancer"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "from_link" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "HTTPS from API Gateway"
  referenced_security_group_id = aws_security_group.link.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "to_tasks" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "The tasks"
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = var.app_port
  to_port                      = var.app_port
}

# Worn by the tasks of every workload; in the platform, since load balancer and database name it.
resource "aws_security_group" "tasks" {
  #checkov:skip=CKV2_AWS_5:workload stacks attach it
  name        = "${var.name}-tasks"
  description = "Tasks of the application"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "tasks_from_balancer" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "Requests and health checks"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = var.app_port
  to_port                      = var.app_port
}

resource "aws_vpc_security_group_egress_rule" "tasks_out" {
  security_group_id = aws_security_group.tasks.id
  description       = "Images, secrets, logs, and whatever the application calls"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
