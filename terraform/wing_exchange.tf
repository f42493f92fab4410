# The exchange wing: slices of data between two companies' servers. A session over a
# websocket is one request for as long as it lasts, so the function has Cloud Run's
# longest time.
locals {
  wing_exchange = {
    sizes = {
      exchange = { target = "Exchange", instances = 2, min_instances = 0, concurrency = 40, cpu = "1", memory = "512Mi", timeout = 3600, pools = 1, connections = 8 }
    }
    queues = {}
    jobs   = {}
    secrets = {
      exchange-jwt-secret = "What the exchange function's tokens are signed with (HS256), 32 bytes or more"
      exchange-key-secret = "What seals the partners' keys in exchange_company, 32 bytes or more"
    }
  }
}
