"""Numbers, feeds and calendars for everybody."""
