# Secrets, without their values: a value in Terraform would be readable in the
# state. They are put in by hand (README), and read by the functions named in
# function_*.tf, each by that function alone unless it says otherwise.

locals {
  # The secret's name behind PREFIX-, and its purpose. How to
  # change one stands in the README under "Rotate a key".
  secrets = merge(
    {
      algolia-write-key  = "Algolia key of the process function: addObject, deleteObject on our indexes"
      algolia-search-key = "Algolia key of the search function: search on our indexes"
      algolia-check-key  = "Algolia key of the watch function and the operator job: search, settings on our indexes and their replicas"
    },
    var.database.iam_auth ? {} : {
      operator-dsn = "DSN of the operator job, which creates and alters our tables"
      source-dsn   = "DSN of the functions: reads the source's tables, reads and writes ours"
      search-dsn   = "DSN of the search function: reads order_return_algolia_sync and nothing else"
    },
    var.database.state_apart ? { state-dsn = "DSN of our own tables, which are apart from the source's" } : {},
    var.search_jwks_url == null ? { search-jwt-secret = "What callers' tokens are signed with (HS256), 32 bytes or more" } : {},
    var.verify_index ? { algolia-browse-key = "Algolia key of the verify function, the console and the operator job: browse, search, seeUnretrievableAttributes on our indexes" } : {},
    var.console_settings ? { algolia-settings-key = "Algolia key of the console: settings, editSettings, addObject on our indexes and their replicas" } : {},
    contains(var.alert_webhooks, "slack") ? { slack-webhook = "Slack's incoming webhook of the watch function" } : {},
    contains(var.alert_webhooks, "teams") ? { teams-webhook = "Address of the workflow of Microsoft Teams to which the watch function sends alerts" } : {},
    contains(var.alert_webhooks, "pagerduty") ? { pagerduty-key = "Integration key of PagerDuty's Events API v2 for the watch function" } : {},
    local.email_login ? { smtp-password = "Password of the mail server's user for the watch function" } : {},
    contains(var.alert_webhooks, "webhook") ? { alert-webhook = "Address that the watch function posts alerts to" } : {},
    local.wing_secrets,
  )
}

resource "google_secret_manager_secret" "sync" {
  for_each = local.secrets

  secret_id   = "${var.prefix}-${each.key}"
  annotations = { purpose = each.value }

  replication {
    auto {}
  }

  depends_on = [google_project_service.api]
}
