# Stands for `modules/administrator` in `terraform test`: mocked providers have no ephemeral resources.

output "password" {
  value = "not-a-secret"
}
