"""What is owed, by when, and in which words: pure, decided before anything is done."""
