"""One file (or folder) for each place where patients are heard; reached by entry point only."""
