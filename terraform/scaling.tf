# Every number that has to agree with another one is computed here: a queue never delivers more than its function takes (Cloud Run would
# answer 429 and the queue would slow down), the database is never asked for more
# connections than it has, and a waiting caller has more time than the work.

locals {
  # A function's size. instances x concurrency is how many requests it takes at
  # once; pools is how many database pools an instance opens, connections how many
  # each may hold. process: 53 MiB were measured at four pages of 500 returns.
  sizes = merge({
    cron      = { target = "ReturnsCron", instances = 1, min_instances = 0, concurrency = 8, cpu = "1", memory = "512Mi", timeout = 180, pools = 1, connections = 4 }
    window    = { target = "ReturnUpdatedTaskQueue", instances = 2, min_instances = 0, concurrency = 4, cpu = "1", memory = "512Mi", timeout = 600, pools = 2, connections = 4 }
    process   = { target = "ReturnUpdateProcessingQueue", instances = 4, min_instances = 0, concurrency = 4, cpu = "1", memory = "512Mi", timeout = 600, pools = 2, connections = 8 }
    search    = { target = "SearchOrderReturnIndexData", instances = 10, min_instances = 1, concurrency = 80, cpu = "1", memory = "512Mi", timeout = 30, pools = 1, connections = 2 }
    verify    = { target = "VerifyReturns", instances = 1, min_instances = 0, concurrency = 2, cpu = "1", memory = "512Mi", timeout = 1800, pools = 2, connections = 4 }
    schedules = { target = "ReconcileSchedules", instances = 1, min_instances = 0, concurrency = 4, cpu = "1", memory = "512Mi", timeout = 60, pools = 1, connections = 4 }
    scopes    = { target = "SyncScopes", instances = 2, min_instances = 0, concurrency = 20, cpu = "1", memory = "512Mi", timeout = 60, pools = 1, connections = 4 }
    # An open page is one request for as long as it is open, so there is room beyond
    # CONSOLE_STREAMS, and the time is Cloud Run's longest.
    console = { target = "SyncConsole", instances = 1, min_instances = 0, concurrency = 80, cpu = "1", memory = "512Mi", timeout = 3600, pools = 2, connections = 4 }
    watch   = { target = "WatchSyncs", instances = 1, min_instances = 0, concurrency = 2, cpu = "1", memory = "512Mi", timeout = 120, pools = 1, connections = 2 }
  }, local.wing_sizes)
  scale = { for name, size in local.sizes : name => {
    target        = size.target
    pools         = size.pools
    instances     = coalesce(try(var.scaling[name].instances, null), size.instances)
    min_instances = coalesce(try(var.scaling[name].min_instances, null), size.min_instances)
    concurrency   = coalesce(try(var.scaling[name].concurrency, null), size.concurrency)
    cpu           = coalesce(try(var.scaling[name].cpu, null), size.cpu)
    memory        = coalesce(try(var.scaling[name].memory, null), size.memory)
    timeout       = coalesce(try(var.scaling[name].timeout, null), size.timeout)
    connections   = coalesce(try(var.scaling[name].connections, null), size.connections)
  } }

  # How many requests a function takes at once.
  window_capacity  = local.scale.window.instances * local.scale.window.concurrency
  process_capacity = local.scale.process.instances * local.scale.process.concurrency

  # Backfills, repairs and rebuilds take a quarter of process's capacity, and continue
  # on through window; the tick's pages have the rest.
  backfill_concurrency   = lookup(var.queue_concurrency, "returnSyncBackfill", max(1, floor(local.process_capacity / 4)))
  processing_concurrency = lookup(var.queue_concurrency, "returnSyncProcessing", local.process_capacity - local.backfill_concurrency)
  sync_concurrency       = lookup(var.queue_concurrency, "returnSync", max(1, local.window_capacity - local.backfill_concurrency))

  # Times, in seconds. A page gives up before its request's time is over, the run
  # before the page's successor could start twice, and a queue's longest wait
  # between two attempts stays below the run's lease.
  page_lease        = 120
  page_attempts     = 8
  queue_attempts    = 100
  queue_min_backoff = 2
  queue_max_backoff = 300
  run_lease         = 1200
  # Cloud Tasks waits for a task as long as its function may work, or a second delivery
  # would meet the first at work.
  tasks_deadline = max(local.scale.window.timeout, local.scale.process.timeout)

  # The most connections that all functions together can hold.
  connections = sum([for s in values(local.scale) : s.instances * s.pools * s.connections])
}

# The sums, and checks that stop a plan that does not add up.
output "limits" {
  description = "Requests that the functions take at once, tasks that the queues deliver at once, and the database's connections."
  value = {
    window_requests      = local.window_capacity
    process_requests     = local.process_capacity
    sync_tasks           = local.sync_concurrency
    processing_tasks     = local.processing_concurrency
    backfill_tasks       = local.backfill_concurrency
    database_connections = local.connections
  }

  precondition {
    condition     = local.processing_concurrency >= 1 && local.processing_concurrency + local.backfill_concurrency <= local.process_capacity
    error_message = "The queues returnSyncProcessing (${local.processing_concurrency}) and returnSyncBackfill (${local.backfill_concurrency}) deliver more at once than process takes (${local.scale.process.instances} instances x ${local.scale.process.concurrency} requests): raise scaling.process, or lower queue_concurrency."
  }
  precondition {
    condition     = local.sync_concurrency + local.backfill_concurrency <= local.window_capacity
    error_message = "The queues returnSync (${local.sync_concurrency}) and returnSyncBackfill (${local.backfill_concurrency}) deliver more at once than window takes (${local.scale.window.instances} instances x ${local.scale.window.concurrency} requests): raise scaling.window, or lower queue_concurrency."
  }
  precondition {
    condition     = local.connections <= var.database.max_connections - var.database.reserved_connections
    error_message = "The functions could open ${local.connections} database connections and ${var.database.max_connections} - ${var.database.reserved_connections} are to be had: lower scaling (instances x pools x connections), or raise database.max_connections with a larger tier."
  }
  precondition {
    condition     = local.page_lease <= 0.9 * local.scale.process.timeout && 2 * local.page_lease <= local.run_lease
    error_message = "A page may take ${local.page_lease} s: scaling.process.timeout must be at least ${ceil(local.page_lease / 0.9)} s and a run's lease twice a page's."
  }
}
