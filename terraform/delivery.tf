# Cloud Build's two accounts and, with a connected repository, its triggers. The
# planner reads and can change nothing: proposals of strangers are built as it. The
# deployer applies this folder; it may grant no role beyond those that this folder
# grants, to anybody.

locals {
  # Everything that this folder creates.
  deployer_roles = var.delivery.accounts ? toset([
    "roles/artifactregistry.admin",
    "roles/cloudscheduler.admin",
    "roles/cloudsql.admin",
    "roles/cloudtasks.admin",
    "roles/compute.networkAdmin",
    "roles/iam.roleAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountUser",
    "roles/logging.configWriter",
    "roles/logging.logWriter",
    "roles/monitoring.editor",
    "roles/run.admin",
    "roles/secretmanager.admin",
    "roles/servicenetworking.networksAdmin",
    "roles/serviceusage.serviceUsageAdmin",
  ]) : toset([])

  planner_roles = var.delivery.accounts ? toset([
    "roles/iam.securityReviewer",
    "roles/logging.logWriter",
    "roles/viewer",
  ]) : toset([])

  # The roles that the folder grants on the project to the functions' accounts.
  grantable = ["roles/cloudscheduler.viewer", "roles/cloudsql.client", "roles/cloudsql.instanceUser", local.schedules_role]
}

resource "google_service_account" "deployer" {
  count = var.delivery.accounts ? 1 : 0

  account_id   = "${var.prefix}-deployer"
  display_name = "Return-sync: Cloud Build applies terraform/ as this account"
  depends_on   = [google_project_service.api]
}

resource "google_service_account" "planner" {
  count = var.delivery.accounts ? 1 : 0

  account_id   = "${var.prefix}-planner"
  display_name = "Return-sync: Cloud Build tests and plans proposals as this account"
  depends_on   = [google_project_service.api]
}

resource "google_project_iam_member" "deployer" {
  for_each = local.deployer_roles

  project = var.project
  role    = each.key
  member  = "serviceAccount:${google_service_account.deployer[0].email}"
}

# Whoever may change the project's policy may make himself its owner, so the right
# comes with a list of what it may hand out.
resource "google_project_iam_member" "deployer_grants" {
  count = var.delivery.accounts ? 1 : 0

  project = var.project
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = "serviceAccount:${google_service_account.deployer[0].email}"

  condition {
    title       = "only the functions' roles"
    description = "Grants and takes back nothing but what terraform/ gives the functions"
    expression  = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([${join(", ", [for role in local.grantable : "'${role}'"])}])"
  }
}

resource "google_project_iam_member" "planner" {
  for_each = local.planner_roles

  project = var.project
  role    = each.key
  member  = "serviceAccount:${google_service_account.planner[0].email}"
}

resource "google_storage_bucket_iam_member" "state" {
  for_each = var.delivery.accounts ? {
    deployer = { role = "roles/storage.objectAdmin", member = "serviceAccount:${google_service_account.deployer[0].email}" }
    planner  = { role = "roles/storage.objectViewer", member = "serviceAccount:${google_service_account.planner[0].email}" }
  } : {}

  bucket = var.delivery.state_bucket
  role   = each.value.role
  member = each.value.member
}

# A push to the branch is delivered.
resource "google_cloudbuild_trigger" "deliver" {
  count = var.delivery.repository == null ? 0 : 1

  name            = "${var.prefix}-deliver"
  location        = var.region
  description     = "Test, image, plan, migrate, apply, smoke"
  filename        = "cloudbuild.yaml"
  service_account = google_service_account.deployer[0].id
  substitutions   = merge(local.build_substitutions, { _DEPLOY = "true", _ACCOUNT = google_service_account.deployer[0].account_id })

  repository_event_config {
    repository = var.delivery.repository

    push {
      branch = var.delivery.branch
    }
  }
}

# A proposal is tested and planned.
resource "google_cloudbuild_trigger" "propose" {
  count = var.delivery.repository == null ? 0 : 1

  name            = "${var.prefix}-propose"
  location        = var.region
  description     = "Test and plan, nothing else"
  filename        = "cloudbuild.yaml"
  service_account = google_service_account.planner[0].id
  substitutions   = merge(local.build_substitutions, { _DEPLOY = "false", _ACCOUNT = google_service_account.planner[0].account_id })

  repository_event_config {
    repository = var.delivery.repository

    pull_request {
      branch          = var.delivery.branch
      comment_control = "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
    }
  }
}

locals {
  build_substitutions = {
    _REGION       = var.region
    _REPOSITORY   = google_artifact_registry_repository.images.repository_id
    _PREFIX       = var.prefix
    _STATE_BUCKET = var.delivery.state_bucket == null ? "" : var.delivery.state_bucket
  }
}
