"""The safety layer: does a passage tell of something grave, and of what."""
