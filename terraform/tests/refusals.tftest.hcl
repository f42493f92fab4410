# What a plan refuses, and whose fault it says it is.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project        = "acme-returns-test"
  project_number = "123456789012"
  algolia_app_id = "EXAMPLEAPP"
  ticks          = true
  image          = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/server@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  operator_image = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/returnsync@sha256:1111111111111111111111111111111111111111111111111111111111111111"
}

run "as_it_is" {
  command = plan

  assert {
    condition     = output.limits.processing_tasks + output.limits.backfill_tasks == output.limits.process_requests
    error_message = "the queues fill process and no more"
  }
}

run "queues_beyond_process" {
  command = plan

  variables {
    queue_concurrency = { returnSyncProcessing = 17 }
  }

  expect_failures = [output.limits]
}

run "queues_beyond_window" {
  command = plan

  variables {
    queue_concurrency = { returnSync = 9 }
  }

  expect_failures = [output.limits]
}

run "process_grown_and_the_queues_with_it" {
  command = plan

  variables {
    scaling = { process = { instances = 5, connections = 6 } }
  }

  assert {
    condition     = google_cloud_tasks_queue.queue["returnSyncProcessing"].rate_limits[0].max_concurrent_dispatches == 15
    error_message = "the queue follows the function's size"
  }
}

run "more_connections_than_the_database_has" {
  command = plan

  variables {
    scaling = { process = { instances = 40 } }
  }

  expect_failures = [output.limits]
}

run "a_request_shorter_than_a_page" {
  command = plan

  variables {
    scaling = { process = { timeout = 60 } }
  }

  expect_failures = [output.limits]
}

run "a_time_that_cloud_tasks_does_not_wait" {
  command = plan

  variables {
    scaling = { window = { timeout = 3600 } }
  }

  expect_failures = [var.scaling]
}

run "an_image_by_tag" {
  command = plan

  variables {
    image = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/server:latest"
  }

  expect_failures = [var.image]
}

run "one_image_without_the_other" {
  command = plan

  variables {
    operator_image = null
  }

  expect_failures = [var.operator_image]
}

run "a_schedule_without_one_time_a_tick" {
  command = plan

  variables {
    schedule = "every 15 minutes"
  }

  expect_failures = [var.schedule]
}

run "a_secret_among_the_settings" {
  command = plan

  variables {
    settings = { search = { ALGOLIA_SEARCH_KEY = "example" } }
  }

  expect_failures = [var.settings]
}

run "everybody_by_the_back_door" {
  command = plan

  variables {
    search_invokers = { everybody = "allUsers" }
  }

  expect_failures = [var.search_invokers]
}

run "a_network_that_is_not_named" {
  command = plan

  variables {
    network = { create = false }
  }

  expect_failures = [var.network]
}

run "two_databases_at_once" {
  command = plan

  variables {
    database = { create = true, instance = "acme-returns-test:asia-south1:warehouse" }
  }

  expect_failures = [var.database]
}

run "a_project_number_that_is_a_name" {
  command = plan

  variables {
    project_number = "acme"
  }

  expect_failures = [var.project_number]
}

run "a_prefix_that_reads_as_another_installations_schedules" {
  command = plan

  variables {
    prefix = "sync-schedule-2"
  }

  expect_failures = [var.prefix]
}

run "a_proxy_that_lets_nobody_in" {
  command = plan

  variables {
    console_iap = true
  }

  expect_failures = [var.console_iap]
}

run "a_digest_that_is_too_short" {
  command = plan

  variables {
    operator_image = "asia-south1-docker.pkg.dev/acme-returns-test/return-sync/returnsync@sha256:1111"
  }

  expect_failures = [var.operator_image]
}
