"""Whether civflow runs as it should on this machine."""
