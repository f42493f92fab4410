# Syncs with partners' servers, as queue exchange asks: a sync takes longer than the
# functions that start it may run, and needs the secrets that open partners' keys.
module "partners" {
  source = "./modules/function"
  count  = contains(var.wings, "exchange") ? 1 : 0

  name                = "partners"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.partners
  image               = var.image
  scale               = local.scale.partners
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection

  env = merge(
    local.env_all, local.env_sql.partners, local.env_exchange,
    {
      EXCHANGE_COMPANY             = try(var.exchange.company, "")
      CALLER_AUDIENCE              = local.urls.partners
      CALLER_EMAILS                = google_service_account.tasks.email
      CALLER_SIGNATURE_BY_PLATFORM = "true"
    },
    lookup(var.settings, "partners", {}),
  )
  secrets = {
    for name, secret in merge(local.secrets_sql, local.secrets_exchange) :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { tasks = local.tasks_member }

  depends_on = [google_project_service.api]
}
