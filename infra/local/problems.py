"""What can go wrong at start that the person at the terminal can put right."""


class Problem(Exception):
    """Its text is one sentence that says what is wrong and what to do; no traceback is shown."""
