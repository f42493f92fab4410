# The queues, by the names that the program sends to. All numbers come from
# scaling.tf, where they are made to agree.

locals {
  queues = merge({
    # One task a run: fix the window, cut the pages.
    returnSync = { concurrent = local.sync_concurrency, per_second = 5 }
    # One task a page.
    returnSyncProcessing = { concurrent = local.processing_concurrency, per_second = 100 }
    # Pages of backfills, repairs and rebuilds, slower than the tick's.
    returnSyncBackfill = { concurrent = local.backfill_concurrency, per_second = 20 }
  }, local.wing_queues)
}

resource "google_cloud_tasks_queue" "queue" {
  for_each = local.queues

  name     = local.queue_names[each.key]
  location = var.region

  rate_limits {
    max_concurrent_dispatches = each.value.concurrent
    max_dispatches_per_second = each.value.per_second
  }

  # The program fails a page after its own number of attempts; the queue only has to
  # deliver often enough for that. Without a max_retry_duration the
  # attempts alone decide.
  retry_config {
    max_attempts  = local.queue_attempts
    min_backoff   = "${local.queue_min_backoff}s"
    max_backoff   = "${local.queue_max_backoff}s"
    max_doublings = 6
  }

  stackdriver_logging_config {
    sampling_ratio = 0.1
  }

  lifecycle {
    precondition {
      condition     = local.queue_attempts > local.page_attempts && local.queue_max_backoff < local.run_lease
      error_message = "A queue must try more often (${local.queue_attempts}) than a page (${local.page_attempts}), and wait less between two attempts (${local.queue_max_backoff} s) than a run may be silent (${local.run_lease} s)."
    }
    precondition {
      condition     = local.tasks_deadline >= 15 && local.tasks_deadline <= 1800
      error_message = "Cloud Tasks waits for a task from 15 to 1800 s, not ${local.tasks_deadline} s: see scaling.window.timeout and scaling.process.timeout."
    }
  }

  depends_on = [google_project_service.api]
}
