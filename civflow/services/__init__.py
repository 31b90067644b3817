"""What people and the clock do. Services take a session, never commit, and never see a request."""
