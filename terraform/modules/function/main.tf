# One function: a Cloud Run service of the one image with its own FUNCTION_TARGET,
# account, secrets and callers.

terraform {
  required_providers {
    google = {
      source = "hashicorp/google"
    }
  }
}

locals {
  # Cloud Run's units, in bytes.
  units  = { M = 1000000, Mi = 1048576, G = 1000000000, Gi = 1073741824 }
  memory = regex("^([0-9]+)(Mi|M|Gi|G)$", var.scale.memory)

  env = merge(var.entities_bucket == null ? {} : { ENTITIES_DIR = "/entities" }, var.env, {
    FUNCTION_TARGET           = var.scale.target
    CLOUD_RUN_TIMEOUT_SECONDS = tostring(var.scale.timeout)
    # Go collects garbage early enough to stay below it; the rest of the memory is
    # for parts that Go does not count, such as the program itself.
    GOMEMLIMIT = tostring(floor(tonumber(local.memory[0]) * local.units[local.memory[1]] * 0.9))
  })
}

resource "google_service_account" "function" {
  account_id   = "${var.prefix}-${var.name}"
  display_name = "Return-sync: function ${var.name}"
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = var.secrets

  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${google_service_account.function.email}"
}

# The connector asks Google for the instance's address and a certificate.
resource "google_project_iam_member" "sql" {
  for_each = var.sql_roles

  project = var.project
  role    = each.key
  member  = "serviceAccount:${google_service_account.function.email}"
}

resource "google_storage_bucket_iam_member" "entities" {
  count = var.entities_bucket == null ? 0 : 1

  bucket = var.entities_bucket
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${google_service_account.function.email}"
}

resource "google_cloud_run_v2_service" "function" {
  count = var.image == null ? 0 : 1

  name                = "${var.prefix}-${var.name}"
  location            = var.region
  ingress             = var.ingress
  iap_enabled         = var.iap
  deletion_protection = var.deletion_protection
  # Callers name the service by an address that is known beforehand.
  custom_audiences = [var.url]

  template {
    service_account                  = google_service_account.function.email
    timeout                          = "${var.scale.timeout}s"
    max_instance_request_concurrency = var.scale.concurrency
    # Buckets are mounted in the second generation alone.
    execution_environment = var.entities_bucket == null ? null : "EXECUTION_ENVIRONMENT_GEN2"

    dynamic "volumes" {
      for_each = var.entities_bucket == null ? [] : [var.entities_bucket]

      content {
        name = "entities"

        gcs {
          bucket    = volumes.value
          read_only = true
        }
      }
    }

    scaling {
      min_instance_count = var.scale.min_instances
      max_instance_count = var.scale.instances
    }

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"

      network_interfaces {
        network    = var.network
        subnetwork = var.subnetwork
      }
    }

    containers {
      image = var.image

      resources {
        limits = {
          cpu    = var.scale.cpu
          memory = var.scale.memory
        }
        # CPU between requests is not paid for: only a function that follows works then.
        cpu_idle          = !var.always
        startup_cpu_boost = true
      }

      ports {
        container_port = 8080
      }

      dynamic "volume_mounts" {
        for_each = var.entities_bucket == null ? [] : [var.entities_bucket]

        content {
          name       = "entities"
          mount_path = "/entities"
        }
      }

      startup_probe {
        initial_delay_seconds = 0
        period_seconds        = 1
        timeout_seconds       = 1
        failure_threshold     = 20

        http_get {
          path = "/healthz"
        }
      }

      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 3

        http_get {
          path = "/healthz"
        }
      }

      dynamic "env" {
        for_each = local.env

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.secrets

        content {
          name = env.key

          value_source {
            secret_key_ref {
              secret  = env.value
              version = "latest"
            }
          }
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = length(split(".", trimprefix(var.url, "https://"))[0]) <= 63
      error_message = "The address ${var.url} has more than 63 characters before its first dot, and Cloud Run gives none to such a service: shorten prefix."
    }
    precondition {
      condition     = length(setintersection(keys(local.env), keys(var.secrets))) == 0
      error_message = "Function ${var.name} has the same name as a setting and as a secret: ${join(", ", setintersection(keys(local.env), keys(var.secrets)))}."
    }
  }

  # A service that may not read its secrets does not start.
  depends_on = [google_secret_manager_secret_iam_member.reader, google_project_iam_member.sql]
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = var.image == null ? {} : var.invokers

  name     = google_cloud_run_v2_service.function[0].name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.value
}
