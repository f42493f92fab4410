# The two stages of an installation: the foundation without images, then the rest.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project        = "acme-returns-test"
  project_number = "123456789012"
  algolia_app_id = "EXAMPLEAPP"
  ticks          = true
}

run "foundation" {
  command = apply

  assert {
    condition     = length(google_cloud_scheduler_job.job) == 0 && length(google_cloud_run_v2_job.operator) == 0
    error_message = "without an image nothing may start"
  }
  assert {
    condition     = toset(keys(google_cloud_tasks_queue.queue)) == toset(["returnSync", "returnSyncProcessing", "returnSyncBackfill"])
    error_message = "the queues must be there from the beginning"
  }
  assert {
    condition     = contains(keys(google_secret_manager_secret.sync), "algolia-write-key") && contains(keys(google_secret_manager_secret.sync), "source-dsn")
    error_message = "the secrets must be there to be filled"
  }
  assert {
    condition     = strcontains(output.next, "Fill the secrets")
    error_message = "the output must say what to do next"
  }
}

run "deployed" {
  command = apply

  variables {
    image          = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/server@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    operator_image = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/returnsync@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  }

  assert {
    condition     = google_cloud_scheduler_job.job["returnsUpdateCron"].schedule == "*/15 * * * *" && google_cloud_scheduler_job.job["returnsUpdateCron"].attempt_deadline == "180s"
    error_message = "the tick comes every 15 minutes and waits as long as cron may work"
  }
  assert {
    condition     = google_cloud_scheduler_job.job["returnsUpdateCron"].http_target[0].oidc_token[0].audience == output.urls.cron
    error_message = "the tick's token must be made out to cron"
  }
  assert {
    condition     = google_cloud_run_v2_job.operator[0].template[0].template[0].containers[0].args == tolist(["migrate"])
    error_message = "the operator job migrates unless it is told otherwise"
  }
  assert {
    condition     = output.urls.process == "https://return-sync-process-123456789012.asia-south1.run.app"
    error_message = "a service's address is made of its name, the project's number and the region"
  }
}

run "without_a_look_from_outside" {
  command = plan

  variables {
    image          = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/server@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    operator_image = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/returnsync@sha256:1111111111111111111111111111111111111111111111111111111111111111"
    uptime_check   = false
  }

  assert {
    condition     = length(google_monitoring_uptime_check_config.search) == 0 && length(local.search_checkers) == 0
    error_message = "without the check nobody is let in for it"
  }
}

# Between the images and the last step of an installation.
run "no_ticks_yet" {
  command = apply

  variables {
    image          = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/server@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    operator_image = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/returnsync@sha256:1111111111111111111111111111111111111111111111111111111111111111"
    ticks          = false
  }

  assert {
    condition     = length(google_cloud_scheduler_job.job) == 5 && alltrue([for job in google_cloud_scheduler_job.job : job.paused])
    error_message = "all jobs are there, and none calls"
  }
  assert {
    condition     = length(google_monitoring_alert_policy.silence) == 0
    error_message = "silence is what is wanted"
  }
  assert {
    condition     = strcontains(output.next, "ticks = true") && strcontains(output.next, "settings push")
    error_message = "the output must say what comes before the ticks"
  }
}

run "ticks" {
  command = apply

  variables {
    image          = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/server@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    operator_image = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/returnsync@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  }

  assert {
    condition     = !anytrue([for job in google_cloud_scheduler_job.job : job.paused]) && length(google_monitoring_alert_policy.silence) == 2
    error_message = "the jobs call, and their silence is noticed"
  }
}

# A second installation in a project shares no name with the default one.
run "second_installation" {
  command = apply

  variables {
    prefix         = "acme-eu"
    image          = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/server@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    operator_image = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/returnsync@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  }

  assert {
    condition     = alltrue([for q in google_cloud_tasks_queue.queue : startswith(q.name, "acme-eu-")]) && alltrue([for j in google_cloud_scheduler_job.job : startswith(j.name, "acme-eu-")])
    error_message = "queues and scheduler jobs begin with the prefix"
  }
  assert {
    condition     = local.env_tasks.INSTALLATION_PREFIX == "acme-eu-" && contains([for e in google_cloud_run_v2_job.operator[0].template[0].template[0].containers[0].env : e.value if e.name == "INSTALLATION_PREFIX"], "acme-eu-")
    error_message = "the program is told the prefix"
  }
  assert {
    condition     = jsondecode(google_monitoring_dashboard.sync.dashboard_json).displayName == "Return-sync acme-eu"
    error_message = "people can tell the dashboards apart"
  }
}
