"""The comment model: how likely a comment tells of a failure, and by which words.

A linear model over words, scored in plain Python from one small text file (`comments.model`,
described in docs/model-card.md). `tools/train_comments.py` makes the file.
"""
