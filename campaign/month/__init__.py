"""A simulated month of a practice: every clock, rung, tag and page against a second computation.

`python -m campaign.month` lets people complain and agents work for a month of accelerated time,
with the helpdesk away from a Friday evening to a Monday, and holds the case records and the
helpdesk's own against `book`, which was written from docs/recovery.md and shares no code with
`connector.recovery`.
"""
