# The private way to the database: the functions leave through the subnet for
# private addresses only, everything else goes to the internet directly. Nothing
# comes in this way.

locals {
  # The id of a network that exists is taken as it was given.
  network    = var.network.create ? one(google_compute_network.sync[*].id) : var.network.network
  subnetwork = var.network.create ? one(google_compute_subnetwork.sync[*].id) : var.network.subnetwork
}

resource "google_compute_network" "sync" {
  count = var.network.create ? 1 : 0

  name                    = var.prefix
  auto_create_subnetworks = false
  depends_on              = [google_project_service.api]
}

resource "google_compute_subnetwork" "sync" {
  count = var.network.create ? 1 : 0

  name                     = "${var.prefix}-functions"
  network                  = google_compute_network.sync[0].id
  region                   = var.region
  ip_cidr_range            = var.network.cidr
  private_ip_google_access = true
}

# Google's own network, where a created database gets its address from. A network
# of yours has this already if it reaches a Cloud SQL instance.
resource "google_compute_global_address" "database" {
  count = var.network.create && var.database.create ? 1 : 0

  name          = "${var.prefix}-database"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
  network       = google_compute_network.sync[0].id
}

resource "google_service_networking_connection" "database" {
  count = var.network.create && var.database.create ? 1 : 0

  network                 = google_compute_network.sync[0].id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.database[0].name]
  depends_on              = [google_project_service.api]
}
