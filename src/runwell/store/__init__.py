"""Where events are kept: the ledger, the columns made of it, and the projector between them."""
