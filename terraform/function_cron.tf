# Starts syncs: called by the scheduler, cron claims windows and puts their tasks into
# returnSync.
module "cron" {
  source = "./modules/function"

  name                = "cron"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.cron
  image               = var.image
  scale               = local.scale.cron
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection
  entities_bucket     = var.entities_bucket

  env = merge(local.env_all, local.env_sql.cron, local.env_flow, local.env_tasks, local.env_callers.cron, lookup(var.settings, "cron", {}))
  secrets = {
    for name, secret in local.secrets_sql :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { scheduler = local.scheduler_member }

  # A tick's task names several claims, which an older window function cannot read.
  depends_on = [google_project_service.api, module.window]
}
