"""What `runwell load` is made of: sources of events, the sender, and where a load goes on."""
