# Cloud SQL for MySQL, if this folder makes an instance, and the functions' way to
# the database.

locals {
  cloud_sql_instance = var.database.create ? one(google_sql_database_instance.sync[*].connection_name) : var.database.instance
  uses_cloud_sql     = var.database.create || var.database.instance != null

  # The instance stands in for the address of every DSN; with our tables apart
  # each DSN names its own, as user:password@cloudsql(PROJECT:REGION:INSTANCE)/name.
  env_instance = local.uses_cloud_sql && !var.database.state_apart ? { CLOUD_SQL_INSTANCE = local.cloud_sql_instance } : {}
  env_iam      = var.database.iam_auth ? { CLOUD_SQL_IAM_AUTH = "true" } : {}

  # With IAM a DSN holds no secret: the account's name, and the database's. The
  # others come out of Secret Manager (secrets.tf).
  iam_users = var.database.iam_auth ? concat(keys(local.sizes), ["operator"]) : []
  iam_dsn   = { for name in local.iam_users : name => "${var.prefix}-${name}@cloudsql(${local.cloud_sql_instance})/${var.database.name}" }

  # What an account needs to connect to Cloud SQL.
  sql_roles = toset(concat(
    local.uses_cloud_sql ? ["roles/cloudsql.client"] : [],
    var.database.iam_auth ? ["roles/cloudsql.instanceUser"] : [],
  ))

  # The secret of a function that uses our own tables alone.
  secrets_state = var.database.iam_auth ? {} : { STATE_DSN = var.database.state_apart ? "state-dsn" : "source-dsn" }

  # A function's environment and secrets for both the source and our own tables.
  env_sql = { for name, s in local.scale : name => merge(
    local.env_instance, local.env_iam,
    { DB_MAX_CONNECTIONS = tostring(s.connections) },
    var.database.iam_auth ? { SOURCE_DSN = local.iam_dsn[name] } : {},
  ) }
  secrets_sql = merge(
    var.database.iam_auth ? {} : { SOURCE_DSN = "source-dsn" },
    var.database.state_apart ? { STATE_DSN = "state-dsn" } : {},
  )
}

resource "google_sql_database_instance" "sync" {
  count = var.database.create ? 1 : 0

  name                = var.prefix
  region              = var.region
  database_version    = var.database.version
  deletion_protection = var.deletion_protection

  settings {
    tier                        = var.database.tier
    edition                     = var.database.edition
    availability_type           = var.database.regional ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = var.database.disk_gb
    disk_autoresize             = true
    deletion_protection_enabled = var.deletion_protection
    user_labels                 = local.labels

    ip_configuration {
      ipv4_enabled    = false
      private_network = local.network
      ssl_mode        = "ENCRYPTED_ONLY"
    }

    backup_configuration {
      enabled = true
      # A restore to a point in time replays the log; for MySQL the log is
      # switched on under this name.
      binary_log_enabled             = true
      start_time                     = "20:00"
      transaction_log_retention_days = var.database.log_days

      backup_retention_settings {
        retained_backups = var.database.backups
      }
    }

    maintenance_window {
      day          = 7
      hour         = 21
      update_track = "stable"
    }

    insights_config {
      query_insights_enabled = true
    }

    # Times are stored in UTC whatever a session says, and a wait for a lock ends
    # before the request that waits.
    dynamic "database_flags" {
      for_each = merge({
        default_time_zone           = "+00:00"
        max_connections             = tostring(var.database.max_connections)
        innodb_lock_wait_timeout    = "20"
        cloudsql_iam_authentication = var.database.iam_auth ? "on" : "off"
      }, var.database.flags)

      content {
        name  = database_flags.key
        value = database_flags.value
      }
    }
  }

  depends_on = [google_project_service.api, google_service_networking_connection.database]
}

resource "google_sql_database" "sync" {
  count = var.database.create ? 1 : 0

  name      = var.database.name
  instance  = google_sql_database_instance.sync[0].name
  charset   = "utf8mb4"
  collation = "utf8mb4_unicode_ci"
}

# With IAM, a user a function. Its rights are granted by hand (README), because
# only the database's administrator can. Users with passwords are made by hand as
# well: a password here would be readable in the state.
resource "google_sql_user" "function" {
  for_each = toset(local.iam_users)

  name     = "${var.prefix}-${each.key}@${var.project}.iam.gserviceaccount.com"
  project  = var.database.create ? var.project : split(":", var.database.instance)[0]
  instance = var.database.create ? google_sql_database_instance.sync[0].name : split(":", var.database.instance)[2]
  type     = "CLOUD_IAM_SERVICE_ACCOUNT"
}
