# Works transfer jobs off, as queue transfer and the clock ask.
module "transfer" {
  source = "./modules/function"
  count  = contains(var.wings, "transfer") ? 1 : 0

  name                = "transfer"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.transfer
  image               = var.image
  scale               = local.scale.transfer
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection

  env = merge(
    local.env_all, local.env_sql.transfer, local.env_transfer,
    # The queue calls as the tasks' account, the scheduler as the housekeeper.
    {
      CALLER_AUDIENCE              = local.urls.transfer
      CALLER_EMAILS                = join(",", [google_service_account.tasks.email, google_service_account.housekeeper.email])
      CALLER_SIGNATURE_BY_PLATFORM = "true"
    },
    lookup(var.settings, "transfer", {}),
  )
  secrets = {
    for name, secret in local.secrets_sql :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { tasks = local.tasks_member, housekeeper = local.housekeeper_member }

  depends_on = [google_project_service.api]
}

locals {
  accounts_transfer = contains(var.wings, "transfer") ? { transfer = one(module.transfer[*].account), transfers = one(module.transfers[*].account) } : {}
}
