# The next commands to type, and the values that the delivery reads.

output "image" {
  description = "The server's image that is deployed."
  value       = var.image
}

output "operator_image" {
  description = "The command line's image that is deployed."
  value       = var.operator_image
}

output "repository" {
  description = "Where .ci/image puts images: IMAGE_REPOSITORY=$(terraform output -raw repository) .ci/image."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}

output "urls" {
  description = "The functions' addresses."
  value       = local.urls
}

output "jobs" {
  description = "The scheduler's jobs, by their names in terraform/README.md."
  value       = local.job_names
}

output "secrets_to_fill" {
  description = "The secrets and their contents: printf %s VALUE | gcloud secrets versions add NAME --data-file=-"
  value       = { for key, secret in google_secret_manager_secret.sync : secret.secret_id => local.secrets[key] }
}

output "database" {
  description = "The Cloud SQL instance that the functions connect to; null for a server elsewhere."
  value       = local.uses_cloud_sql ? local.cloud_sql_instance : null
}

output "next" {
  description = "What to do next."
  value = !local.deployed ? join("\n", [
    "1. Make the database's users: terraform/README.md, \"The database's users\".",
    "2. Fill the secrets: terraform output secrets_to_fill",
    "3. Make the images: IMAGE_REPOSITORY=$(terraform output -raw repository) ../.ci/image",
    "4. terraform apply",
    ]) : !var.ticks ? join("\n", [
    "1. Migrate: gcloud run jobs execute ${var.prefix}-operator --region ${var.region} --wait",
    "2. Grant the functions their rights: terraform/README.md, \"The database's users\"",
    "3. Push the index's settings: returnsync settings push",
    "4. Check: gcloud run jobs execute ${var.prefix}-operator --region ${var.region} --args=doctor --wait",
    "5. Set ticks = true in terraform.tfvars, then terraform apply",
    ]) : join("\n", [
    "1. Sync now: gcloud scheduler jobs run ${local.job_names.returnsUpdateCron} --location ${var.region}",
    "2. Check: gcloud run jobs execute ${var.prefix}-operator --region ${var.region} --args=status --wait",
    "3. Search: curl ${local.urls.search}/api",
  ])
}
