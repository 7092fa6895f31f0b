"""Exports of survey tools: every response in every settled file is heard once."""

from connector.sources.survey_file.source import SurveyFile, SurveyFileSettings

__all__ = ["SurveyFile", "SurveyFileSettings"]
