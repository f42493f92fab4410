# Names and addresses that several files use.

locals {
  labels   = merge({ app = "return-sync", environment = var.environment }, var.labels)
  deployed = var.image != null
  location = "projects/${var.project}/locations/${var.region}"

  # Queues and scheduler jobs have no name of the product in theirs. The default
  # installation keeps these short names; any other one puts its prefix before them.
  default_prefix = "return-sync"
  installation   = var.prefix == local.default_prefix ? "" : "${var.prefix}-"
  service_names  = { for name in keys(local.sizes) : name => "${var.prefix}-${name}" }
  queue_names    = { for name in keys(local.queues) : name => "${local.installation}${name}" }
  job_names      = { for name in keys(local.jobs) : name => "${local.installation}${name}" }
  # The product's name in titles of alerts and of the dashboard.
  title = var.prefix == local.default_prefix ? "Return-sync" : "Return-sync ${var.prefix}"

  # Cloud Run gives every service an address that its name, the project's number
  # and the region decide, so a function's settings can name an address before
  # the service exists.
  urls = { for name in keys(local.sizes) : name => "https://${var.prefix}-${name}-${var.project_number}.${var.region}.run.app" }

  # The settings of every function. Cloud Run sets PORT itself.
  env_all = merge({
    LOG_LEVEL            = var.log_level
    GOOGLE_CLOUD_PROJECT = var.project
  }, local.env_wings, lookup(var.settings, "all", {}))

  # The settings that all functions with runs share: one lease, one number of
  # attempts, one budget.
  env_flow = merge(local.env_budget, {
    RUN_LEASE     = "${local.run_lease}s"
    PAGE_LEASE    = "${local.page_lease}s"
    PAGE_ATTEMPTS = tostring(local.page_attempts)
  })
  env_budget = {
    OPERATIONS_DAY   = tostring(var.operations.day)
    OPERATIONS_MONTH = tostring(var.operations.month)
  }

  # What keeps several installations of a project apart where names meet.
  env_installation = local.installation == "" ? {} : { INSTALLATION_PREFIX = local.installation }

  # Further settings of functions that start syncs.
  env_tasks = merge(
    local.env_installation,
    {
      TASKS_LOCATION        = local.location
      TASKS_SERVICE_ACCOUNT = google_service_account.tasks.email
      TASKS_DEADLINE        = "${local.tasks_deadline}s"
      WINDOW_URL            = local.urls.window
    },
  )

  # The signer of the tokens that search and the operators' functions accept.
  env_tokens = merge(
    { SEARCH_JWT_CLAIM = var.search_jwt.claim },
    var.search_jwks_url == null ? {} : { SEARCH_JWKS_URL = var.search_jwks_url },
    var.search_jwt.issuer == null ? {} : { SEARCH_JWT_ISSUER = var.search_jwt.issuer },
    var.search_jwt.audience == null ? {} : { SEARCH_JWT_AUDIENCE = var.search_jwt.audience },
  )
  secrets_tokens = var.search_jwks_url == null ? { SEARCH_JWT_SECRET = "search-jwt-secret" } : {}

  # Operators' tokens have an audience of their own, and keys of their own if operator_jwt
  # names some; the operators' functions need no other key then.
  env_operators = merge(
    { OPERATOR_JWT_AUDIENCE = var.operator_jwt.audience },
    var.operator_jwt.issuer == null ? {} : { OPERATOR_JWT_ISSUER = var.operator_jwt.issuer },
    var.operator_jwt.jwks == null ? {} : { OPERATOR_JWKS = var.operator_jwt.jwks },
    var.operator_jwt.jwks_url == null ? {} : { OPERATOR_JWKS_URL = var.operator_jwt.jwks_url },
  )
  secrets_operators = var.operator_jwt.jwks == null && var.operator_jwt.jwks_url == null ? local.secrets_tokens : {}
}
