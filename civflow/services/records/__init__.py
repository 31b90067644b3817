"""What is true of any record: its title, what is shown of it, and what happened to it."""
