# The databases that the functions can be given.

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

run "made_here" {
  command = apply

  assert {
    condition     = google_sql_database_instance.sync[0].settings[0].ip_configuration[0].ipv4_enabled == false && google_sql_database_instance.sync[0].deletion_protection
    error_message = "the database has no public address and is not deleted by mistake"
  }
  assert {
    condition     = google_sql_database_instance.sync[0].settings[0].backup_configuration[0].enabled && google_sql_database_instance.sync[0].settings[0].backup_configuration[0].binary_log_enabled
    error_message = "the database can be restored to a point in time"
  }
  assert {
    condition     = length(google_sql_user.function) == 0
    error_message = "users with passwords are not made here"
  }
}

run "existing" {
  command = apply

  variables {
    database = { create = false, instance = "acme-returns-test:asia-south1:warehouse", name = "warehouse", max_connections = 400 }
    network  = { create = false, network = "projects/acme-returns-test/global/networks/main", subnetwork = "projects/acme-returns-test/regions/asia-south1/subnetworks/functions" }
  }

  assert {
    condition     = length(google_sql_database_instance.sync) == 0 && length(google_compute_network.sync) == 0
    error_message = "nothing is made that is there"
  }
  assert {
    condition     = output.database == "acme-returns-test:asia-south1:warehouse"
    error_message = "the functions connect to the instance that was named"
  }
}

run "without_passwords" {
  command = apply

  variables {
    database = { iam_auth = true }
  }

  assert {
    condition     = !contains(keys(google_secret_manager_secret.sync), "source-dsn") && contains(keys(google_sql_user.function), "process")
    error_message = "with IAM there is a user a function and no DSN to keep secret"
  }
  assert {
    condition     = local.iam_dsn["process"] == "return-sync-process@cloudsql(acme-returns-test:asia-south1:return-sync)/return_sync"
    error_message = "a function logs in as its own account"
  }
}

run "outside_cloud_sql" {
  command = apply

  variables {
    database = { create = false, state_apart = true }
  }

  assert {
    condition     = output.database == null && length(local.sql_roles) == 0
    error_message = "who does not use Cloud SQL needs no right to it"
  }
  assert {
    condition     = contains(keys(google_secret_manager_secret.sync), "state-dsn")
    error_message = "tables apart have a DSN of their own"
  }
}
