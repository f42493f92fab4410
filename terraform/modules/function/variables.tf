variable "name" {
  description = "The function's folder: cron, window, process ... Services and accounts are named after it."
  type        = string
}

variable "prefix" {
  description = "The prefix of all names."
  type        = string
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "region" {
  description = "Where the service runs."
  type        = string
}

variable "url" {
  description = "The address that Cloud Run gives the service; callers' tokens are made out to it."
  type        = string
}

variable "image" {
  description = "The server's image by digest; null makes the account and its rights, and no service."
  type        = string
}

variable "scale" {
  description = "The function's entry point and size (scaling.tf)."
  type = object({
    target        = string
    instances     = number
    min_instances = number
    concurrency   = number
    cpu           = string
    memory        = string
    timeout       = number
  })

  validation {
    condition     = can(regex("^[0-9]+(Mi|M|Gi|G)$", var.scale.memory))
    error_message = "memory must be a whole number with Mi, M, Gi or G behind it, such as 512Mi."
  }
}

variable "ingress" {
  description = "Where calls may come from. Internal is right for everything that Cloud Tasks and Cloud Scheduler of the same project call."
  type        = string
  default     = "INGRESS_TRAFFIC_INTERNAL_ONLY"

  validation {
    condition     = contains(["INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"], var.ingress)
    error_message = "ingress must be INGRESS_TRAFFIC_ALL, INGRESS_TRAFFIC_INTERNAL_ONLY or INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER."
  }
}

variable "network" {
  description = "The network and subnet that the function reaches private addresses through."
  type        = string
}

variable "subnetwork" {
  description = "The subnet in network."
  type        = string
}

variable "env" {
  description = "Names and values of the function's environment."
  type        = map(string)
}

variable "secrets" {
  description = "Names of the environment and the secrets that their values come from."
  type        = map(string)
  default     = {}
}

variable "sql_roles" {
  description = "Settings with which the function connects to Cloud SQL; none without Cloud SQL."
  type        = set(string)
  default     = []
}

variable "invokers" {
  description = "Who may call the service, by a name of the caller."
  type        = map(string)
}

variable "iap" {
  description = "Puts Identity-Aware Proxy before the service."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Keeps Terraform from deleting the service."
  type        = bool
}

variable "entities_bucket" {
  description = "Bucket with the definitions of further entities, mounted at /entities; null without one."
  type        = string
  default     = null
}

variable "always" {
  description = "The function works between requests, so its processor is paid for all the time."
  type        = bool
  default     = false
}
