"""What happens later: durable jobs. This room knows handlers by name only."""
