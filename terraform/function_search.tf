# Answers searches, filtered by the account in the caller's token. Reads the index and,
# in the database, as of when the index is true.
module "search" {
  source = "./modules/function"

  name                = "search"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.search
  image               = var.image
  scale               = local.scale.search
  ingress             = "INGRESS_TRAFFIC_ALL"
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection
  entities_bucket     = var.entities_bucket

  env = merge(
    local.env_all, local.env_instance, local.env_iam, local.env_tokens, local.env_metrics,
    { ALGOLIA_APP_ID = var.algolia_app_id },
    var.database.iam_auth ? { STATE_DSN = local.iam_dsn.search } : {},
    length(var.search_origins) == 0 ? {} : { SEARCH_ORIGINS = join(",", var.search_origins) },
    lookup(var.settings, "search", {}),
  )
  secrets = {
    for name, secret in merge(
      { ALGOLIA_SEARCH_KEY = "algolia-search-key" },
      local.secrets_tokens, local.secrets_metrics,
      var.database.iam_auth ? {} : { STATE_DSN = "search-dsn" },
    ) :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = merge(
    var.search_public ? { everybody = "allUsers" } : {},
    { for name, member in var.search_invokers : "caller-${name}" => member },
    local.search_checkers,
  )

  depends_on = [google_project_service.api]
}
