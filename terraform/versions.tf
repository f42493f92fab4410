# Which tools read this folder, and where its state is kept.
terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "= 7.45.0"
    }
  }

  # The bucket is named at init, so that one folder serves every environment. A second
  # installation in the same bucket needs a prefix of its own as well:
  #   terraform init -backend-config=bucket=NAME -backend-config=prefix=PREFIX
  backend "gcs" {
    prefix = "return-sync"
  }
}

provider "google" {
  project        = var.project
  region         = var.region
  default_labels = local.labels
}
