"""The tests: a rule without a database, a service with a session, a page with a client, a journey in a browser."""
