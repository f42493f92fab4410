# Compares the source with the ledger, and the ledger with the index.
module "verify" {
  source = "./modules/function"

  name                = "verify"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.verify
  image               = var.image
  scale               = local.scale.verify
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection
  entities_bucket     = var.entities_bucket

  env = merge(
    local.env_all, local.env_sql.verify,
    var.verify_index ? { ALGOLIA_APP_ID = var.algolia_app_id } : {},
    local.env_callers.verify,
    lookup(var.settings, "verify", {}),
  )
  secrets = {
    for name, secret in merge(local.secrets_sql, var.verify_index ? { ALGOLIA_BROWSE_KEY = "algolia-browse-key" } : {}) :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { housekeeper = local.housekeeper_member }

  depends_on = [google_project_service.api]
}
