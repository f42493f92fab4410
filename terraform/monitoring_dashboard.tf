# One page to look at before anything else.

locals {
  # Charts, two in a row.
  charts = [
    { title = "How far the index is behind", y = "s", filters = { lag = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.lag.name}\"" }, aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", by = ["metric.label.entity"] },
    { title = "Ticks, windows and pages a minute", y = "calls", filters = { for name in ["cron", "window", "process"] : name => "${local.run_service[name]} AND metric.type = \"run.googleapis.com/request_count\"" }, aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["resource.label.service_name"] },
    { title = "Tasks waiting", y = "tasks", filters = { queues = "resource.type = \"cloud_tasks_queue\" AND resource.label.\"queue_id\" = one_of(${join(", ", [for name in values(local.queue_names) : "\"${name}\""])}) AND metric.type = \"cloudtasks.googleapis.com/queue/depth\"" }, aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = ["resource.label.queue_id"] },
    { title = "Things that went wrong", y = "records", filters = { for key in keys(local.log_events) : key => "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.event[key].name}\"" }, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = [] },
    { title = "Answers by class, all functions", y = "answers/s", filters = { all = "${local.run_services} AND metric.type = \"run.googleapis.com/request_count\"" }, aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["resource.label.service_name", "metric.label.response_code_class"] },
    { title = "Search: 95th percentile", y = "ms", filters = { search = "${local.run_service.search} AND metric.type = \"run.googleapis.com/request_latencies\"" }, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", by = [] },
    { title = "A page: 95th percentile", y = "ms", filters = { process = "${local.run_service.process} AND metric.type = \"run.googleapis.com/request_latencies\"" }, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", by = [] },
    { title = "Instances", y = "instances", filters = { all = "${local.run_services} AND metric.type = \"run.googleapis.com/container/instance_count\"" }, aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = ["resource.label.service_name"] },
    { title = "Memory used, 99th percentile", y = "share", filters = { all = "${local.run_services} AND metric.type = \"run.googleapis.com/container/memory/utilizations\"" }, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = ["resource.label.service_name"] },
  ]
}

# Monitoring's answers leave out fields that are empty or 0, and a plan would want to
# put them back for ever: such fields are left out here as well.
resource "google_monitoring_dashboard" "sync" {
  dashboard_json = jsonencode({
    displayName = local.title
    mosaicLayout = {
      columns = 48
      tiles = [for i, chart in local.charts : merge(
        i % 2 == 0 ? {} : { xPos = 24 },
        i < 2 ? {} : { yPos = floor(i / 2) * 16 },
        {
          width  = 24
          height = 16
          widget = {
            title = chart.title
            xyChart = {
              yAxis = { label = chart.y, scale = "LINEAR" }
              dataSets = [for name, filter in chart.filters : merge(
                length(chart.by) == 0 ? { legendTemplate = name } : {},
                {
                  plotType = "LINE"
                  timeSeriesQuery = {
                    timeSeriesFilter = {
                      filter = filter
                      aggregation = merge(
                        length(chart.by) == 0 ? {} : { groupByFields = chart.by },
                        {
                          alignmentPeriod    = "60s"
                          perSeriesAligner   = chart.aligner
                          crossSeriesReducer = chart.reducer
                        },
                      )
                    }
                  }
                },
              )]
            }
          }
        },
      )]
    }
  })

  depends_on = [google_project_service.api]
}
