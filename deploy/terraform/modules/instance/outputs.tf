output "volume_id" {
  description = "Volume that holds the log."
  value       = aws_ebs_volume.log.id
}
