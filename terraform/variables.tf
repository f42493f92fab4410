# The settings of an environment. terraform.tfvars.example is a filled-in form.

variable "project" {
  description = "The Google Cloud project's id."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project id such as acme-returns-prod, not a name or a number."
  }
}

variable "project_number" {
  description = "The project's number (gcloud projects describe PROJECT --format='value(projectNumber)'). The services' addresses are made of it, which is what lets a plan be made without asking Google."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{6,20}$", var.project_number))
    error_message = "project_number must be digits only: gcloud projects describe PROJECT --format='value(projectNumber)'."
  }
}

variable "region" {
  description = "Where everything runs. Take the region of the source database. Cloud Tasks and Cloud Scheduler must be offered there."
  type        = string
  default     = "asia-south1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as asia-south1, not a zone."
  }
}

variable "environment" {
  description = "A label on everything: production, staging ..."
  type        = string
  default     = "production"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_-]{0,62}$", var.environment))
    error_message = "environment must be lower-case letters, digits, - and _."
  }
}

variable "prefix" {
  description = "What the names of an installation begin with. Installations in one project need different prefixes. Only the default one leaves the prefix out of the names of queues and scheduler jobs."
  type        = string
  default     = "return-sync"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,14}[a-z0-9]$", var.prefix))
    error_message = "prefix must be 3 to 16 lower-case letters, digits and hyphens: a service account's name has 30 characters at most."
  }
  validation {
    condition     = !strcontains(var.prefix, "sync-schedule")
    error_message = "prefix must not contain sync-schedule: another installation in the project would take this one's scheduler jobs for those of its schedules, and delete them."
  }
}

# The program ---------------------------------------------------------------

variable "image" {
  description = "The server's image by digest (NAME@sha256:...), as .ci/image prints it. Null lays the foundation only (network, database, secrets, registry, queues): secrets need a value before a service can start."
  type        = string
  default     = null

  validation {
    condition     = var.image == null || can(regex("^[^@[:space:]]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must name a digest (NAME@sha256:...): a tag can move, and a rollback needs to mean one image."
  }
}

variable "operator_image" {
  description = "The image of the command line (returnsync) by digest. The operator job migrates the tables and runs doctor with it. Null with image."
  type        = string
  default     = null

  validation {
    condition     = var.operator_image == null || can(regex("^[^@[:space:]]+@sha256:[0-9a-f]{64}$", var.operator_image))
    error_message = "operator_image must name a digest (NAME@sha256:...)."
  }
  validation {
    condition     = (var.image == null) == (var.operator_image == null)
    error_message = "image and operator_image go together: set both, or neither for the foundation alone."
  }
}

variable "deletion_protection" {
  description = "Keeps Terraform from deleting services, the operator job and the database. Turn it off in a change of its own before you take an environment down."
  type        = bool
  default     = true
}

variable "log_level" {
  description = "What the functions log: DEBUG, INFO, WARN or ERROR. The alerts need INFO or below for what they count."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN", "ERROR"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARN or ERROR."
  }
}

variable "settings" {
  description = "Further environment of the functions, by function (cron, window, process ...) or for \"all\": { all = { INDEX_PREFIX = \"staging_\" }, search = { SEARCH_SORTS = \"updatedAt_desc\" } }. Secrets do not belong here."
  type        = map(map(string))
  default     = {}

  validation {
    condition     = alltrue(flatten([for name, env in var.settings : [for key, _ in env : can(regex("^[A-Z][A-Z0-9_]*$", key))]]))
    error_message = "settings must map a function's name to names of the environment in capitals."
  }
  validation {
    condition     = alltrue(flatten([for name, env in var.settings : [for key, _ in env : !can(regex("(_KEY|_SECRET|_DSN|_PASSWORD|_WEBHOOK_URL)$", key))]]))
    error_message = "settings are readable by everybody who can see a service. Put keys, DSNs and webhooks into Secret Manager."
  }
}

variable "scaling" {
  description = "Overrides of a function's size, by function: instances (at most), min_instances, concurrency (requests of an instance at once), cpu, memory, timeout (seconds), connections (of each database pool). Defaults are in scaling.tf."
  type = map(object({
    instances     = optional(number)
    min_instances = optional(number)
    concurrency   = optional(number)
    cpu           = optional(string)
    memory        = optional(string)
    timeout       = optional(number)
    connections   = optional(number)
  }))
  default = {}

  validation {
    condition     = alltrue([for s in values(var.scaling) : s.timeout == null ? true : s.timeout >= 15 && s.timeout <= 1800])
    error_message = "timeout must be from 15 to 1800 seconds: Cloud Tasks and Cloud Scheduler wait no longer."
  }
  validation {
    condition     = alltrue([for s in values(var.scaling) : (s.instances == null ? true : s.instances >= 1) && (s.concurrency == null ? true : s.concurrency >= 1 && s.concurrency <= 1000) && (s.connections == null ? true : s.connections >= 1)])
    error_message = "instances and connections must be at least 1, concurrency from 1 to 1000."
  }
}

variable "queue_concurrency" {
  description = "Overrides of how many tasks of a queue are delivered at once: { returnSyncProcessing = 8 }. The defaults fill the functions; more than the functions take is refused."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for name, n in var.queue_concurrency : contains(["returnSync", "returnSyncProcessing", "returnSyncBackfill"], name) && n >= 1])
    error_message = "queue_concurrency knows returnSync, returnSyncProcessing and returnSyncBackfill, each at least 1."
  }
}

variable "schedule" {
  description = "When a sync starts, in cron syntax (\"every N minutes\" does not promise one time a tick). An index that is older than two periods raises an alert; if this is not every N minutes, give the watch function the period: settings = { watch = { WATCH_PERIOD = \"1h\" } }."
  type        = string
  default     = "*/15 * * * *"

  validation {
    condition     = can(regex("^[-0-9*/,]+( [-0-9*/,]+){4}$", var.schedule))
    error_message = "schedule must be five cron fields such as */15 * * * *."
  }
}

variable "ticks" {
  description = "Lets Cloud Scheduler call the functions. False makes its jobs paused: right until the tables are migrated, the database's users have their grants and the index has its settings (README). It has no default, so that no apply starts or stops the syncs unasked."
  type        = bool
}

variable "time_zone" {
  description = "The IANA time zone that schedule is meant in."
  type        = string
  default     = "Etc/UTC"
}

# The index -----------------------------------------------------------------

variable "algolia_app_id" {
  description = "Algolia's application id. The keys are secrets and are put into Secret Manager by hand."
  type        = string

  validation {
    condition     = can(regex("^[A-Z0-9]{6,20}$", var.algolia_app_id))
    error_message = "algolia_app_id must be the application id, capitals and digits."
  }
}

variable "verify_index" {
  description = "Gives the verify function, the console and the operator job an Algolia key with the right to browse (secret PREFIX-algolia-browse-key), so that the index itself is compared and the console shows single records. False compares the ledger alone, and what others did to the index is not found."
  type        = bool
  default     = true
}

variable "console_settings" {
  description = "Gives the console an Algolia key with the rights settings, editSettings and addObject (secret PREFIX-algolia-settings-key), so that operators compare and push the settings of indexes there. False leaves that to returnsync settings."
  type        = bool
  default     = false
}

variable "entities_bucket" {
  description = "Bucket whose folders are definitions of further entities: gcloud storage cp -r entities/* gs://BUCKET. Every function that reads definitions, and the operator job, has it mounted read-only at /entities and notices changes within seconds. Null without one (README, \"A further entity\")."
  type        = string
  default     = null
}

variable "operations" {
  description = "How many operations of the index may be used in 24 hours (day) and in 30 days (month); 0 is no cap. Near a cap backfills wait and an alert is raised; no sync is left out."
  type = object({
    day   = optional(number, 0)
    month = optional(number, 0)
  })
  default = {}

  validation {
    condition     = var.operations.day >= 0 && var.operations.month >= 0
    error_message = "operations must not be negative; 0 is no cap."
  }
}

# Who may search ------------------------------------------------------------

variable "search_public" {
  description = "Lets anybody reach the search function (allUsers). It answers nobody without a valid token of an account all the same. False leaves it to search_invokers, who send Google's identity token as X-Serverless-Authorization."
  type        = bool
  default     = false
}

variable "search_invokers" {
  description = "Who may reach the search function besides, by a name of your choice: { portal = \"serviceAccount:portal@...\" }."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for m in values(var.search_invokers) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", m))])
    error_message = "search_invokers must be members such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com. allUsers has a variable of its own: search_public."
  }
}

variable "search_jwks_url" {
  description = "Where the public keys are that callers' tokens are signed with (RS256, ES256). Null: tokens are signed with the secret PREFIX-search-jwt-secret (HS256)."
  type        = string
  default     = null

  validation {
    condition     = var.search_jwks_url == null || can(regex("^https://", var.search_jwks_url))
    error_message = "search_jwks_url must be an https address."
  }
}

variable "search_jwt" {
  description = "What else a caller's token must say: the claim with the account, the issuer, the audience."
  type = object({
    claim    = optional(string, "account")
    issuer   = optional(string)
    audience = optional(string)
  })
  default = {}
}

variable "operator_jwt" {
  description = "What tokens of operators (scopes, console) must say: the audience, which no token to search with has, and the issuer. Their keys are those of search tokens unless jwks holds a JSON Web Key Set (public keys, from returnsync token keygen) or jwks_url says where one is."
  type = object({
    audience = optional(string, "return-sync-operators")
    issuer   = optional(string)
    jwks     = optional(string)
    jwks_url = optional(string)
  })
  default = {}

  validation {
    condition     = var.operator_jwt.jwks == null || var.operator_jwt.jwks_url == null
    error_message = "operator_jwt.jwks and operator_jwt.jwks_url are two key sets: set one of them."
  }
  validation {
    condition     = var.operator_jwt.jwks == null || (can(regex("\"keys\"", var.operator_jwt.jwks)) && !can(regex("\"(d|k)\"", var.operator_jwt.jwks)))
    error_message = "operator_jwt.jwks must be a JSON Web Key Set of public keys, as returnsync token keygen prints it."
  }
}

variable "search_origins" {
  description = "Sites whose pages may call the search function, such as https://portal.example."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for o in var.search_origins : can(regex("^https?://[^/,]+$", o))])
    error_message = "search_origins must be origins without a path, such as https://portal.example."
  }
}

variable "operators" {
  description = "Who may reach the functions for operators (scopes, console), by a name of your choice: { team = \"group:returns-ops@example.com\" }."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for m in values(var.operators) : can(regex("^(user|group|serviceAccount|principal|principalSet):", m))])
    error_message = "operators must be members such as group:NAME@DOMAIN; everybody is not one of them."
  }
}

# The network and the database ----------------------------------------------

variable "network" {
  description = "The network that the functions reach the database through. create makes one with a subnet (at least /26, as direct VPC egress wants); otherwise name both by id (projects/P/global/networks/N, projects/P/regions/R/subnetworks/S)."
  type = object({
    create     = optional(bool, true)
    cidr       = optional(string, "10.20.0.0/24")
    network    = optional(string)
    subnetwork = optional(string)
  })
  default = {}

  validation {
    condition     = var.network.create || (can(regex("^projects/[^/]+/global/networks/[^/]+$", var.network.network)) && can(regex("^projects/[^/]+/regions/[^/]+/subnetworks/[^/]+$", var.network.subnetwork)))
    error_message = "network.create = false needs network (projects/P/global/networks/N) and subnetwork (projects/P/regions/R/subnetworks/S)."
  }
  validation {
    condition     = can(cidrhost(var.network.cidr, 0)) && try(tonumber(split("/", var.network.cidr)[1]) <= 26, false)
    error_message = "network.cidr must be a range of at least 64 addresses such as 10.20.0.0/26."
  }
}

variable "database" {
  description = <<-E
    The MySQL database.
    create               makes a Cloud SQL instance; false takes an existing one
    instance             the existing one's PROJECT:REGION:INSTANCE; null for a server outside Cloud SQL, whose address is in the DSN
    name                 the database on it
    iam_auth             the functions log in as their service accounts; no DSN holds a password then
    state_apart          our own tables are on another server than the source's: there is a second secret, PREFIX-state-dsn
    max_connections      what the server takes in all; reserved_connections of them are left for administrators and others
    tier, edition, version, disk_gb, regional, backups, log_days, flags   of an instance that is created
  E
  type = object({
    create               = optional(bool, true)
    instance             = optional(string)
    name                 = optional(string, "return_sync")
    iam_auth             = optional(bool, false)
    state_apart          = optional(bool, false)
    max_connections      = optional(number, 250)
    reserved_connections = optional(number, 30)
    tier                 = optional(string, "db-custom-2-7680")
    edition              = optional(string, "ENTERPRISE")
    version              = optional(string, "MYSQL_8_4")
    disk_gb              = optional(number, 20)
    regional             = optional(bool, true)
    backups              = optional(number, 14)
    log_days             = optional(number, 7)
    flags                = optional(map(string), {})
  })
  default = {}

  validation {
    condition     = var.database.instance == null || can(regex("^[a-z][a-z0-9:.-]+:[a-z0-9-]+:[a-z][a-z0-9-]+$", var.database.instance))
    error_message = "database.instance must be PROJECT:REGION:INSTANCE, as gcloud sql instances describe shows under connectionName."
  }
  validation {
    condition     = !(var.database.create && var.database.instance != null)
    error_message = "database.create makes an instance and database.instance names an existing one: choose."
  }
  validation {
    condition     = !var.database.iam_auth || var.database.create || var.database.instance != null
    error_message = "database.iam_auth needs a Cloud SQL instance: set create, or instance."
  }
  validation {
    condition     = !(var.database.iam_auth && var.database.state_apart)
    error_message = "database.iam_auth serves one instance; with state_apart put both DSNs into secrets."
  }
  validation {
    condition     = can(regex("^MYSQL_(8_0|8_4|9_[0-9]+)", var.database.version)) && contains(["ENTERPRISE", "ENTERPRISE_PLUS"], var.database.edition)
    error_message = "database.version must be MYSQL_8_0, MYSQL_8_4 or later, edition ENTERPRISE or ENTERPRISE_PLUS."
  }
  validation {
    condition     = var.database.log_days >= 1 && var.database.log_days <= 35 && var.database.backups >= var.database.log_days
    error_message = "database.log_days must be from 1 to 35, and backups at least as many: a restore to a point in time begins at a backup."
  }
  validation {
    condition     = var.database.max_connections > var.database.reserved_connections && var.database.reserved_connections >= 5
    error_message = "database.reserved_connections must be at least 5 and below max_connections: an administrator has to get in when all is busy."
  }
}

variable "console_iap" {
  description = "Puts Identity-Aware Proxy before the console, so that operators open it in a browser and sign in with Google. Needs a project in an organisation, and IAP's account: gcloud beta services identity create --service=iap.googleapis.com. Those of operators who are users may change things; members of groups may look."
  type        = bool
  default     = false

  validation {
    condition     = !var.console_iap || length(var.operators) > 0
    error_message = "console_iap lets nobody in while operators is empty: name a member, such as { me = \"user:NAME@DOMAIN\" }."
  }
}

# Alerts --------------------------------------------------------------------

variable "notification_channels" {
  description = "Monitoring's notification channels by id (projects/P/notificationChannels/N: gcloud beta monitoring channels list). None: alerts open incidents and notify nobody."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for c in var.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[0-9]+$", c))])
    error_message = "notification_channels must be projects/P/notificationChannels/N."
  }
}

variable "uptime_check" {
  description = "Checks from outside whether search answers. Unless search is public, Monitoring's own account (service-NUMBER@gcp-sa-monitoring-notification) is let in for that, and has to exist: gcloud beta services identity create --service=monitoring.googleapis.com."
  type        = bool
  default     = true
}

variable "alert_webhooks" {
  description = "Channels that the watch function also sends alerts to: slack, teams, pagerduty, webhook. Each needs a value in its secret: PREFIX-slack-webhook, PREFIX-teams-webhook, PREFIX-pagerduty-key, PREFIX-alert-webhook."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for w in var.alert_webhooks : contains(["slack", "teams", "pagerduty", "webhook"], w)])
    error_message = "alert_webhooks knows slack, teams, pagerduty and webhook."
  }
}

variable "alert_email" {
  description = "E-mail that the watch function also sends alerts by: to, from, and server, a mail server with STARTTLS as HOST or HOST:PORT (587 otherwise; Google Cloud lets nobody out through port 25). A user logs in with the password in the secret PREFIX-smtp-password."
  type = object({
    to     = set(string)
    from   = string
    server = string
    user   = optional(string)
  })
  default = null

  validation {
    condition     = var.alert_email == null ? true : length(var.alert_email.to) > 0 && alltrue([for a in var.alert_email.to : can(regex("^[^@, ]+@[^@, ]+$", a))])
    error_message = "alert_email.to must be addresses of e-mail, one or more."
  }
}

variable "runbook_url" {
  description = "Where terraform/README.md is read: alerts link to its paragraphs."
  type        = string
  default     = "https://gitlab.com/eshopbox-team/return-sync/-/blob/main/terraform/README.md"

  validation {
    condition     = can(regex("^https://[^#]+$", var.runbook_url))
    error_message = "runbook_url must be an https address without a #."
  }
}

variable "thresholds" {
  description = "When counted things raise an alert: backlog (tasks waiting in a queue for half an hour), search_error_ratio (of answers that are 5xx, over 10 minutes), search_p95_ms (over 10 minutes)."
  type = object({
    backlog            = optional(number, 500)
    search_error_ratio = optional(number, 0.02)
    search_p95_ms      = optional(number, 1500)
  })
  default = {}

  validation {
    condition     = var.thresholds.backlog > 0 && var.thresholds.search_error_ratio > 0 && var.thresholds.search_error_ratio < 1 && var.thresholds.search_p95_ms > 0
    error_message = "thresholds must be positive, search_error_ratio below 1."
  }
}

# Delivery ------------------------------------------------------------------

variable "delivery" {
  description = "Cloud Build's part. accounts makes its two service accounts; state_bucket is where Terraform's state and the environment's tfvars are; repository (projects/P/locations/R/connections/C/repositories/N) makes the triggers as well."
  type = object({
    accounts     = optional(bool, false)
    state_bucket = optional(string)
    repository   = optional(string)
    branch       = optional(string, "^main$")
  })
  default = {}

  validation {
    condition     = !var.delivery.accounts || var.delivery.state_bucket != null
    error_message = "delivery.accounts needs state_bucket: the accounts are given that bucket and no other."
  }
  validation {
    condition     = var.delivery.repository == null || (var.delivery.accounts && can(regex("^projects/[^/]+/locations/[^/]+/connections/[^/]+/repositories/[^/]+$", var.delivery.repository)))
    error_message = "delivery.repository must be projects/P/locations/R/connections/C/repositories/N, and needs accounts = true."
  }
}

variable "labels" {
  description = "Further labels on everything."
  type        = map(string)
  default     = {}
}
