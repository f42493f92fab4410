# Values in the form that Google's have: the provider refuses random words where it
# expects an account, a network or an instance. functions/internal/deployment holds each
# value to the provider's pattern, and finds what has no value here.

mock_resource "google_service_account" {
  defaults = {
    name   = "projects/acme-returns-test/serviceAccounts/return-sync-mock@acme-returns-test.iam.gserviceaccount.com"
    id     = "projects/acme-returns-test/serviceAccounts/return-sync-mock@acme-returns-test.iam.gserviceaccount.com"
    email  = "return-sync-mock@acme-returns-test.iam.gserviceaccount.com"
    member = "serviceAccount:return-sync-mock@acme-returns-test.iam.gserviceaccount.com"
  }
}

mock_resource "google_compute_network" {
  defaults = {
    id        = "projects/acme-returns-test/global/networks/return-sync"
    self_link = "https://www.googleapis.com/compute/v1/projects/acme-returns-test/global/networks/return-sync"
  }
}

mock_resource "google_compute_subnetwork" {
  defaults = {
    id        = "projects/acme-returns-test/regions/asia-south1/subnetworks/return-sync-functions"
    self_link = "https://www.googleapis.com/compute/v1/projects/acme-returns-test/regions/asia-south1/subnetworks/return-sync-functions"
  }
}

mock_resource "google_sql_database_instance" {
  defaults = {
    connection_name = "acme-returns-test:asia-south1:return-sync"
  }
}

mock_resource "google_cloud_run_v2_service" {
  defaults = {
    uri = "https://return-sync-mock-abcdefghij-el.a.run.app"
  }
}

mock_resource "google_monitoring_uptime_check_config" {
  defaults = {
    uptime_check_id = "return-sync-search-mock"
  }
}
