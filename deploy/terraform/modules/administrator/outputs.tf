output "password" {
  description = "The password, for the apply that creates the cluster; ephemeral, so that no state and no plan holds it."
  value       = ephemeral.aws_secretsmanager_random_password.this.random_password
  ephemeral   = true
}
