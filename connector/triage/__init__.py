"""Is it a failure, how grave, and why: pure rules over one signal."""
