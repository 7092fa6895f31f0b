"""Telling people outside the helpdesk: by mail or webhook, without a word about the patient."""
