# The transfer wing: single records between two systems. The API answers both systems; the
# worker's function is called by the queue and every minute, and one call of all holds the
# lease.
locals {
  wing_transfer = {
    sizes = {
      transfers = { target = "Transfers", instances = 2, min_instances = 0, concurrency = 40, cpu = "1", memory = "512Mi", timeout = 600, pools = 1, connections = 8 }
      # A second instance answers that the first one works, or takes over from it.
      transfer = { target = "WorkTransfers", instances = 2, min_instances = 0, concurrency = 4, cpu = "1", memory = "512Mi", timeout = 600, pools = 1, connections = 12 }
    }
    queues = {
      # One task a second at most, for jobs that came or are due.
      transfer = { concurrent = 2, per_second = 2 }
    }
    jobs = {
      # Finds what no task announced: jobs of a worker that died, the end of a lock.
      returnsTransfer = { function = "transfer", path = "/", schedule = "* * * * *", account = google_service_account.housekeeper.email }
    }
    secrets = {
      transfer-token = "What both systems send to the API of transfers (Authorization: Bearer), 32 characters or more"
    }
  }

  # Who wakes the worker: the API, schedules, members of scopes, people, and the worker for
  # what it leaves.
  env_wakes    = contains(var.wings, "transfer") ? { TRANSFER_URL = local.urls.transfer } : {}
  env_transfer = merge(local.env_wakes, { for name, value in local.env_tasks : name => value if name != "WINDOW_URL" }, { TRANSFER_SIDES = try(var.transfer.sides, "") })
  enqueuers_transfer = !contains(var.wings, "transfer") ? {} : {
    console-transfer   = { queue = "transfer", member = module.console.member }
    operator-transfer  = { queue = "transfer", member = local.operator_member }
    schedules-transfer = { queue = "transfer", member = module.schedules.member }
    scopes-transfer    = { queue = "transfer", member = module.scopes.member }
    transfer-transfer  = { queue = "transfer", member = one(module.transfer[*].member) }
    transfers-transfer = { queue = "transfer", member = one(module.transfers[*].member) }
  }
  creators_transfer = !contains(var.wings, "transfer") ? {} : {
    transfer  = one(module.transfer[*].member)
    transfers = one(module.transfers[*].member)
  }
}

variable "transfer" {
  description = "What stands on both sides of transfers, if wings names transfer. sides = \"rehearsal\" keeps both in tables of our own database, for which the functions' user needs the right to create tables. What settings.transfer changes of threads, runs and flows belongs into settings.transfers as well."
  type = object({
    sides = string
  })
  default = null

  validation {
    condition     = var.transfer == null ? true : contains(["rehearsal"], var.transfer.sides)
    error_message = "transfer wants sides = \"rehearsal\"."
  }
}
