# Who may do what: every line that matters is held here.

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

run "least_privilege" {
  command = apply

  assert {
    condition     = toset(keys(google_cloud_tasks_queue_iam_member.enqueuer)) == toset(["console-returnSync", "cron-returnSync", "operator-returnSync", "operator-returnSyncBackfill", "schedules-returnSync", "scopes-returnSync", "window-returnSync", "window-returnSyncProcessing", "window-returnSyncBackfill"])
    error_message = "only those who start syncs or jobs, and window, put tasks into queues"
  }
  assert {
    condition     = alltrue([for m in google_cloud_tasks_queue_iam_member.enqueuer : m.role == "roles/cloudtasks.enqueuer"])
    error_message = "a queue's only role is enqueuer"
  }
  assert {
    condition     = alltrue([for m in google_service_account_iam_member.task_creator : m.role == "roles/iam.serviceAccountUser"])
    error_message = "who creates tasks acts as the tasks account, and no more"
  }
  assert {
    condition     = length(google_project_iam_member.deployer) == 0 && length(google_project_iam_custom_role.deployer) == 0 && length(google_service_account_iam_member.deployer) == 0
    error_message = "without delivery nobody deploys"
  }
  assert {
    condition     = length(local.search_checkers) == 1 && !contains(keys(local.search_checkers), "everybody")
    error_message = "search is not public unless that is asked for"
  }
}

run "a_function_reads_its_own_secrets" {
  command = apply

  module {
    source = "./modules/function"
  }

  variables {
    name                = "process"
    prefix              = "return-sync"
    region              = "asia-south1"
    url                 = "https://return-sync-process-123456789012.asia-south1.run.app"
    scale               = { target = "ReturnUpdateProcessingQueue", instances = 4, min_instances = 0, concurrency = 4, cpu = "1", memory = "512Mi", timeout = 600 }
    network             = "projects/acme-returns-test/global/networks/return-sync"
    subnetwork          = "projects/acme-returns-test/regions/asia-south1/subnetworks/return-sync-functions"
    env                 = { LOG_LEVEL = "INFO" }
    secrets             = { ALGOLIA_WRITE_KEY = "return-sync-algolia-write-key" }
    sql_roles           = ["roles/cloudsql.client"]
    invokers            = { tasks = "serviceAccount:tasks@acme-returns-test.iam.gserviceaccount.com" }
    deletion_protection = true
  }

  assert {
    condition     = length(google_secret_manager_secret_iam_member.reader) == 1 && google_secret_manager_secret_iam_member.reader["ALGOLIA_WRITE_KEY"].role == "roles/secretmanager.secretAccessor"
    error_message = "a function reads the secrets that it is told of, one by one"
  }
  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.invoker) == 1 && google_cloud_run_v2_service_iam_member.invoker["tasks"].role == "roles/run.invoker"
    error_message = "a function is called by whom it is told of"
  }
  assert {
    condition     = google_cloud_run_v2_service.function[0].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    error_message = "a function is internal unless it says otherwise"
  }
  assert {
    condition     = google_cloud_run_v2_service.function[0].template[0].timeout == "600s" && contains([for e in google_cloud_run_v2_service.function[0].template[0].containers[0].env : e.value if e.name == "CLOUD_RUN_TIMEOUT_SECONDS"], "600")
    error_message = "the program must know the time that the platform gives it"
  }
  assert {
    condition     = contains([for e in google_cloud_run_v2_service.function[0].template[0].containers[0].env : e.value if e.name == "FUNCTION_TARGET"], "ReturnUpdateProcessingQueue")
    error_message = "the service must know which function it is"
  }
}

run "a_name_is_told_once" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    name                = "process"
    prefix              = "return-sync"
    region              = "asia-south1"
    url                 = "https://return-sync-process-123456789012.asia-south1.run.app"
    scale               = { target = "ReturnUpdateProcessingQueue", instances = 4, min_instances = 0, concurrency = 4, cpu = "1", memory = "512Mi", timeout = 600 }
    network             = "projects/acme-returns-test/global/networks/return-sync"
    subnetwork          = "projects/acme-returns-test/regions/asia-south1/subnetworks/return-sync-functions"
    env                 = { ALGOLIA_WRITE_KEY = "example" }
    secrets             = { ALGOLIA_WRITE_KEY = "return-sync-algolia-write-key" }
    invokers            = {}
    deletion_protection = true
  }

  expect_failures = [google_cloud_run_v2_service.function]
}

run "delivery" {
  command = apply

  variables {
    delivery = {
      accounts     = true
      state_bucket = "acme-returns-test-state"
      repository   = "projects/acme-returns-test/locations/asia-south1/connections/gitlab/repositories/return-sync"
    }
  }

  assert {
    condition     = !contains(keys(google_project_iam_member.deployer), "roles/owner") && !contains(keys(google_project_iam_member.deployer), "roles/editor")
    error_message = "the deployer is neither owner nor editor"
  }
  assert {
    condition     = toset([for m in google_project_iam_member.deployer : m.role]) == toset(["roles/cloudscheduler.admin", "roles/iam.securityReviewer", "roles/logging.logWriter", "roles/monitoring.editor", "roles/run.developer", "roles/viewer"])
    error_message = "the deployer changes what a release changes, and sets no policy"
  }
  assert {
    condition     = length([for p in google_project_iam_custom_role.deployer[0].permissions : p if can(regex("(?i)setiampolicy|actas|^iam[.]|^resourcemanager[.]|^secretmanager[.]", p))]) == 0
    error_message = "the deployer's own role changes no role, policy, account or secret"
  }
  assert {
    condition     = length(google_service_account_iam_member.deployer) == 12
    error_message = "the deployer acts as the accounts that releases run as, one by one"
  }
  assert {
    condition     = google_storage_bucket_iam_member.state["planner"].role == "roles/storage.objectViewer"
    error_message = "the planner reads the state and does not write it"
  }
  assert {
    condition     = google_cloudbuild_trigger.deliver[0].substitutions["_DEPLOY"] == "true" && google_cloudbuild_trigger.propose[0].substitutions["_DEPLOY"] == "false"
    error_message = "a proposal is not deployed"
  }
}

run "console_in_a_browser" {
  command = apply

  variables {
    console_iap = true
    operators   = { me = "user:me@example.com", team = "group:returns-ops@example.com" }
  }

  assert {
    condition     = length(google_iap_web_cloud_run_service_iam_member.console) == 2 && google_iap_web_cloud_run_service_iam_member.console["me"].cloud_run_service_name == "return-sync-console"
    error_message = "the proxy lets the operators in to the console"
  }
  assert {
    condition     = local.console_iap_invoker.iap == "serviceAccount:service-123456789012@gcp-sa-iap.iam.gserviceaccount.com" && contains(keys(google_project_service.api), "iap.googleapis.com")
    error_message = "the proxy may call the console"
  }
  assert {
    condition     = local.env_console_iap == tomap({ CONSOLE_IAP_AUDIENCE = "/projects/123456789012/locations/asia-south1/services/return-sync-console", CONSOLE_OPERATORS = "me@example.com" })
    error_message = "the console knows what assertions are made out to, and who may change things"
  }
}
