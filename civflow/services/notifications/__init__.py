"""What people are told of, who is told, and how it leaves."""
