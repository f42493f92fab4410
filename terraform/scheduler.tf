# The calls by the clock. Each job waits as long as its function may work, so
# that a second attempt never meets the first at work.

locals {
  jobs = merge({
    # A tick: every entity's next window is claimed.
    returnsUpdateCron = { function = "cron", path = "/", schedule = var.schedule, account = google_service_account.scheduler.email }
    # Lets open backfills, repairs and rebuilds go on.
    returnsJobs = { function = "cron", path = "/?jobs=1", schedule = "* * * * *", account = google_service_account.scheduler.email }
    # Compares the source with what was pushed.
    returnsVerify = { function = "verify", path = "/", schedule = "17 * * * *", account = google_service_account.housekeeper.email }
    # Brings the jobs of the table of schedules in step with it.
    returnsSchedules = { function = "schedules", path = "/", schedule = "* * * * *", account = google_service_account.housekeeper.email }
    # Checks whether the syncs and the live index are as they should be.
    returnsWatch = { function = "watch", path = "/", schedule = "* * * * *", account = google_service_account.housekeeper.email }
  }, local.wing_jobs)
}

resource "google_cloud_scheduler_job" "job" {
  for_each = local.deployed ? local.jobs : {}

  name   = local.job_names[each.key]
  region = var.region
  # Until tables and grants are there, a tick could only fail.
  paused           = !var.ticks
  schedule         = each.value.schedule
  time_zone        = each.key == "returnsUpdateCron" ? var.time_zone : "Etc/UTC"
  attempt_deadline = "${local.scale[each.value.function].timeout}s"

  # The next tick covers the window of a missed one.
  retry_config {
    retry_count          = 2
    min_backoff_duration = "10s"
    max_backoff_duration = "60s"
  }

  http_target {
    uri         = "${local.urls[each.value.function]}${each.value.path}"
    http_method = "POST"

    oidc_token {
      service_account_email = each.value.account
      audience              = local.urls[each.value.function]
    }
  }

  lifecycle {
    precondition {
      condition     = local.scale[each.value.function].timeout >= 15 && local.scale[each.value.function].timeout <= 1800
      error_message = "Cloud Scheduler waits from 15 to 1800 s: scaling.${each.value.function}.timeout is ${local.scale[each.value.function].timeout} s."
    }
  }

  depends_on = [google_project_service.api]
}
