"""Pages about people: accounts, roles, and signing in."""
