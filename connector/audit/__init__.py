"""For auditors: is the record whole, and what does it say about one case.

`verify` and `checkpoint` answer the first question, `record`, `timeline` and
`export` the second; `redact` withholds words where only facts are needed.
"""
