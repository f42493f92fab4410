# Follows the source's binlog. Nobody calls it; it works between requests, so its one
# instance always runs and always has its processor.
module "follow" {
  source = "./modules/function"
  count  = contains(var.wings, "follow") ? 1 : 0

  name                = "follow"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.follow
  image               = var.image
  scale               = local.scale.follow
  always              = true
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection
  entities_bucket     = var.entities_bucket

  env = merge(
    local.env_all, local.env_sql.follow, local.env_flow,
    { ALGOLIA_APP_ID = var.algolia_app_id },
    lookup(var.settings, "follow", {}),
  )
  secrets = {
    for name, secret in merge(local.secrets_sql, { ALGOLIA_WRITE_KEY = "algolia-write-key" }) :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = {}

  depends_on = [google_project_service.api]
}

locals {
  accounts_follow = contains(var.wings, "follow") ? { follow = one(module.follow[*].account) } : {}
}
