# The operators' page: shows everything, and starts, pauses and repairs.
module "console" {
  source = "./modules/function"

  name                = "console"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.console
  image               = var.image
  scale               = local.scale.console
  ingress             = "INGRESS_TRAFFIC_ALL"
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection
  entities_bucket     = var.entities_bucket

  env = merge(var.verify_index || var.console_settings ? { ALGOLIA_APP_ID = var.algolia_app_id } : {}, local.env_all, local.env_sql.console, local.env_flow, local.env_tasks, local.env_tokens, local.env_operators, local.env_budget, local.env_period, local.env_console_iap, local.env_metrics, local.env_starts, local.env_reports, local.env_wakes, local.env_console_settings, lookup(var.settings, "console", {}))
  secrets = {
    for name, secret in merge(local.secrets_sql, local.secrets_operators, local.secrets_metrics, var.metrics.scrape ? { METRICS_TOKEN = "metrics-token" } : {}, var.verify_index ? { ALGOLIA_BROWSE_KEY = "algolia-browse-key" } : {}, var.console_settings ? { ALGOLIA_SETTINGS_KEY = "algolia-settings-key" } : {}) :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  iap      = var.console_iap
  invokers = merge(local.console_iap_invoker, { for name, member in var.operators : "operator-${name}" => member })

  # A tick's task names several claims, which an older window function cannot read.
  depends_on = [google_project_service.api, module.window]
}

locals {
  # The replicas that an index should have follow from the search function's orders.
  env_console_settings = !var.console_settings ? {} : { for name, value in lookup(var.settings, "search", {}) : name => value if contains(["SEARCH_ENTITIES", "SEARCH_SORTS"], name) }

  # Identity-Aware Proxy calls the console as this account of Google's own, for people
  # who have signed in, and names them in an assertion with this audience.
  console_iap_invoker = var.console_iap ? { iap = "serviceAccount:service-${var.project_number}@gcp-sa-iap.iam.gserviceaccount.com" } : {}
  iap_users           = [for member in values(var.operators) : trimprefix(member, "user:") if can(regex("^user:", member))]
  env_console_iap = !var.console_iap ? {} : merge(
    { CONSOLE_IAP_AUDIENCE = "/projects/${var.project_number}/locations/${var.region}/services/${local.service_names.console}" },
    length(local.iap_users) == 0 ? {} : { CONSOLE_OPERATORS = join(",", local.iap_users) },
  )
}

resource "google_iap_web_cloud_run_service_iam_member" "console" {
  for_each = var.console_iap && local.deployed ? var.operators : {}

  project                = var.project
  location               = var.region
  cloud_run_service_name = module.console.service
  role                   = "roles/iap.httpsResourceAccessor"
  member                 = each.value

  depends_on = [module.console]
}
