"""Exports of survey tools: every response in every settled file is one signal.

`settings` what an admin says; `folder` which files are there and at rest; `progress` what the
cursor remembers; `rows` one file to items; `identity` keys of responses; `source` all together.
"""

from connector.sources.survey_file.source import SurveyFile, SurveyFileSettings

__all__ = ["SurveyFile", "SurveyFileSettings"]
