# Whether the portal's way in answers, seen from outside. /api answers without a
# token and touches nothing behind it.

locals {
  # Unless everybody may call, Monitoring calls as an account of Google's own, and
  # delivery's smoke test as its own: both need to be let in.
  search_checkers = var.search_public ? {} : merge(
    !var.uptime_check ? {} : { uptime = "serviceAccount:service-${var.project_number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com" },
    var.delivery.accounts ? { deployer = "serviceAccount:${google_service_account.deployer[0].email}" } : {},
  )
}

resource "google_monitoring_uptime_check_config" "search" {
  count = local.deployed && var.uptime_check ? 1 : 0

  display_name = "${local.title}: search"
  period       = "60s"
  timeout      = "10s"
  user_labels  = local.labels

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project
      host       = trimprefix(local.urls.search, "https://")
    }
  }

  http_check {
    path         = "/api"
    port         = 443
    use_ssl      = true
    validate_ssl = true

    accepted_response_status_codes {
      status_class = "STATUS_CLASS_2XX"
    }

    dynamic "service_agent_authentication" {
      for_each = var.search_public ? [] : ["OIDC_TOKEN"]

      content {
        type = service_agent_authentication.value
      }
    }
  }

  content_matchers {
    content = "Hello world!"
    matcher = "CONTAINS_STRING"
  }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "search_down" {
  count = local.deployed && var.uptime_check ? 1 : 0

  display_name          = "${local.title}: Search does not answer"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = "Two or more places got no answer for five minutes"

    condition_threshold {
      filter          = "resource.type = \"uptime_url\" AND metric.type = \"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.label.\"check_id\" = \"${google_monitoring_uptime_check_config.search[0].uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "300s"

      aggregations {
        alignment_period     = "120s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
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
    content   = "Meaning, what to check, what to do: [Search does not answer](${local.runbook.search_down})"

    links {
      display_name = "Runbook"
      url          = local.runbook.search_down
    }
  }
}
