# The command line as a job: migrates our tables before a new server takes traffic,
# and runs every other command by hand:
#   gcloud run jobs execute PREFIX-operator --region REGION --args=doctor

resource "google_service_account" "operator" {
  account_id   = "${var.prefix}-operator"
  display_name = "Return-sync: the operator job"
  depends_on   = [google_project_service.api]
}

resource "google_secret_manager_secret_iam_member" "operator" {
  for_each = local.operator_secrets

  secret_id = google_secret_manager_secret.sync[each.value].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${google_service_account.operator.email}"
}

# doctor examines the queues; sync, backfill and repair put tasks into them.
resource "google_cloud_tasks_queue_iam_member" "operator_viewer" {
  for_each = google_cloud_tasks_queue.queue

  name     = each.value.name
  location = var.region
  role     = "roles/cloudtasks.viewer"
  member   = "serviceAccount:${google_service_account.operator.email}"
}

# doctor also examines the scheduler's jobs.
resource "google_project_iam_member" "operator" {
  for_each = setunion(local.sql_roles, ["roles/cloudscheduler.viewer"])

  project = var.project
  role    = each.key
  member  = "serviceAccount:${google_service_account.operator.email}"
}

locals {
  # With our tables apart, migrating needs rights over there alone. The browse key is
  # for doctor, verify --deep and repair --deep.
  operator_secrets = merge(
    var.database.iam_auth ? {} : (
      var.database.state_apart ? { SOURCE_DSN = "source-dsn", STATE_DSN = "operator-dsn" } : { SOURCE_DSN = "operator-dsn" }
    ),
    { ALGOLIA_CHECK_KEY = "algolia-check-key" },
    var.verify_index ? { ALGOLIA_BROWSE_KEY = "algolia-browse-key" } : {},
  )
  operator_env = merge(
    var.entities_bucket == null ? {} : { ENTITIES_DIR = "/entities" },
    local.env_all, local.env_instance, local.env_iam, local.env_flow, local.env_tasks,
    {
      ALGOLIA_APP_ID     = var.algolia_app_id
      PROCESS_URL        = local.urls.process
      SCHEDULER_LOCATION = local.location
    },
    var.database.iam_auth ? { SOURCE_DSN = local.iam_dsn.operator } : {},
  )
}

resource "google_storage_bucket_iam_member" "operator_entities" {
  count = var.entities_bucket == null ? 0 : 1

  bucket = var.entities_bucket
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${google_service_account.operator.email}"
}

resource "google_cloud_run_v2_job" "operator" {
  count = local.deployed ? 1 : 0

  name                = "${var.prefix}-operator"
  location            = var.region
  deletion_protection = var.deletion_protection

  template {
    template {
      service_account = google_service_account.operator.email
      timeout         = "1800s"
      # The person who started the job reads why it failed, and decides.
      max_retries = 0

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

      vpc_access {
        egress = "PRIVATE_RANGES_ONLY"

        network_interfaces {
          network    = local.network
          subnetwork = local.subnetwork
        }
      }

      containers {
        image = var.operator_image
        args  = ["migrate"]

        dynamic "volume_mounts" {
          for_each = var.entities_bucket == null ? [] : [var.entities_bucket]

          content {
            name       = "entities"
            mount_path = "/entities"
          }
        }

        resources {
          limits = {
            cpu    = "1"
            memory = "512Mi"
          }
        }

        dynamic "env" {
          for_each = local.operator_env

          content {
            name  = env.key
            value = env.value
          }
        }

        dynamic "env" {
          for_each = local.operator_secrets

          content {
            name = env.key

            value_source {
              secret_key_ref {
                secret  = google_secret_manager_secret.sync[env.value].secret_id
                version = "latest"
              }
            }
          }
        }
      }
    }
  }

  depends_on = [google_storage_bucket_iam_member.operator_entities, google_secret_manager_secret_iam_member.operator, google_project_iam_member.operator]
}
