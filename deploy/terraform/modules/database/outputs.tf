output "global_cluster" {
  description = "Identifier of the global cluster."
  value       = local.global_cluster
}

output "cluster" {
  description = "Identifier of this region's cluster."
  value       = aws_rds_cluster.this.cluster_identifier
}

output "cluster_arn" {
  description = "ARN of this region's cluster."
  value       = aws_rds_cluster.this.arn
}

output "endpoint" {
  description = "Endpoint of the writer while this region's cluster writes."
  value       = aws_rds_cluster.this.endpoint
}

output "reader_endpoint" {
  description = "Endpoint of the readers."
  value       = aws_rds_cluster.this.reader_endpoint
}

output "secret_name" {
  description = "Name of the administrator's secret, the same in both regions."
  value       = "${var.name}/database"
}
