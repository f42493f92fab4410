# Checks whether the syncs run, and alerts people once when they do not.
module "watch" {
  source = "./modules/function"

  name                = "watch"
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  url                 = local.urls.watch
  image               = var.image
  scale               = local.scale.watch
  network             = local.network
  subnetwork          = local.subnetwork
  sql_roles           = local.sql_roles
  deletion_protection = var.deletion_protection
  entities_bucket     = var.entities_bucket

  env = merge(
    local.env_all, local.env_instance, local.env_iam, local.env_budget, local.env_period, local.env_exchange, local.env_sync_base,
    local.env_installation, local.env_email,
    { WATCH_DOCS_URL = var.runbook_url, ALGOLIA_APP_ID = var.algolia_app_id },
    var.database.iam_auth ? { STATE_DSN = local.iam_dsn.watch } : {},
    local.env_callers.watch,
    lookup(var.settings, "watch", {}),
  )
  secrets = {
    for name, secret in merge(
      local.secrets_state,
      { ALGOLIA_CHECK_KEY = "algolia-check-key" },
      contains(var.alert_webhooks, "slack") ? { SLACK_WEBHOOK_URL = "slack-webhook" } : {},
      contains(var.alert_webhooks, "teams") ? { TEAMS_WEBHOOK_URL = "teams-webhook" } : {},
      contains(var.alert_webhooks, "pagerduty") ? { PAGERDUTY_ROUTING_KEY = "pagerduty-key" } : {},
      local.email_login ? { ALERT_SMTP_PASSWORD = "smtp-password" } : {},
      contains(var.alert_webhooks, "webhook") ? { ALERT_WEBHOOK_URL = "alert-webhook" } : {},
      local.sync_base_used ? { AIRTABLE_TOKEN = "airtable-token" } : {},
    ) :
    name => google_secret_manager_secret.sync[secret].secret_id
  }
  invokers = { housekeeper = local.housekeeper_member }

  depends_on = [google_project_service.api]
}

locals {
  # Alerts by e-mail.
  email_login = var.alert_email == null ? false : var.alert_email.user != null
  env_email = var.alert_email == null ? {} : merge(
    { ALERT_EMAIL_TO = join(",", var.alert_email.to), ALERT_EMAIL_FROM = var.alert_email.from, ALERT_SMTP_SERVER = var.alert_email.server },
    local.email_login ? { ALERT_SMTP_USER = var.alert_email.user } : {},
  )

  # How often a sync is due, if the schedule names minutes: an index older than
  # two periods is behind.
  period     = try("${regex("^\\*/([0-9]+) \\* \\* \\* \\*$", var.schedule)[0]}m", null)
  env_period = local.period == null ? {} : { WATCH_PERIOD = local.period }
}
