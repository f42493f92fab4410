# Keeps the scheduler's jobs in step with the table of schedules, and starts due
# schedules as cron does.
module "schedules" {
  source = "./modules/function"

  name                = "schedules"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.schedules
  image               = var.image
  scale               = local.scale.schedules
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection
  entities_bucket     = var.entities_bucket

  env = merge(
    local.env_all, local.env_sql.schedules, local.env_flow, local.env_tasks,
    {
      SCHEDULER_LOCATION        = local.location
      SCHEDULER_SERVICE_ACCOUNT = google_service_account.housekeeper.email
      SCHEDULES_URL             = local.urls.schedules
    },
    local.env_reports, local.env_starts, local.env_wakes, local.env_callers.schedules,
    lookup(var.settings, "schedules", {}),
  )
  secrets = {
    for name, secret in local.secrets_sql :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { housekeeper = local.housekeeper_member }

  # A tick's task names several claims, which an older window function cannot read.
  depends_on = [google_project_service.api, module.window]
}

locals {
  schedules_role = "projects/${var.project}/roles/${google_project_iam_custom_role.schedules.role_id}"
}

# The rights that keeping jobs takes, and no more: Cloud Scheduler's own admin role
# could run jobs as well.
resource "google_project_iam_custom_role" "schedules" {
  role_id     = replace("${var.prefix}-schedules", "-", "_")
  title       = "Return-sync: keep scheduler jobs"
  description = "For the function that keeps Cloud Scheduler's jobs in step with the table of schedules"
  permissions = [
    "cloudscheduler.jobs.create",
    "cloudscheduler.jobs.delete",
    "cloudscheduler.jobs.enable",
    "cloudscheduler.jobs.get",
    "cloudscheduler.jobs.list",
    "cloudscheduler.jobs.pause",
    "cloudscheduler.jobs.update",
  ]
  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "schedules" {
  project = var.project
  role    = local.schedules_role
  member  = module.schedules.member
}

# The jobs of schedules call the function as the housekeeper.
resource "google_service_account_iam_member" "schedules_housekeeper" {
  service_account_id = google_service_account.housekeeper.name
  role               = "roles/iam.serviceAccountUser"
  member             = module.schedules.member
}
