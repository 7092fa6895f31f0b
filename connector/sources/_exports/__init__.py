"""Exports in files and folders, for sources of surveys and of reviews; no plugin itself.

`settings` what an admin says; `folder` which files are there and at rest; `progress` what the
cursor remembers; `rows` one file to rows; `identity` keys of responses; `source` all together.
"""
