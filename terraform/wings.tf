# The wings beside sync: reports, transfer, exchange, and follow, which is a part of sync
# that an installation chooses in the same way. A wing's file wing_NAME.tf keeps its
# part of these lists in a local of its own name, and one line of wing_parts joins the
# part. A wing that var.wings does not name has no function, queue, job or secret here.

locals {
  wing_parts = {
    exchange = local.wing_exchange
    follow   = local.wing_follow
    reports  = local.wing_reports
    transfer = local.wing_transfer
  }

  wings_used   = { for name, part in local.wing_parts : name => part if contains(var.wings, name) }
  wing_sizes   = merge([for part in values(local.wings_used) : part.sizes]...)
  wing_queues  = merge([for part in values(local.wings_used) : part.queues]...)
  wing_jobs    = merge([for part in values(local.wings_used) : part.jobs]...)
  wing_secrets = merge([for part in values(local.wings_used) : part.secrets]...)
  # The accounts of the wings' functions, which deliveries act as.
  wing_accounts = merge(local.accounts_exchange, local.accounts_follow, local.accounts_reports, local.accounts_transfer)
  env_wings     = length(var.wings) == 0 ? {} : { WINGS = join(",", var.wings) }
}

variable "wings" {
  description = "The wings beside sync that this installation uses, such as [\"reports\"]. Their tables exist in any case."
  type        = list(string)
  default     = []

  validation {
    condition     = length(toset(var.wings)) == length(var.wings)
    error_message = "wings names a wing once."
  }
}
