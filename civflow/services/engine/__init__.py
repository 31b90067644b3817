"""The one gate for every change of state, the record of it, and what follows."""
