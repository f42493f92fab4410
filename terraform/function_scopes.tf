# Starts and follows groups of entities, for operators with a token.
module "scopes" {
  source = "./modules/function"

  name                = "scopes"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.scopes
  image               = var.image
  scale               = local.scale.scopes
  ingress             = "INGRESS_TRAFFIC_ALL"
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection
  entities_bucket     = var.entities_bucket

  env = merge(local.env_all, local.env_sql.scopes, local.env_flow, local.env_tasks, local.env_tokens, local.env_operators, local.env_starts, local.env_reports, local.env_wakes, lookup(var.settings, "scopes", {}))
  secrets = {
    for name, secret in merge(local.secrets_sql, local.secrets_operators) :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { for name, member in var.operators : "operator-${name}" => member }

  # A tick's task names several claims, which an older window function cannot read.
  depends_on = [google_project_service.api, module.window]
}
