"""The mathematics, pure: arrays and plain values in and out."""
