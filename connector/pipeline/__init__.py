"""The stages, each of which picks up where the last one stopped: intake, casework, delivery."""
