"""What `amends demo` starts beside the daemon: real servers on this machine, with made-up data."""
