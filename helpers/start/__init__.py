"""Is this machine ready? Open the lab."""
