"""What people see: thin views that load and check, call a service, commit and answer."""
