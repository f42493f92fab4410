# Following the source's binlog: one instance that always runs, and works without requests.
# It needs a source with a row binlog and an account with REPLICATION SLAVE and REPLICATION
# CLIENT: see README.md, The database's users.
locals {
  wing_follow = {
    sizes = {
      follow = { target = "FollowChanges", instances = 1, min_instances = 1, concurrency = 10, cpu = "1", memory = "512Mi", timeout = 60, pools = 4, connections = 4 }
    }
    queues  = {}
    jobs    = {}
    secrets = {}
  }
}
