output "email" {
  description = "The function's service account."
  value       = google_service_account.function.email
}

output "member" {
  description = "The function's service account as a member of a policy."
  value       = "serviceAccount:${google_service_account.function.email}"
}

output "service" {
  description = "The Cloud Run service's name."
  value       = "${var.prefix}-${var.name}"
}

output "account" {
  description = "The function's service account as a resource: projects/P/serviceAccounts/EMAIL."
  value       = google_service_account.function.name
}
