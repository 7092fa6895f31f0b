"""One file (or folder) for each product in which support teams work; reached by entry point."""
