# The reports wing's part of the lists in wings.tf.

locals {
  wing_reports = {
    sizes = {
      reports = { target = "FetchReports", instances = 2, min_instances = 0, concurrency = 2, cpu = "1", memory = "512Mi", timeout = 600, pools = 2, connections = 4 }
    }
    queues = {
      # One task a turn of a report.
      reports = { concurrent = 4, per_second = 5 }
    }
    jobs = {
      # Brings the SYNC base in Airtable in step with our tables.
      returnsReportsBase = { function = "reports", path = "/?base=1", schedule = "* * * * *", account = google_service_account.housekeeper.email }
      # Keeps report types as developers ship them and sends lost tasks again.
      returnsReports = { function = "reports", path = "/?sweep=1", schedule = "* * * * *", account = google_service_account.housekeeper.email }
    }
    secrets = merge(
      contains(var.reports, "spapi") ? {
        spapi-client-id     = "Client id of the application at Amazon's Selling Partner API"
        spapi-client-secret = "Client secret of that application"
        spapi-refresh-token = "Refresh token of the seller's authorization of that application"
      } : {},
      contains(var.reports, "airtable") ? { airtable-token = "Personal access token of the SYNC base: data.records:read, data.records:write, schema.bases:read, schema.bases:write" } : {},
      contains(var.reports, "mongodb") ? { mongodb-uri = "Address of the MongoDB that reports go to, with user and password" } : {},
    )
  }

  # The secrets of the reports function, by the names of its environment.
  secrets_reports = merge(
    contains(var.reports, "spapi") ? { SPAPI_CLIENT_ID = "spapi-client-id", SPAPI_CLIENT_SECRET = "spapi-client-secret", SPAPI_REFRESH_TOKEN = "spapi-refresh-token" } : {},
    contains(var.reports, "airtable") ? { AIRTABLE_TOKEN = "airtable-token" } : {},
    contains(var.reports, "mongodb") ? { MONGODB_URI = "mongodb-uri" } : {},
  )
  env_reports = contains(var.wings, "reports") ? { REPORTS_URL = local.urls.reports } : {}
  # Who starts reports: schedules, members of scopes, people, and the next turn of a report.
  enqueuers_reports = !contains(var.wings, "reports") ? {} : {
    console-reports   = { queue = "reports", member = module.console.member }
    operator-reports  = { queue = "reports", member = local.operator_member }
    reports-reports   = { queue = "reports", member = one(module.reports[*].member) }
    schedules-reports = { queue = "reports", member = module.schedules.member }
    scopes-reports    = { queue = "reports", member = module.scopes.member }
  }
  # The watcher alone writes the base's Overview.
  sync_base_used = contains(var.wings, "reports") && contains(var.reports, "airtable") && var.sync_base != ""
  env_sync_base  = local.sync_base_used ? { AIRTABLE_SYNC_BASE = var.sync_base } : {}
}

variable "reports" {
  description = "The services whose secrets the reports function gets: spapi, airtable, mongodb. Other settings of the function are in settings.reports."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.reports : contains(["spapi", "airtable", "mongodb"], name)])
    error_message = "reports names spapi, airtable or mongodb."
  }
}

variable "sync_base" {
  description = "Id of the SYNC base in Airtable, such as appXXXXXXXXXXXXXX, in which people see and edit schedules, types and reports; empty for none. Needs airtable in reports."
  type        = string
  default     = ""
}
