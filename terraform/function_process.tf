# Works pages off, called by the queues returnSyncProcessing and returnSyncBackfill.
# Only follow, where it is chosen, may write the index as well.
module "process" {
  source = "./modules/function"

  name                = "process"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.process
  image               = var.image
  scale               = local.scale.process
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection
  entities_bucket     = var.entities_bucket

  env = merge(
    local.env_all, local.env_sql.process, local.env_flow, local.env_metrics,
    { ALGOLIA_APP_ID = var.algolia_app_id },
    local.env_callers.process,
    lookup(var.settings, "process", {}),
  )
  secrets = {
    for name, secret in merge(local.secrets_sql, local.secrets_metrics, { ALGOLIA_WRITE_KEY = "algolia-write-key" }) :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { tasks = local.tasks_member }

  depends_on = [google_project_service.api]
}
