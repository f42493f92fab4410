# Cloud Build's two accounts and, with a connected repository, its triggers. The
# planner reads and can change nothing: it builds proposals of strangers. The
# deployer changes what a release changes: services, the operator job, scheduler jobs,
# queues, metrics, alerts. It can neither grant a right nor change a role, an account,
# a secret or the database: those, and this file, are applied by an owner (README).

locals {
  # What a release changes, and read rights on the rest for the plan. None of these
  # roles may set a policy, change a role, use an account that is not named below or
  # read a secret's value; functions/internal/deployment holds them to a list.
  deployer_roles = var.delivery.accounts ? toset([
    "roles/cloudscheduler.admin",
    "roles/iam.securityReviewer",
    "roles/logging.logWriter",
    "roles/monitoring.editor",
    "roles/run.developer",
    "roles/viewer",
  ]) : toset([])

  planner_roles = var.delivery.accounts ? toset([
    "roles/iam.securityReviewer",
    "roles/logging.logWriter",
    "roles/viewer",
  ]) : toset([])

  # The accounts that services, the operator job and scheduler jobs run as. The
  # deployer's code runs as these, and as no other account of the project.
  deployer_acts_as = !var.delivery.accounts ? {} : merge(
    {
      cron      = module.cron.account
      window    = module.window.account
      process   = module.process.account
      search    = module.search.account
      verify    = module.verify.account
      schedules = module.schedules.account
      scopes    = module.scopes.account
      console   = module.console.account
      watch     = module.watch.account
    },
    local.wing_accounts,
    {
      operator    = google_service_account.operator.name
      scheduler   = google_service_account.scheduler.name
      housekeeper = google_service_account.housekeeper.name
    },
  )
}

# Google's own roles for queues and for log metrics may set policies or export logs.
resource "google_project_iam_custom_role" "deployer" {
  count = var.delivery.accounts ? 1 : 0

  role_id     = replace("${var.prefix}-deployer", "-", "_")
  title       = "Return-sync: deliver"
  description = "What a release changes and no predefined role allows by itself"
  permissions = [
    "cloudtasks.queues.update",
    "logging.logMetrics.create",
    "logging.logMetrics.delete",
    "logging.logMetrics.get",
    "logging.logMetrics.list",
    "logging.logMetrics.update",
  ]
  depends_on = [google_project_service.api]
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

resource "google_project_iam_member" "deployer_custom" {
  count = var.delivery.accounts ? 1 : 0

  project = var.project
  role    = "projects/${var.project}/roles/${google_project_iam_custom_role.deployer[0].role_id}"
  member  = "serviceAccount:${google_service_account.deployer[0].email}"
}

resource "google_artifact_registry_repository_iam_member" "deployer" {
  count = var.delivery.accounts ? 1 : 0

  location   = var.region
  repository = google_artifact_registry_repository.images.repository_id
  role       = "roles/artifactregistry.writer"
  member     = "serviceAccount:${google_service_account.deployer[0].email}"
}

resource "google_service_account_iam_member" "deployer" {
  for_each = local.deployer_acts_as

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = "serviceAccount:${google_service_account.deployer[0].email}"
}

resource "google_project_iam_member" "planner" {
  for_each = local.planner_roles

  project = var.project
  role    = each.key
  member  = "serviceAccount:${google_service_account.planner[0].email}"
}

resource "google_storage_bucket_iam_member" "state" {
  for_each = var.delivery.accounts ? {
    deployer = { role = "roles/storage.objectUser", member = "serviceAccount:${google_service_account.deployer[0].email}" }
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
    _TFVARS       = "${var.prefix}.tfvars"
    _STATE_BUCKET = var.delivery.state_bucket == null ? "" : var.delivery.state_bucket
  }
}
