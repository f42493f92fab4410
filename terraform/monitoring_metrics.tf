# Alerts from Google's own metrics: waiting tasks, search's errors and speed, and
# functions that the scheduler no longer reaches.

locals {
  run_service = { for key, name in local.service_names : key => "resource.type = \"cloud_run_revision\" AND resource.label.\"service_name\" = \"${name}\"" }
  # All of them by name: another installation's prefix may begin with this one's.
  run_services = "resource.type = \"cloud_run_revision\" AND resource.label.\"service_name\" = one_of(${join(", ", [for name in values(local.service_names) : "\"${name}\""])})"

  # Time without a successful call of watch or cron before the alert: a few of their
  # periods.
  silences = {
    watch_silent = { title = "The watcher is silent", function = "watch", seconds = 1800 }
    cron_silent  = { title = "No tick arrives", function = "cron", seconds = 3600 }
  }

  runbook = { for key in concat(["queue_backlog", "search_errors", "search_latency", "search_down"], keys(local.silences)) :
  key => "${var.runbook_url}#alert-${replace(key, "_", "-")}" }
}

resource "google_monitoring_alert_policy" "queue_backlog" {
  display_name          = "${local.title}: Tasks pile up"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  # A backfill's pages may wait for hours; only the tick's queues are judged.
  dynamic "conditions" {
    for_each = toset(["returnSync", "returnSyncProcessing"])

    content {
      display_name = "${conditions.key}: more than ${var.thresholds.backlog} tasks for half an hour"

      condition_threshold {
        filter          = "resource.type = \"cloud_tasks_queue\" AND resource.label.\"queue_id\" = \"${local.queue_names[conditions.key]}\" AND metric.type = \"cloudtasks.googleapis.com/queue/depth\""
        comparison      = "COMPARISON_GT"
        threshold_value = var.thresholds.backlog
        duration        = "1800s"

        aggregations {
          alignment_period   = "60s"
          per_series_aligner = "ALIGN_MAX"
        }

        trigger {
          count = 1
        }
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Meaning, what to check, what to do: [Tasks pile up](${local.runbook.queue_backlog})"

    links {
      display_name = "Runbook"
      url          = local.runbook.queue_backlog
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "search_errors" {
  display_name          = "${local.title}: Search answers with errors"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = "More than ${var.thresholds.search_error_ratio * 100} % of the answers are 5xx"

    condition_threshold {
      filter             = "${local.run_service.search} AND metric.type = \"run.googleapis.com/request_count\" AND metric.label.\"response_code_class\" = \"5xx\""
      denominator_filter = "${local.run_service.search} AND metric.type = \"run.googleapis.com/request_count\""
      comparison         = "COMPARISON_GT"
      threshold_value    = var.thresholds.search_error_ratio
      duration           = "0s"

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }

      denominator_aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }

      trigger {
        count = 1
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Meaning, what to check, what to do: [Search answers with errors](${local.runbook.search_errors})"

    links {
      display_name = "Runbook"
      url          = local.runbook.search_errors
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "search_latency" {
  display_name          = "${local.title}: Search is slow"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = "95 % of the answers take longer than ${var.thresholds.search_p95_ms} ms"

    condition_threshold {
      filter          = "${local.run_service.search} AND metric.type = \"run.googleapis.com/request_latencies\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.thresholds.search_p95_ms
      duration        = "600s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_PERCENTILE_95"
      }

      trigger {
        count = 1
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Meaning, what to check, what to do: [Search is slow](${local.runbook.search_latency})"

    links {
      display_name = "Runbook"
      url          = local.runbook.search_latency
    }
  }

  depends_on = [google_project_service.api]
}

# A silent function writes no record, so silence is judged by Google's metrics.
resource "google_monitoring_alert_policy" "silence" {
  for_each = local.deployed && var.ticks ? local.silences : {}

  display_name          = "${local.title}: ${each.value.title}"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = "${each.value.function} was not called successfully for ${each.value.seconds / 60} minutes"

    condition_absent {
      filter   = "${local.run_service[each.value.function]} AND metric.type = \"run.googleapis.com/request_count\" AND metric.label.\"response_code_class\" = \"2xx\""
      duration = "${each.value.seconds}s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }

      trigger {
        count = 1
      }
    }
  }

  alert_strategy {
    auto_close = "604800s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Meaning, what to check, what to do: [${each.value.title}](${local.runbook[each.key]})"

    links {
      display_name = "Runbook"
      url          = local.runbook[each.key]
    }
  }

  depends_on = [google_project_service.api]
}
