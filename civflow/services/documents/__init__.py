"""Documents: asked for, printed, kept and handed out."""
