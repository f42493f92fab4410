# Fixes windows and cuts pages. The queue returnSync calls for a window, returnSyncBackfill
# for a job's next turn; pages go into returnSyncProcessing and returnSyncBackfill.
module "window" {
  source = "./modules/function"

  name                = "window"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.window
  image               = var.image
  scale               = local.scale.window
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection
  entities_bucket     = var.entities_bucket

  env = merge(
    local.env_all, local.env_sql.window, local.env_flow, local.env_tasks,
    { PROCESS_URL = local.urls.process },
    local.env_callers.window,
    lookup(var.settings, "window", {}),
  )
  secrets = {
    for name, secret in local.secrets_sql :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { tasks = local.tasks_member }

  # A newer process function works the pages of an older window function, not the reverse.
  depends_on = [google_project_service.api, module.process]
}
