"""Applications: begun, written, submitted, and sealed until their deadline."""
