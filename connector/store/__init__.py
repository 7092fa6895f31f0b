"""One database through SQLAlchemy Core, so that one commit covers what belongs together."""
