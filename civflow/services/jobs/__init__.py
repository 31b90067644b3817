"""Work for later: asked for in the caller's transaction, and the database that holds it."""
