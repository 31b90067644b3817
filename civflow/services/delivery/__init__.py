"""Delivery: places in work stages, sprints and deliverables."""
