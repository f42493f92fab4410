# Counts and alerts from the log. The program writes each message; a test in
# functions/internal/deployment compares the two.
#
# The alert on a record is of the log itself, not of the metric: a metric exists
# only some minutes after its first apply, and Monitoring refuses an alert on one
# that is still unknown. The metric is for the dashboard and for questions.

locals {
  # function: writes the record. fields: the record's fields that the incident shows.
  # quiet: seconds between two notifications at least.
  log_events = {
    run_failed = {
      title   = "A run failed", function = "process", severity = "ERROR", quiet = 3600
      message = "a run failed: the watermark stays and the next tick covers the same window"
      fields  = ["entity", "run"]
    }
    index_behind = {
      title   = "The index is behind", function = "watch", severity = "ERROR", quiet = 3600
      message = "the index is behind"
      fields  = ["entity"]
    }
    index_wrong = {
      title   = "The index is not what it should be", function = "watch", severity = "ERROR", quiet = 3600
      message = "the index is not what it should be"
      fields  = ["entity"]
    }
    run_taken_over = {
      title   = "A run was taken over", function = "cron", severity = "WARNING", quiet = 3600
      message = "a dead sync was taken over; its run is closed as interrupted and its window will be covered again"
      fields  = ["entity", "run"]
    }
    nothing_synced = {
      title   = "Nothing was synced in a day", function = "watch", severity = "CRITICAL", quiet = 21600
      message = "nothing was synced in a day"
      fields  = ["entity"]
    }
    records_parked = {
      title   = "Records are parked", function = "watch", severity = "WARNING", quiet = 21600
      message = "records are parked"
      fields  = ["entity"]
    }
    drift_found = {
      title   = "Verify found drift", function = "verify", severity = "ERROR", quiet = 21600
      message = "verify found drift"
      fields  = ["entity"]
    }
    operations_budget = {
      title   = "The operations budget is nearly used up", function = null, severity = "WARNING", quiet = 21600
      message = "the operations budget is nearly used up"
      fields  = []
    }
    heartbeat_missing = {
      title   = "The heartbeat is missing", function = "watch", severity = "CRITICAL", quiet = 3600
      message = "the heartbeat is missing"
      fields  = []
    }
    job_failed = {
      title   = "A backfill or repair failed", function = null, severity = "WARNING", quiet = 3600
      message = "a job failed"
      fields  = ["entity", "job"]
    }
    caller_refused = {
      title   = "A caller was refused", function = null, severity = "ERROR", quiet = 3600
      message = "a caller was refused"
      fields  = ["code"]
    }
    keys_missing = {
      title   = "The keys of an issuer cannot be had", function = null, severity = "ERROR", quiet = 3600
      message = "the keys of an issuer cannot be had"
      fields  = ["address"]
    }
    request_failed = {
      title   = "A function failed", function = null, severity = "ERROR", quiet = 3600
      message = "a request failed"
      fields  = ["code"]
    }
  }

  lag_message = "lag of an entity"

  log_filters = { for key, event in local.log_events : key => join(" AND ", [
    "resource.type=\"cloud_run_revision\"",
    event.function == null ? "resource.labels.service_name=(${join(" OR ", [for name in values(local.service_names) : "\"${name}\""])})" : "resource.labels.service_name=\"${local.service_names[event.function]}\"",
    "jsonPayload.message=\"${event.message}\"",
  ]) }
}

# How far each entity's index is behind, by the watcher's record of each round.
resource "google_logging_metric" "lag" {
  name            = "${var.prefix}/lag"
  description     = "How far the index is behind"
  filter          = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${local.service_names["watch"]}\" AND jsonPayload.message=\"${local.lag_message}\""
  value_extractor = "EXTRACT(jsonPayload.lagSeconds)"

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "DISTRIBUTION"
    unit         = "s"
    display_name = "How far the index is behind"

    labels {
      key         = "entity"
      value_type  = "STRING"
      description = "The entity of the record"
    }
  }

  label_extractors = { entity = "EXTRACT(jsonPayload.entity)" }

  depends_on = [google_project_service.api]
}

resource "google_logging_metric" "event" {
  for_each = local.log_events

  name        = "${var.prefix}/${each.key}"
  description = each.value.title
  filter      = local.log_filters[each.key]

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "INT64"
    unit         = "1"
    display_name = each.value.title

    dynamic "labels" {
      for_each = contains(each.value.fields, "entity") ? ["entity"] : []

      content {
        key         = labels.value
        value_type  = "STRING"
        description = "The entity of the record"
      }
    }
  }

  label_extractors = contains(each.value.fields, "entity") ? { entity = "EXTRACT(jsonPayload.entity)" } : {}

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "event" {
  for_each = local.log_events

  display_name          = "${local.title}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = each.value.title

    condition_matched_log {
      filter           = local.log_filters[each.key]
      label_extractors = { for field in each.value.fields : field => "EXTRACT(jsonPayload.${field})" }
    }
  }

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "${each.value.quiet}s"
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Meaning, what to check, what to do: [${each.value.title}](${var.runbook_url}#alert-${replace(each.key, "_", "-")})"

    links {
      display_name = "Runbook"
      url          = "${var.runbook_url}#alert-${replace(each.key, "_", "-")}"
    }
  }

  depends_on = [google_project_service.api]
}
