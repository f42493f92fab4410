# Exchanges slices with partners' servers, which reach it from the internet and log in
# by themselves.
module "exchange" {
  source = "./modules/function"
  count  = contains(var.wings, "exchange") ? 1 : 0

  name                = "exchange"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.exchange
  image               = var.image
  scale               = local.scale.exchange
  ingress             = "INGRESS_TRAFFIC_ALL"
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection

  env = merge(local.env_all, local.env_sql.exchange, local.env_exchange, { EXCHANGE_COMPANY = try(var.exchange.company, "") }, lookup(var.settings, "exchange", {}))
  secrets = {
    for name, secret in merge(local.secrets_sql, local.secrets_exchange) :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { everybody = "allUsers" }

  depends_on = [google_project_service.api]
}

locals {
  accounts_exchange = contains(var.wings, "exchange") ? { exchange = one(module.exchange[*].account), partners = one(module.partners[*].account) } : {}
}
