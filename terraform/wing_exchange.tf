# The exchange wing: slices of data between two companies' servers. A session over a
# websocket is one request for as long as it lasts, so the function has Cloud Run's
# longest time.
locals {
  wing_exchange = {
    sizes = {
      exchange = { target = "Exchange", instances = 2, min_instances = 0, concurrency = 40, cpu = "1", memory = "512Mi", timeout = 3600, pools = 1, connections = 8 }
      # Cloud Tasks waits half an hour at most; the next attempt continues where one ended.
      partners = { target = "SyncPartners", instances = 2, min_instances = 0, concurrency = 2, cpu = "1", memory = "512Mi", timeout = 1800, pools = 1, connections = 8 }
    }
    queues = {
      # One task a start of a sync by a schedule, a scope or a person.
      exchange = { concurrent = 2, per_second = 1 }
    }
    jobs = {}
    secrets = {
      exchange-jwt-secret = "What the exchange function's tokens are signed with (HS256), 32 bytes or more"
      exchange-key-secret = "What seals the partners' keys in exchange_company, 32 bytes or more"
    }
  }

  # Console and watch judge partners by the role; console, schedules and scopes start syncs,
  # which the partners function carries out.
  env_exchange = contains(var.wings, "exchange") ? { EXCHANGE_ROLE = try(var.exchange.role, "") } : {}
  env_starts   = contains(var.wings, "exchange") ? merge(local.env_exchange, { EXCHANGE_SYNC_URL = local.urls.partners }) : {}
  enqueuers_exchange = !contains(var.wings, "exchange") ? {} : {
    console-exchange   = { queue = "exchange", member = module.console.member }
    operator-exchange  = { queue = "exchange", member = local.operator_member }
    schedules-exchange = { queue = "exchange", member = module.schedules.member }
    scopes-exchange    = { queue = "exchange", member = module.scopes.member }
  }
  secrets_exchange = {
    EXCHANGE_JWT_SECRET = "exchange-jwt-secret"
    EXCHANGE_KEY_SECRET = "exchange-key-secret"
  }
}

variable "exchange" {
  description = "What this server is to its partners, if wings names exchange: role is primary (publishes slices) or secondary (copies them), company the UUID of the company that owns the server, as its partners know it."
  type = object({
    role    = string
    company = string
  })
  default = null

  validation {
    condition     = var.exchange == null ? true : contains(["primary", "secondary"], var.exchange.role) && can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.exchange.company))
    error_message = "exchange wants role primary or secondary, and company as a UUID in small letters."
  }
}
