# Takes transfer jobs from both systems, which reach it from the internet with a token.
module "transfers" {
  source = "./modules/function"
  count  = contains(var.wings, "transfer") ? 1 : 0

  name                = "transfers"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.transfers
  image               = var.image
  scale               = local.scale.transfers
  ingress             = "INGRESS_TRAFFIC_ALL"
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection

  env = merge(local.env_all, local.env_sql.transfers, local.env_transfer, lookup(var.settings, "transfers", {}))
  secrets = {
    for name, secret in merge(local.secrets_sql, { TRANSFER_TOKEN = "transfer-token" }) :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { everybody = "allUsers" }

  depends_on = [google_project_service.api]
}
