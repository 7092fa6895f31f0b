"""Numbered steps that bring a database to the present schema; never edited once released."""
