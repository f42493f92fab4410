# Fetches reports from their sources and brings them to their destinations.
module "reports" {
  source = "./modules/function"
  count  = contains(var.wings, "reports") ? 1 : 0

  name                = "reports"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.reports
  image               = var.image
  scale               = local.scale.reports
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection

  env = merge(
    local.env_all, local.env_sql.reports,
    { for name, value in local.env_tasks : name => value if name != "WINDOW_URL" },
    local.env_reports, local.env_sync_base,
    # The queue calls as the tasks' account, the scheduler as the housekeeper.
    {
      CALLER_AUDIENCE              = local.urls.reports
      CALLER_EMAILS                = join(",", [google_service_account.tasks.email, google_service_account.housekeeper.email])
      CALLER_SIGNATURE_BY_PLATFORM = "true"
    },
    lookup(var.settings, "reports", {}),
  )
  secrets = {
    for name, secret in merge(local.secrets_sql, local.secrets_reports) :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { tasks = local.tasks_member, housekeeper = local.housekeeper_member }

  depends_on = [google_project_service.api]
}

locals {
  accounts_reports = contains(var.wings, "reports") ? { reports = one(module.reports[*].account) } : {}
}
