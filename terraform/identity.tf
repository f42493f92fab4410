# The callers of the functions. A function's own account and rights stand in its
# file and in modules/function.

# Cloud Tasks calls window and process as this account.
resource "google_service_account" "tasks" {
  account_id   = "${var.prefix}-tasks"
  display_name = "Return-sync: Cloud Tasks calls window and process as this account"
  depends_on   = [google_project_service.api]
}

# Cloud Scheduler calls cron as this account, and nothing else.
resource "google_service_account" "scheduler" {
  account_id   = "${var.prefix}-scheduler"
  display_name = "Return-sync: Cloud Scheduler calls cron as this account"
  depends_on   = [google_project_service.api]
}

# Cloud Scheduler calls verify, schedules and watch as this account.
resource "google_service_account" "housekeeper" {
  account_id   = "${var.prefix}-housekeeper"
  display_name = "Return-sync: Cloud Scheduler calls verify, schedules and watch as this account"
  depends_on   = [google_project_service.api]
}

locals {
  tasks_member       = "serviceAccount:${google_service_account.tasks.email}"
  scheduler_member   = "serviceAccount:${google_service_account.scheduler.email}"
  operator_member    = "serviceAccount:${google_service_account.operator.email}"
  housekeeper_member = "serviceAccount:${google_service_account.housekeeper.email}"

  # Which function puts tasks into which queue. schedules, scopes and console start syncs in
  # their own process, by cron's rules.
  enqueuers = merge({
    cron-returnSync             = { queue = "returnSync", member = module.cron.member }
    schedules-returnSync        = { queue = "returnSync", member = module.schedules.member }
    scopes-returnSync           = { queue = "returnSync", member = module.scopes.member }
    console-returnSync          = { queue = "returnSync", member = module.console.member }
    operator-returnSync         = { queue = "returnSync", member = local.operator_member }
    operator-returnSyncBackfill = { queue = "returnSyncBackfill", member = local.operator_member }
    window-returnSync           = { queue = "returnSync", member = module.window.member }
    window-returnSyncProcessing = { queue = "returnSyncProcessing", member = module.window.member }
    window-returnSyncBackfill   = { queue = "returnSyncBackfill", member = module.window.member }
  }, local.enqueuers_exchange, local.enqueuers_reports, local.enqueuers_transfer)

  # A creator of tasks with the identity of the account tasks must be allowed to act
  # as that account.
  task_creators = merge({
    cron      = module.cron.member
    window    = module.window.member
    schedules = module.schedules.member
    scopes    = module.scopes.member
    console   = module.console.member
    operator  = local.operator_member
  }, contains(var.wings, "reports") ? { reports = one(module.reports[*].member) } : {}, local.creators_transfer)
}

locals {
  # The account whose identity token a function of a queue or the scheduler accepts,
  # a second check behind IAM. Cloud Run checks the token's signature and removes it
  # before the request reaches the container.
  env_callers = { for name, account in {
    cron      = google_service_account.scheduler.email
    window    = google_service_account.tasks.email
    process   = google_service_account.tasks.email
    verify    = google_service_account.housekeeper.email
    schedules = google_service_account.housekeeper.email
    watch     = google_service_account.housekeeper.email
    } : name => {
    CALLER_AUDIENCE              = local.urls[name]
    CALLER_EMAILS                = account
    CALLER_SIGNATURE_BY_PLATFORM = "true"
  } }
}

resource "google_cloud_tasks_queue_iam_member" "enqueuer" {
  for_each = local.enqueuers

  name     = google_cloud_tasks_queue.queue[each.value.queue].name
  location = var.region
  role     = "roles/cloudtasks.enqueuer"
  member   = each.value.member
}

resource "google_service_account_iam_member" "task_creator" {
  for_each = local.task_creators

  service_account_id = google_service_account.tasks.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}
