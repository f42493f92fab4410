# The Google APIs that the rest of this folder calls.

locals {
  apis = toset(concat(var.console_iap ? ["iap.googleapis.com"] : [], [
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudscheduler.googleapis.com",
    "cloudtasks.googleapis.com",
    "compute.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "servicenetworking.googleapis.com",
    "sqladmin.googleapis.com",
  ]))
}

resource "google_project_service" "api" {
  for_each = local.apis

  service = each.key
  # Others in the project may be using it.
  disable_on_destroy = false
}
